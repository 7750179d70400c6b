package fundwatch

// SubjectKind says what a finding, a tag or a case is about (对象类型).
type SubjectKind string

// The kinds of subject.
const (
	SubjectPerson   SubjectKind = "person"
	SubjectUnit     SubjectKind = "unit"
	SubjectAccount  SubjectKind = "account"
	SubjectAgency   SubjectKind = "agency"
	SubjectOperator SubjectKind = "operator"
	SubjectRegion   SubjectKind = "region"
)

// Subject names one person, unit, account or office by its internal number, never by an identity number.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	ID   string      `json:"id"`
}

// String writes kind:id.
func (s Subject) String() string { return string(s.Kind) + ":" + s.ID }
