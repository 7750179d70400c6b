package core

// CentreName is the Chinese name of one of the fifteen centres (中心) of the business core, C1 to C15; an unknown
// code is returned as it is.
func CentreName(code string) string {
	switch code {
	case "C1":
		return "基础信息中心"
	case "C2":
		return "登记变更中心"
	case "C3":
		return "征收缴费中心"
	case "C4":
		return "关系转移中心"
	case "C5":
		return "待遇核发中心"
	case "C6":
		return "失业补贴中心"
	case "C7":
		return "工伤认定鉴定中心"
	case "C8":
		return "工伤医疗管理中心"
	case "C9":
		return "工伤预防管理中心"
	case "C10":
		return "金融支付中心"
	case "C11":
		return "基金财务中心"
	case "C12":
		return "政策参数中心"
	case "C13":
		return "业务事项中心"
	case "C14":
		return "电子材料中心"
	case "C15":
		return "风控预警中心"
	default:
		return code
	}
}
