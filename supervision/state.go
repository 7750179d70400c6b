package supervision

import (
	"slices"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/patrol"
)

// State is where an alert stands (预警状态).
type State string

// The states of an alert.
const (
	Raised     State = "new"
	Accepted   State = "accepted"
	Dispatched State = "dispatched"
	Verifying  State = "verifying"
	Answered   State = "answered"
	Confirmed  State = "confirmed"
	Rectifying State = "rectifying"
	Closed     State = "closed"
	Dismissed  State = "dismissed"
	Cleared    State = "cleared"
)

// Named is a code with its Chinese words.
type Named struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// States lists the states with their titles in the order of an alert's life.
func States() []Named {
	return []Named{
		{string(Raised), "新生成"}, {string(Accepted), "待审核"}, {string(Dispatched), "已派发"}, {string(Verifying), "核查中"},
		{string(Answered), "待监管审核"}, {string(Confirmed), "已确认问题"}, {string(Rectifying), "整改中"}, {string(Closed), "已销号"},
		{string(Dismissed), "已排除"}, {string(Cleared), "已消除（自动）"},
	}
}

// Title is the Chinese word for the state.
func (s State) Title() string { return titleOf(States(), string(s)) }

// Open reports whether somebody still has to act.
func (s State) Open() bool {
	return !slices.Contains([]State{Closed, Dismissed, Cleared}, s)
}

// Severity is how urgent an alert is (预警等级).
type Severity string

// The severities, by the colour officials use.
const (
	Red    Severity = "red"
	Orange Severity = "orange"
	Yellow Severity = "yellow"
	Blue   Severity = "blue"
)

// Severities lists the severities, most urgent first.
func Severities() []Named {
	return []Named{{string(Red), "红色"}, {string(Orange), "橙色"}, {string(Yellow), "黄色"}, {string(Blue), "蓝色"}}
}

// Title is the Chinese word for the severity.
func (s Severity) Title() string { return titleOf(Severities(), string(s)) }

// rank is 0 for the most urgent.
func (s Severity) rank() int {
	return slices.IndexFunc(Severities(), func(n Named) bool { return n.ID == string(s) })
}

// workdays is the default time for verification in working days.
func (s Severity) workdays() int {
	switch s {
	case Red, Orange:
		return 10
	case Yellow:
		return 20
	default:
		return 30
	}
}

// muchMoney raises the severity by one step.
const muchMoney = fundwatch.Fen(50_000_00)

// severityOf weighs the rule's severity (高, 中, 低) and the money.
func severityOf(r *patrol.Rule, amount fundwatch.Fen) Severity {
	much := amount >= muchMoney
	switch {
	case r.Severity == "高" && much:
		return Red
	case r.Severity == "高" || r.Severity == "中" && much:
		return Orange
	case r.Severity == "中" || much:
		return Yellow
	default:
		return Blue
	}
}

// Verdict is what a suspicion turned out to be (核查结论).
type Verdict string

// The verdicts. Only a Violation is a problem; a DataError asks for the data to be put right.
const (
	Violation     Verdict = "violation"
	Lawful        Verdict = "lawful"
	DataError     Verdict = "data_error"
	FalsePositive Verdict = "false_positive"
	Unverifiable  Verdict = "unverifiable"
)

// Verdicts lists the verdicts.
func Verdicts() []Named {
	return []Named{
		{string(Violation), "属实违规"}, {string(Lawful), "属实但合规"}, {string(DataError), "数据错误"},
		{string(FalsePositive), "规则误报"}, {string(Unverifiable), "无法核实"},
	}
}

// Title is the Chinese word for the verdict.
func (v Verdict) Title() string { return titleOf(Verdicts(), string(v)) }

func (v Verdict) valid() bool {
	return slices.ContainsFunc(Verdicts(), func(n Named) bool { return n.ID == string(v) })
}

func titleOf(list []Named, id string) string {
	for _, n := range list {
		if n.ID == id {
			return n.Title
		}
	}
	return id
}

// Action is something that is done to an alert.
type Action string

// The actions of people. Those of the system are in systemActions.
const (
	Accept   Action = "accept"
	Dismiss  Action = "dismiss"
	Dispatch Action = "dispatch"
	Return   Action = "return"
	Confirm  Action = "confirm"
	Rectify  Action = "rectify"
	Close    Action = "close"
	Suspend  Action = "suspend"
)

// The actions of the system.
const (
	raise    Action = "raise"
	recur    Action = "recur"
	vanish   Action = "vanish"
	start    Action = "start"
	answer   Action = "answer"
	refuse   Action = "refuse"
	carryOut Action = "carry_out"
)

// move is one line of the state machine: an action, from where it leads where, and who may take it. An empty To
// leaves the state as it is.
type move struct {
	action Action
	title  string
	from   []State
	to     State
	need   access.Permission // empty: the system only
}

// moves is the whole state machine of an alert. What is not written here cannot happen.
func moves() []move {
	inWork := []State{Dispatched, Verifying}
	return []move{
		{Accept, "初筛通过", []State{Raised}, Accepted, access.AlertReview},
		{Dismiss, "排除", []State{Raised, Accepted}, Dismissed, access.AlertReview},
		{Dispatch, "派发核查", []State{Raised, Accepted}, Dispatched, access.AlertDispatch},
		{Return, "退回重核", []State{Answered}, Dispatched, access.AlertDispatch},
		{Confirm, "认定问题", []State{Answered}, Confirmed, access.AlertConfirm},
		{Dismiss, "认定排除", []State{Answered}, Dismissed, access.AlertConfirm},
		{Rectify, "转入整改", []State{Confirmed}, Rectifying, access.AlertConfirm},
		{Close, "销号", []State{Confirmed, Rectifying}, Closed, access.AlertConfirm},
		{Suspend, "暂停发放", []State{Raised, Accepted, Dispatched, Verifying, Answered, Confirmed, Rectifying}, "", access.AlertSuspend},

		{recur, "再次发现", []State{Raised, Accepted, Dispatched, Verifying, Answered, Confirmed, Rectifying}, "", ""},
		{vanish, "疑点自动消除", []State{Raised, Accepted}, Cleared, ""},
		{vanish, "数据中已不再出现", []State{Dispatched, Verifying, Answered, Confirmed, Rectifying}, "", ""},
		{start, "经办机构开始核查", []State{Dispatched}, Verifying, ""},
		{answer, "反馈核查结果", inWork, Answered, ""},
		{refuse, "业务系统未受理", inWork, Accepted, ""},
		{carryOut, "业务系统已执行", nil, "", ""},
	}
}

// findMove is the line for an action in a state.
func findMove(a Action, s State) (move, bool) {
	for _, m := range moves() {
		if m.action == a && (m.from == nil || slices.Contains(m.from, s)) {
			return m, true
		}
	}
	return move{}, false
}

// actionTitle names an action for the timeline by the state it led to; the empty state asks for any name.
func actionTitle(a Action, to State) string {
	if a == raise {
		return "生成预警"
	}
	title := string(a)
	for _, m := range moves() {
		led := m.to == to || m.to == "" && (m.from == nil || slices.Contains(m.from, to))
		if m.action == a && (led || to == "") {
			return m.title
		}
	}
	return title
}
