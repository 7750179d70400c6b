package fundwatch

// Insurance is an insurance line (险种) by its national code AAE140.
type Insurance string

// The lines that the workbench supervises. OccupationalAnnuity has no national code that could be verified;
// 130 is our own.
const (
	EnterprisePension   Insurance = "110"
	GovernmentPension   Insurance = "120"
	OccupationalAnnuity Insurance = "130"
	ResidentPension     Insurance = "170"
	Unemployment        Insurance = "210"
	WorkInjury          Insurance = "410"
)

// Insurances lists the five lines in the order in which officials name them.
func Insurances() []Insurance {
	return []Insurance{EnterprisePension, GovernmentPension, ResidentPension, Unemployment, WorkInjury}
}

// Title is the short Chinese name of the line; an unknown code is returned as it is.
func (i Insurance) Title() string {
	switch i {
	case EnterprisePension:
		return "企业职工养老"
	case GovernmentPension:
		return "机关事业养老"
	case OccupationalAnnuity:
		return "职业年金"
	case ResidentPension:
		return "城乡居民养老"
	case Unemployment:
		return "失业保险"
	case WorkInjury:
		return "工伤保险"
	default:
		return string(i)
	}
}
