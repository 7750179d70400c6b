package core

import (
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"fundwatch"
)

// DirectiveKind says what the workbench asks of the core.
type DirectiveKind string

// The directives.
const (
	Dispatch DirectiveKind = "dispatch" // an agency verifies a suspicion (预警派发)
	Suspend  DirectiveKind = "suspend"  // stop paying a benefit (业务阻断)
	Resume   DirectiveKind = "resume"   // pay again
	Correct  DirectiveKind = "correct"  // put a record right (数据更正)
)

// The keys of Directive.Items that the contract gives a meaning. Others travel along as they are.
const (
	ItemRule   = "rule"   // the rule that raised the suspicion, such as QY-047
	ItemMonths = "months" // the months in question, yyyymm separated by commas
	ItemRows   = "rows"   // evidence: TABLE:_rid separated by commas
	ItemTable  = "table"  // Correct: the table of the row to put right
	ItemRow    = "row"    // and its _rid; without them, what was paid for Line and ItemMonths is deducted (扣回)
)

// Directive is an order from the workbench to the core. ID is chosen by the sender and makes it idempotent: the
// same ID with the same content is answered alike, with other content it is a Conflict.
type Directive struct {
	ID       string            `json:"id"`
	Kind     DirectiveKind     `json:"kind"`
	Subject  fundwatch.Subject `json:"subject"`
	Region   fundwatch.Region  `json:"region"`
	Line     string            `json:"line,omitempty"`
	Reason   string            `json:"reason"`
	Amount   fundwatch.Fen     `json:"amount"`
	Deadline time.Time         `json:"deadline,omitzero"`
	Items    map[string]string `json:"items,omitempty"` // facts the agency needs: rule, months, evidence row ids
}

// DirectiveState is how far the core has come with a directive.
type DirectiveState string

// The states of a directive. Answered and Refused are final.
const (
	Received   DirectiveState = "received"
	InProgress DirectiveState = "in_progress"
	Answered   DirectiveState = "answered"
	Refused    DirectiveState = "refused"
)

// Final reports whether nothing follows the state.
func (s DirectiveState) Final() bool { return s == Answered || s == Refused }

// Answer is what an agency found (预警核查). The fields are those the requirement names.
type Answer struct {
	Problem   bool          `json:"problem"`   // 是否存在问题
	Category  string        `json:"category"`  // 问题分类
	Rectified bool          `json:"rectified"` // 是否整改
	Amount    fundwatch.Fen `json:"amount"`    // 涉及金额
	Recovered fundwatch.Fen `json:"recovered"` // 追回金额
	Note      string        `json:"note"`      // 核查说明
	Evidence  []string      `json:"evidence"`  // 佐证材料: names of files
	Clerk     string        `json:"clerk"`     // 核查人
	At        time.Time     `json:"at"`
}

// DirectiveStatus is a directive with its progress. Seq grows with every change of any directive, so that a
// reader can ask for what is new.
type DirectiveStatus struct {
	Seq       int64          `json:"seq"`
	Directive Directive      `json:"directive"`
	State     DirectiveState `json:"state"`
	Message   string         `json:"message,omitempty"`
	Answer    *Answer        `json:"answer,omitempty"`
	At        time.Time      `json:"at"`
}

// DirectiveList is a page of directive states, oldest first.
type DirectiveList struct {
	Directives []DirectiveStatus `json:"directives"`
}

// MaxDirectives is the longest page of directive states.
const MaxDirectives = 1000

// The bounds of a directive's parts.
const (
	maxDirectiveID = 100
	maxReason      = 2000 // runes
	maxItems       = 50
	maxItem        = 10000 // bytes of one item's value: a few hundred evidence rows
)

// Validate checks the directive against the contract; sender and core apply the same test.
func (d Directive) Validate() error {
	switch {
	case !validID(d.ID):
		return fundwatch.FieldErrorf("id", "指令编号须为1至%d位字母、数字或 - _ . :", maxDirectiveID)
	case d.Kind != Dispatch && d.Kind != Suspend && d.Kind != Resume && d.Kind != Correct:
		return fundwatch.FieldErrorf("kind", "指令种类“%s”不存在，应为 dispatch、suspend、resume、correct 之一", clip(string(d.Kind), 20))
	case d.Subject.Kind == "" || d.Subject.ID == "" || len(d.Subject.ID) > maxDirectiveID:
		return fundwatch.FieldErrorf("subject", "指令须写明对象的种类和编号")
	case d.Region.Level() == fundwatch.LevelNone || strings.Trim(string(d.Region), "0123456789") != "":
		return fundwatch.FieldErrorf("region", "行政区划代码须为6位数字")
	case d.Line != "" && fundwatch.Insurance(d.Line).Title() == d.Line:
		return fundwatch.FieldErrorf("line", "险种代码“%s”不存在", clip(d.Line, 20))
	case strings.TrimSpace(d.Reason) == "" || utf8.RuneCountInString(d.Reason) > maxReason:
		return fundwatch.FieldErrorf("reason", "事由须填写，且不超过%d字", maxReason)
	case d.Amount < 0:
		return fundwatch.FieldErrorf("amount", "涉及金额不能为负数")
	case len(d.Items) > maxItems:
		return fundwatch.FieldErrorf("items", "附带事项不超过%d项", maxItems)
	}
	for key, value := range d.Items {
		if key == "" || len(key) > maxDirectiveID || len(value) > maxItem {
			return fundwatch.FieldErrorf("items", "附带事项“%s”的名称或内容过长", clip(key, 20))
		}
	}
	return d.validateKind()
}

// validateKind checks what only some kinds ask for.
func (d Directive) validateKind() error {
	switch d.Kind {
	case Suspend, Resume:
		if d.Subject.Kind != fundwatch.SubjectPerson {
			return fundwatch.FieldErrorf("subject", "暂停或恢复发放的对象须为个人")
		}
		if d.Line == "" {
			return fundwatch.FieldErrorf("line", "暂停或恢复发放须写明险种")
		}
	case Correct:
		row, money := d.Items[ItemTable] != "" && d.Items[ItemRow] != "", d.Line != "" && d.Items[ItemMonths] != ""
		if !row && !money {
			return fundwatch.FieldErrorf("items", "数据更正须写明数据表（table）和记录标识（row），或险种和需扣回待遇的所属期（months）")
		}
	case Dispatch:
	}
	return nil
}

// Same reports whether two directives say the same; a repeated order must.
func (d Directive) Same(other Directive) bool {
	return d.ID == other.ID && d.Kind == other.Kind && d.Subject == other.Subject && d.Region == other.Region &&
		d.Line == other.Line && d.Reason == other.Reason && d.Amount == other.Amount &&
		d.Deadline.Equal(other.Deadline) && maps.Equal(d.Items, other.Items)
}

func validID(id string) bool {
	if id == "" || len(id) > maxDirectiveID || id == "." || id == ".." {
		return false // a dot segment would be cleaned out of the path
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	})
}

// clip shortens text from outside before it goes into a sentence and drops what would break the line.
func clip(s string, runes int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > runes {
		return string([]rune(s)[:runes]) + "…"
	}
	return s
}
