package patrol

import (
	"embed"
	"io/fs"

	"fundwatch"
)

//go:embed rulebook/*.yaml
var rulebookFiles embed.FS

// Builtin is the rulebook that comes with the program.
func Builtin() fs.FS {
	sub, err := fs.Sub(rulebookFiles, "rulebook")
	if err != nil {
		panic(err) // the folder is embedded three lines above
	}
	return sub
}

// Status is where a rule stands in its life (规则状态).
type Status string

// The states of a rule. Only live rules run.
const (
	Draft     Status = "draft"
	Live      Status = "live"
	Suspended Status = "suspended"
	Retired   Status = "retired"
)

// Title is the Chinese word for the state.
func (s Status) Title() string {
	switch s {
	case Live:
		return "启用"
	case Suspended:
		return "停用"
	case Retired:
		return "已废止"
	default:
		return "草稿"
	}
}

// Reach says what a delta round judges anew (重算范围).
type Reach string

// The reaches. A rule that compares a subject with others cannot be judged for the touched subjects alone.
const (
	ReachTouched Reach = ""      // the touched units, each over its full history
	ReachUnit    Reach = "unit"  // likewise, but the unit is named by a column of its own
	ReachWhole   Reach = "whole" // everything, whenever an input changed
)

// Rule is one rule of the rulebook. It is data: nothing here is computed per round.
type Rule struct {
	ID             string                `yaml:"id"`
	Version        int64                 `yaml:"version"`
	Status         Status                `yaml:"status"`
	Title          string                `yaml:"title"`
	Line           fundwatch.Insurance   `yaml:"line"` // empty: the rule spans lines
	Category       string                `yaml:"category"`
	Severity       string                `yaml:"severity"` // 高, 中, 低
	Control        string                `yaml:"control"`  // 事前, 事中, 事后
	Action         string                `yaml:"action"`   // 阻断, 预警, 提示
	LegalBasis     []string              `yaml:"legal_basis"`
	Verified       bool                  `yaml:"verified"` // the cited article was read
	Origin         string                `yaml:"origin"`
	Source         string                `yaml:"source"`
	Reading        string                `yaml:"reading"` // what it looks for, in plain Chinese
	Subject        fundwatch.SubjectKind `yaml:"subject"`
	Unit           string                `yaml:"unit"` // column by which it is judged anew; default: the subject's key
	Reach          Reach                 `yaml:"scope"`
	Identity       []string              `yaml:"identity"` // columns of match that make two findings the same
	Inputs         []Input               `yaml:"inputs"`
	Params         map[string]Param      `yaml:"params"`
	Candidates     string                `yaml:"candidates"` // SELECT AAC001: who may be found, from the masks
	Match          string                `yaml:"match"`      // SELECT: one row, one finding
	Facts          map[string]Fact       `yaml:"facts"`
	Evidence       []EvidenceSource      `yaml:"evidence"`
	Explain        string                `yaml:"explain"`
	Guide          string                `yaml:"guide"`
	Disposal       string                `yaml:"disposal"`
	FalsePositives []string              `yaml:"false_positives"`
	Limits         Limits                `yaml:"limits"`

	Hash       string     `yaml:"-"` // of the file's content
	ParamOrder []string   `yaml:"-"` // parameter names as they stand in the file
	FactOrder  []string   `yaml:"-"`
	Cases      []TestCase `yaml:"-"`

	file string
	line map[string]int // where a key stands
}

// Input is a table whose changes can change what the rule finds.
type Input struct {
	Table  string   `yaml:"table"`
	Key    string   `yaml:"key"`   // column that names the unit
	Holds  string   `yaml:"holds"` // the unit's column, where Key holds it under another name
	Via    string   `yaml:"via"`   // table that translates Key into the unit, by a column of the same name
	Fields []string `yaml:"fields"`
}

// Param is a parameter of a rule (规则参数).
type Param struct {
	Title   string  `yaml:"title" json:"title"`
	Type    string  `yaml:"type" json:"type"` // int, money, ratio
	Default float64 `yaml:"default" json:"default"`
	Min     float64 `yaml:"min" json:"min"`
	Max     float64 `yaml:"max" json:"max"`
	Unit    string  `yaml:"unit" json:"unit"`
}

// Fact is a named value of a finding besides the fixed ones.
type Fact struct {
	Title    string `yaml:"title" json:"title"`
	Type     string `yaml:"type" json:"type"`         // key, text, date, month, money, int, ratio
	Personal bool   `yaml:"personal" json:"personal"` // shown only coarsely
	Moving   bool   `yaml:"moving" json:"moving"`     // moves with other people's data: no change of the finding
}

// EvidenceSource says which rows of a table prove a finding.
type EvidenceSource struct {
	Table string `yaml:"table"`
	Where string `yaml:"where"`
	Order string `yaml:"order"`
}

// Limits keep a faulty rule from flooding the desks.
type Limits struct {
	MaxFindings int `yaml:"max_findings"`
}

// Where names the place of a key in the rule's file, for errors.
func (r *Rule) where(key string) string { return place(r.file, r.line[key]) }

// unitColumn is the column by which the rule's inputs name what is judged anew.
func (r *Rule) unitColumn() string {
	switch {
	case r.Unit != "":
		return r.Unit
	case r.Subject == fundwatch.SubjectAccount:
		return "account_key"
	case r.Subject == fundwatch.SubjectUnit:
		return "AAB001"
	default:
		return "AAC001"
	}
}
