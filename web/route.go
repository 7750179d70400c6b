package web

import "fundwatch/dashboards"

// table is the whole API on one page: method, path, id, what it does, the permission it needs.
func (s *Server) table() {
	const public, signed = "public", "signed"

	op[Nothing, Body[Meta]](s, "GET", "/meta", "get-meta", "产品、版本与就绪状态", public, nil)
	op[LoginInput, SessionOutput](s, "POST", "/session", "login", "登录", public, nil)
	op[SetupInput, Nothing](s, "POST", "/setup", "use-setup-link", "用一次性链接设置口令", public, nil)
	op[Nothing, Body[Session]](s, "GET", "/session", "get-session", "当前会话", signed, nil)
	op[Nothing, LogoutOutput](s, "DELETE", "/session", "logout", "退出", signed, nil)
	op[PasswordInput, Nothing](s, "POST", "/session/password", "change-password", "修改本人口令", signed, nil)
	op[Nothing, Body[Words]](s, "GET", "/words", "get-words", "各类选项", signed, nil)
	op[Nothing, Body[List[Region]]](s, "GET", "/regions", "list-regions", "行政区划", signed, nil)

	op[AlertListInput, Body[AlertList]](s, "GET", "/alerts", "list-alerts", "预警清单", "alert.read", nil)
	op[Nothing, Body[AlertStats]](s, "GET", "/alerts/stats", "get-alert-stats", "预警统计", "alert.read", nil)
	op[ExportInput, FileOutput](s, "POST", "/alerts/export", "export-alerts", "导出预警清单", "alert.export", nil)
	op[AlertID, AlertOutput](s, "GET", "/alerts/{id}", "get-alert", "预警详情", "alert.read", nil)
	op[ReviewInput, AlertOutput](s, "POST", "/alerts/{id}/review", "review-alert", "审核预警", "alert.review", nil)
	op[DispatchInput, AlertOutput](s, "POST", "/alerts/{id}/dispatch", "dispatch-alert", "派发预警", "alert.dispatch", nil)
	op[ReturnInput, AlertOutput](s, "POST", "/alerts/{id}/return", "return-alert", "退回重核", "alert.review", nil)
	op[ConfirmInput, AlertOutput](s, "POST", "/alerts/{id}/confirm", "confirm-alert", "认定结果", "alert.confirm", nil)
	op[SuspendInput, AlertOutput](s, "POST", "/alerts/{id}/suspend", "suspend-payment", "暂停发放", "alert.suspend", nil)
	op[RevealInput, Body[Revealed]](s, "POST", "/alerts/{id}/reveal", "reveal-alert", "查看明文", "reveal", nil)

	op[Nothing, Body[List[Rule]]](s, "GET", "/rules", "list-rules", "规则库", "rule.read", nil)
	op[RuleID, Body[RuleDetail]](s, "GET", "/rules/{id}", "get-rule", "规则详情", "rule.read", nil)
	op[RoundListInput, Body[List[Round]]](s, "GET", "/rounds", "list-rounds", "巡查轮次", "rule.read", nil)
	op[RoundID, Body[RoundDetail]](s, "GET", "/rounds/{id}", "get-round", "巡查轮次详情", "rule.read", nil)
	op[Nothing, Accepted](s, "POST", "/rounds", "start-round", "开始全量巡查", "patrol.run", nil)

	op[Nothing, Body[List[Table]]](s, "GET", "/tables", "list-tables", "数据表", "data.read", nil)
	op[TableCode, Body[TableDetail]](s, "GET", "/tables/{code}", "get-table", "数据表字段", "data.read", nil)
	op[SampleInput, Body[Sheet]](s, "GET", "/tables/{code}/rows", "sample-table", "数据样例（脱敏）", "data.read", nil)
	op[LoadListInput, Body[LoadPage]](s, "GET", "/loads", "list-loads", "入库批次", "data.read", nil)
	op[Nothing, Body[Intake]](s, "GET", "/intake", "get-intake", "数据接入状态", "data.read", nil)
	op[FileInput, Body[Preview]](s, "POST", "/files/preview", "preview-file", "文件入库预览", "data.import", nil)
	op[FileInput, Body[Imported]](s, "POST", "/files", "import-file", "文件入库", "data.import", nil)

	op[Nothing, Body[Checks]](s, "GET", "/checks", "list-checks", "校验点", "data.read", nil)
	op[Nothing, Accepted](s, "POST", "/checks/runs", "run-checks", "运行校验", "check.run", nil)
	op[ProblemListInput, Body[List[CheckProblem]]](s, "GET", "/checks/problems", "list-problems", "数据问题", "data.read", nil)
	op[AssignInput, Body[CheckProblem]](s, "POST", "/checks/problems/{id}/assign", "assign-problem", "指派数据问题", "check.assign", nil)
	op[Nothing, Body[List[Headcount]]](s, "GET", "/headcounts", "list-headcounts", "人数偏差", "data.read", nil)
	op[HeadcountInput, Body[List[Headcount]]](s, "POST", "/headcounts", "enter-headcount", "录入年报人数", "check.assign", nil)

	op[UserListInput, Body[List[User]]](s, "GET", "/users", "list-users", "用户", "user.read", nil)
	op[UserInput, Body[UserLink]](s, "POST", "/users", "create-user", "新建用户", "user.manage", nil)
	op[UserID, Body[User]](s, "GET", "/users/{id}", "get-user", "用户详情", "user.read", nil)
	op[UserRolesInput, Body[User]](s, "PUT", "/users/{id}/roles", "set-user-roles", "设置角色", "user.grant", nil)
	op[UserScopeInput, Body[User]](s, "PUT", "/users/{id}/scope", "set-user-scope", "设置数据范围", "user.grant", nil)
	op[UserReasonInput, Body[User]](s, "POST", "/users/{id}/disable", "disable-user", "停用用户", "user.manage", nil)
	op[UserReasonInput, Body[User]](s, "POST", "/users/{id}/enable", "enable-user", "启用用户", "user.manage", nil)
	op[UserReasonInput, Body[User]](s, "POST", "/users/{id}/unlock", "unlock-user", "解除锁定", "user.unlock", nil)
	op[UserReasonInput, Body[UserLink]](s, "POST", "/users/{id}/reset", "reset-user", "重置口令", "user.manage", nil)
	op[Nothing, Body[List[Role]]](s, "GET", "/roles", "list-roles", "角色与权限", "user.read", nil)
	op[Nothing, Body[List[Grant]]](s, "GET", "/grants", "list-grants", "待确认授权", "user.read", nil)
	op[GrantID, Body[User]](s, "POST", "/grants/{id}/confirm", "confirm-grant", "确认授权", "user.confirm", nil)
	op[RefuseInput, Body[User]](s, "POST", "/grants/{id}/refuse", "refuse-grant", "驳回授权", "user.confirm", nil)
	op[AuditInput, Body[List[AuditEntry]]](s, "GET", "/audit", "list-audit", "审计记录", "audit.read", nil)
	op[Nothing, Body[AuditReport]](s, "POST", "/audit/verify", "verify-audit", "校验审计链", "audit.read", nil)

	op[JobListInput, Body[List[Job]]](s, "GET", "/jobs", "list-jobs", "后台任务", "job.read", nil)
	op[JobID, Body[Job]](s, "POST", "/jobs/{id}/retry", "retry-job", "重新执行后台任务", "job.retry", nil)
	op[JobID, Body[Job]](s, "GET", "/jobs/{id}", "get-job", "后台任务进度", signed, nil)
	op[ScreenInput, Body[dashboards.Overview]](s, "GET", "/screen/overview", "get-overview", "大屏总览", "screen.read", nil)
	op[ChangesInput, Body[Changes]](s, "GET", "/live/changes", "poll-live", "长轮询", signed, nil)
}
