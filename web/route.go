package web

import (
	"net/http"

	"fundwatch/access"
)

// table is the whole API on one page: address, id, what it does, what it needs, who answers.
func (s *Server) table() {
	early := func(method, path, id, title string, need access.Permission) Route {
		return Route{Method: method, Path: path, ID: id, Title: title, Need: need, early: true}
	}
	secret := func(method, path, id, title string, need access.Permission) Route {
		return Route{Method: method, Path: path, ID: id, Title: title, Need: need, early: true, secret: true}
	}
	route := func(method, path, id, title string, need access.Permission) Route {
		return Route{Method: method, Path: path, ID: id, Title: title, Need: need}
	}
	late := func(method, path, id, title string, need access.Permission) Route {
		return Route{Method: method, Path: path, ID: id, Title: title, Need: need, secret: true}
	}
	quiet := func(method, path, id, title string, need access.Permission) Route {
		return Route{Method: method, Path: path, ID: id, Title: title, Need: need, early: true, quiet: true}
	}

	op(s, early("GET", "/meta", "get-meta", "产品、版本与就绪状态", Public), s.about)
	op(s, secret("POST", "/session", "login", "登录", Public), s.login)
	op(s, secret("POST", "/setup", "use-setup-link", "用一次性链接设置口令", Public), s.useLink)
	op(s, early("GET", "/session", "get-session", "当前会话", Signed), s.getSession)
	op(s, early("DELETE", "/session", "logout", "退出", Signed), s.logout)
	op(s, secret("POST", "/session/password", "change-password", "修改本人口令", Signed), s.changePassword)
	op(s, early("GET", "/regions", "list-regions", "行政区划", Signed), s.listRegions)
	op(s, quiet("GET", "/live/changes", "poll-live", "长轮询实时消息", Signed), s.poll)
	s.add(quiet("GET", "/live", "live", "实时消息（WebSocket）", Signed))
	s.mux.Handle(http.MethodGet+" "+prefix+"/live", s.sockets)

	op(s, early("GET", "/words", "get-words", "各类选项", Signed), s.words)

	op(s, route("GET", "/alerts", "list-alerts", "预警清单", access.AlertRead), s.listAlerts)
	op(s, route("GET", "/alerts/stats", "get-alert-stats", "预警统计", access.AlertRead), s.alertStats)
	op(s, late("POST", "/alerts/export", "export-alerts", "导出预警清单", access.AlertExport), s.exportAlerts)
	op(s, route("GET", "/alerts/{id}", "get-alert", "预警详情", access.AlertRead), s.getAlert)
	op(s, route("POST", "/alerts/{id}/review", "review-alert", "审核预警", access.AlertReview), s.reviewAlert)
	op(s, route("POST", "/alerts/{id}/dispatch", "dispatch-alert", "派发预警", access.AlertDispatch), s.dispatchAlert)
	op(s, route("POST", "/alerts/{id}/return", "return-alert", "退回重核", access.AlertDispatch), s.returnAlert)
	op(s, route("POST", "/alerts/{id}/confirm", "confirm-alert", "认定结果", access.AlertConfirm), s.confirmAlert)
	op(s, route("POST", "/alerts/{id}/rectify", "rectify-alert", "转入整改", access.AlertConfirm), s.rectifyAlert)
	op(s, route("POST", "/alerts/{id}/close", "close-alert", "销号", access.AlertConfirm), s.closeAlert)
	op(s, route("POST", "/alerts/{id}/suspend", "suspend-payment", "暂停发放", access.AlertSuspend), s.suspendPayment)
	op(s, late("POST", "/alerts/{id}/reveal", "reveal-alert", "查看明文", access.Reveal), s.revealAlert)

	op(s, route("GET", "/tables", "list-tables", "数据表", access.DataRead), s.listTables)
	op(s, route("GET", "/tables/{code}", "get-table", "数据表字段", access.DataRead), s.getTable)
	op(s, route("GET", "/tables/{code}/rows", "sample-table", "数据样例（脱敏）", access.DataRead), s.sampleTable)
	op(s, route("GET", "/loads", "list-loads", "入库批次", access.DataRead), s.listLoads)
	op(s, route("GET", "/intake", "get-intake", "数据接入状态", access.DataRead), s.getIntake)

	op(s, route("POST", "/files/preview", "preview-file", "文件入库预览", access.DataImport), s.previewFile)
	op(s, route("POST", "/files", "import-file", "文件入库", access.DataImport), s.importFile)
	op(s, route("GET", "/checks", "list-checks", "校验点", access.DataRead), s.listChecks)
	op(s, route("POST", "/checks/runs", "run-checks", "运行校验", access.CheckRun), s.runChecks)
	op(s, route("GET", "/checks/problems", "list-problems", "数据问题", access.DataRead), s.listProblems)
	op(s, route("GET", "/checks/problems/{id}/rows", "get-problem-rows", "数据问题所在行（脱敏）", access.DataRead), s.problemRows)
	op(s, route("POST", "/checks/problems/{id}/assign", "assign-problem", "指派数据问题", access.CheckAssign), s.assignProblem)
	op(s, route("POST", "/checks/problems/{id}/state", "move-problem", "数据问题改状态", access.CheckAssign), s.moveProblem)
	op(s, route("GET", "/headcounts", "list-headcounts", "人数偏差", access.DataRead), s.listHeadcounts)

	op(s, route("GET", "/rules", "list-rules", "规则库", access.RuleRead), s.listRules)
	op(s, route("GET", "/rules/{id}", "get-rule", "规则详情", access.RuleRead), s.getRule)
	op(s, route("GET", "/rounds", "list-rounds", "巡查轮次", access.RuleRead), s.listRounds)
	op(s, route("GET", "/rounds/{id}", "get-round", "巡查轮次详情", access.RuleRead), s.getRound)
	op(s, route("POST", "/rounds", "start-round", "开始全量巡查", access.PatrolRun), s.startRound)

	op(s, early("GET", "/users", "list-users", "用户", access.UserRead), s.listUsers)
	op(s, secret("POST", "/users", "create-user", "新建用户", access.UserManage), s.createUser)
	op(s, early("GET", "/users/{id}", "get-user", "用户详情", access.UserRead), s.getUser)
	op(s, early("PUT", "/users/{id}/roles", "set-user-roles", "提出角色授权", access.UserGrant), s.setUserRoles)
	op(s, early("PUT", "/users/{id}/scope", "set-user-scope", "提出数据范围授权", access.UserGrant), s.setUserScope)
	op(s, early("POST", "/users/{id}/disable", "disable-user", "停用用户", access.UserManage), s.disableUser)
	op(s, early("POST", "/users/{id}/enable", "enable-user", "启用用户", access.UserManage), s.enableUser)
	op(s, early("POST", "/users/{id}/unlock", "unlock-user", "解除锁定", access.UserUnlock), s.unlockUser)
	op(s, secret("POST", "/users/{id}/reset", "reset-user", "重置口令", access.UserManage), s.resetUser)
	op(s, early("GET", "/roles", "list-roles", "角色与权限", access.UserRead), s.listRoles)
	op(s, early("GET", "/grants", "list-grants", "待确认授权", access.UserRead), s.listGrants)
	op(s, early("POST", "/grants/{id}/confirm", "confirm-grant", "确认授权", access.UserConfirm), s.confirmGrant)
	op(s, early("POST", "/grants/{id}/refuse", "refuse-grant", "驳回授权", access.UserConfirm), s.refuseGrant)
	op(s, early("GET", "/sessions", "list-sessions", "在线会话", access.SessionEnd), s.listSessions)
	op(s, early("POST", "/sessions/{id}/end", "end-session", "结束会话", access.SessionEnd), s.endSession)
	op(s, early("GET", "/audit", "list-audit", "审计记录", access.AuditRead), s.listAudit)
	op(s, early("POST", "/audit/verify", "verify-audit", "校验审计链", access.AuditRead), s.verifyAudit)
	op(s, early("GET", "/jobs", "list-jobs", "后台任务", access.JobRead), s.listJobs)
	op(s, early("GET", "/jobs/{id}", "get-job", "后台任务进度", Signed), s.getJob)
	op(s, early("POST", "/jobs/{id}/retry", "retry-job", "重新执行后台任务", access.JobRetry), s.retryJob)
	op(s, route("GET", "/screen/overview", "get-overview", "大屏总览", access.ScreenRead), s.overview)
}
