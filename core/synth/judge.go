package synth

import (
	"slices"

	"fundwatch"
	"fundwatch/core"
)

// Judge is what a careful agency finds about a subject when it verifies a suspicion under a rule. It knows the
// truth, which the workbench does not.
func (p *Province) Judge(subject fundwatch.Subject, rule string) core.Answer {
	truth, err := ReadTruth(p.dir)
	if err != nil {
		return core.Answer{Note: "档案暂时无法调阅，请稍后重新核查"}
	}
	found := core.Answer{Note: "经查阅档案和发放记录，未发现问题"}
	for _, t := range truth {
		if t.Subject != subject {
			continue
		}
		named := slices.Contains(t.Rules, rule) || slices.Contains(t.May, rule)
		switch {
		case !named && rule != "":
		case t.Kind == Plant:
			return core.Answer{Problem: true, Category: categoryOf(rule), Amount: fundwatch.Fen(t.Amount), Note: "经核查属实：" + t.Note}
		default:
			found.Note = "经核查不构成问题：" + t.Note
		}
	}
	return found
}

// categoryOf is the kind of problem that agencies report under a rule.
func categoryOf(rule string) string {
	switch rule {
	case "QY-047", "JG-019", "CX-021", "GS-045":
		return "死亡冒领"
	case "QY-053", "CX-026":
		return "服刑冒领"
	case "QY-059", "JG-022":
		return "重复领取"
	case "QY-033", "CX-018":
		return "违规提前领取"
	case "QY-003", "QY-023":
		return "违规缴费"
	case "CX-030":
		return "资格认证不到位"
	case "SY-005", "SY-019":
		return "违规领取失业金"
	case "GS-004", "GS-032":
		return "违规支付工伤待遇"
	case "CW-001":
		return "财务业务不一致"
	case "TY-026", "NK-001":
		return "经办内控问题"
	default:
		return "待遇支付错误"
	}
}
