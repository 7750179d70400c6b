package access

import (
	"slices"

	"fundwatch"
)

// Permission names one thing that may be done, noun.verb.
type Permission string

// The permissions.
const (
	UserRead    Permission = "user.read"
	UserManage  Permission = "user.manage"
	UserGrant   Permission = "user.grant"
	UserConfirm Permission = "user.confirm"
	UserUnlock  Permission = "user.unlock"
	SessionEnd  Permission = "session.end"
	AuditRead   Permission = "audit.read"
	JobRead     Permission = "job.read"
	JobRetry    Permission = "job.retry"

	ScreenRead    Permission = "screen.read"
	AlertRead     Permission = "alert.read"
	AlertReview   Permission = "alert.review"
	AlertDispatch Permission = "alert.dispatch"
	AlertAnswer   Permission = "alert.answer"
	AlertConfirm  Permission = "alert.confirm"
	AlertSuspend  Permission = "alert.suspend"
	AlertExport   Permission = "alert.export"
	Reveal        Permission = "reveal"
	RuleRead      Permission = "rule.read"
	PatrolRun     Permission = "patrol.run"
	DataRead      Permission = "data.read"
	DataImport    Permission = "data.import"
	CheckRun      Permission = "check.run"
	CheckAssign   Permission = "check.assign"
)

// The roles.
const (
	SysAdmin   = "sysadmin"
	SecAdmin   = "secadmin"
	AuditAdmin = "auditadmin"
	Supervisor = "supervisor"
	Leader     = "leader"
	Analyst    = "analyst"
	Monitor    = "monitor"
	Agency     = "agency"
	Data       = "data"
)

// Role is a set of permissions with a name that officials know.
type Role struct {
	ID        string
	Title     string
	Reading   string // what the role is for, one sentence
	Exclusive bool   // one of the three administrators: cannot be held with any other role
}

// Roles lists the roles in the order of the table's columns.
func Roles() []Role {
	return []Role{
		{SysAdmin, "系统管理员", "管理账号、运行和备份，不能授权，不能看业务数据和审计记录", true},
		{SecAdmin, "安全管理员", "确认授权、解除锁定，不能建账号，不能看业务数据", true},
		{AuditAdmin, "审计管理员", "查看和校验全部审计记录，不能改动任何内容", true},
		{Supervisor, "监督员", "在所辖区域内审核、派发、认定预警，可按事由查看明文", false},
		{Leader, "领导", "查看大屏、预警和规则，不处理具体事项", false},
		{Analyst, "分析人员", "查看数据、预警和规则，导出预警清单", false},
		{Monitor, "基金监测员", "二十四小时值守巡查，筛查预警，发起全量巡查", false},
		{Agency, "经办机构核查人员", "查看派发到本机构的预警并反馈核查结果", false},
		{Data, "数据管理员", "管理数据接入、文件入库和数据校验", false},
	}
}

// line is one line of the table: a permission and the roles that hold it.
type line struct {
	permission Permission
	title      string
	roles      []string
}

// table is the whole of roles × permissions. What is not written here is forbidden.
func table() []line {
	return []line{
		{UserRead, "查看账号", []string{SysAdmin, SecAdmin, AuditAdmin}},
		{UserManage, "新建、停用账号，重置口令", []string{SysAdmin}},
		{UserGrant, "提出角色与数据范围授权", []string{SysAdmin}},
		{UserConfirm, "确认或驳回授权", []string{SecAdmin}},
		{UserUnlock, "解除账号锁定", []string{SecAdmin}},
		{SessionEnd, "查看并结束在线会话", []string{SysAdmin, SecAdmin}},
		{AuditRead, "查看和校验审计记录", []string{AuditAdmin}},
		{JobRead, "查看后台任务", []string{SysAdmin}},
		{JobRetry, "重新执行后台任务", []string{SysAdmin}},

		{ScreenRead, "查看大屏", []string{Supervisor, Leader, Analyst, Monitor}},
		{AlertRead, "查看预警", []string{Supervisor, Leader, Analyst, Monitor, Agency}},
		{AlertReview, "审核预警", []string{Supervisor, Monitor}},
		{AlertDispatch, "派发预警", []string{Supervisor}},
		{AlertAnswer, "反馈核查结果", []string{Agency}},
		{AlertConfirm, "认定核查结果", []string{Supervisor}},
		{AlertSuspend, "暂停或恢复发放", []string{Supervisor}},
		{AlertExport, "导出预警清单", []string{Supervisor, Analyst}},
		{Reveal, "按事由查看明文", []string{Supervisor}},
		{RuleRead, "查看规则与巡查轮次", []string{Supervisor, Leader, Analyst, Monitor, Data}},
		{PatrolRun, "发起全量巡查", []string{Supervisor, Monitor}},
		{DataRead, "查看数据表与接入状态", []string{Supervisor, Analyst, Monitor, Data}},
		{DataImport, "文件入库", []string{Data}},
		{CheckRun, "运行数据校验", []string{Data}},
		{CheckAssign, "指派数据问题、录入年报人数", []string{Data}},
	}
}

// Require fails with Denied unless one of the actor's roles holds the permission. It is pure: the caller, or the
// web for all of them, records the denial.
func Require(actor fundwatch.Actor, p Permission) error {
	for _, l := range table() {
		if l.permission != p {
			continue
		}
		if slices.ContainsFunc(l.roles, actor.HasRole) {
			return nil
		}
		return fundwatch.Errorf(fundwatch.Denied, "没有“%s”的权限，如工作需要请向系统管理员申请", l.title)
	}
	return fundwatch.Errorf(fundwatch.Denied, "没有办理此事项的权限")
}

// PermissionTitle is the Chinese name of the permission; an unknown one is returned as it is.
func PermissionTitle(p Permission) string {
	for _, l := range table() {
		if l.permission == p {
			return l.title
		}
	}
	return string(p)
}

// PermissionsOf lists what the roles together hold, in the order of the table.
func PermissionsOf(roles ...string) []Permission {
	var out []Permission
	for _, l := range table() {
		if slices.ContainsFunc(l.roles, func(r string) bool { return slices.Contains(roles, r) }) {
			out = append(out, l.permission)
		}
	}
	return out
}

// RoleTitle is the Chinese name of the role; an unknown one is returned as it is.
func RoleTitle(id string) string {
	if r, ok := roleByID(id); ok {
		return r.Title
	}
	return id
}

func roleByID(id string) (Role, bool) {
	for _, r := range Roles() {
		if r.ID == id {
			return r, true
		}
	}
	return Role{}, false
}

// business is the duty of every account that is no administrator; an administrator's duty is his role.
const business = "business"

// dutyOf checks a set of roles and says which duty an account that holds it has.
func dutyOf(roles []string) (string, error) {
	duty := business
	for i, id := range roles {
		r, ok := roleByID(id)
		switch {
		case !ok:
			return "", fundwatch.FieldErrorf("roles", "没有角色 %q，请从角色列表中选择", id)
		case slices.Contains(roles[:i], id):
			return "", fundwatch.FieldErrorf("roles", "角色“%s”重复", r.Title)
		case r.Exclusive && len(roles) > 1:
			return "", fundwatch.FieldErrorf("roles", "“%s”不能与其他角色由同一账号兼任，请分设账号", r.Title)
		case r.Exclusive:
			duty = id
		}
	}
	return duty, nil
}
