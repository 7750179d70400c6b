package web

import (
	"context"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/audit"
)

// AuditEntry is one entry of the audit chain.
type AuditEntry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	Actor      string            `json:"actor"`
	Roles      []Choice          `json:"roles"`
	Address    string            `json:"address"`
	Action     string            `json:"action"`
	ActionName string            `json:"actionName"`
	Object     string            `json:"object"`
	Outcome    string            `json:"outcome"`
	Reason     string            `json:"reason"`
	Detail     map[string]string `json:"detail"`
}

// AuditInput narrows the audit list.
type AuditInput struct {
	Paging
	Actor   string `query:"actor" maxLength:"64"`
	Action  string `query:"action" maxLength:"64"`
	Object  string `query:"object" maxLength:"128"`
	Outcome string `query:"outcome" maxLength:"16"`
	From    string `query:"from" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
	To      string `query:"to" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
}

// AuditReport says whether the chain is whole.
type AuditReport struct {
	OK        bool      `json:"ok"`
	Entries   int64     `json:"entries"`
	Anchors   int64     `json:"anchors" doc:"Signed points of the chain"`
	CheckedAt time.Time `json:"checkedAt"`
	Fault     string    `json:"fault" doc:"What is wrong and at which entry, in Chinese; empty when whole"`
	FaultAt   int64     `json:"faultAt" doc:"Sequence of the first entry at fault"`
}

func (s *Server) listAudit(ctx context.Context, a fundwatch.Actor, in *AuditInput) (*Body[List[AuditEntry]], error) {
	f := audit.Filter{
		Login: in.Actor, Action: in.Action, Object: in.Object, Outcome: audit.Outcome(in.Outcome),
		Offset: int64(in.skip()), Limit: int64(in.Size),
	}
	var err error
	if f.From, f.To, err = daysOf(in.From, in.To); err != nil {
		return nil, err
	}
	records, total, err := s.access.AuditEntries(ctx, a, f)
	if err != nil {
		return nil, err
	}
	out := make([]AuditEntry, 0, len(records))
	for _, r := range records {
		if r.Detail == nil {
			r.Detail = map[string]string{}
		}
		out = append(out, AuditEntry{
			Seq: r.Seq, At: r.Time, Actor: r.ActorName, Roles: roleChoices(r.Roles), Address: r.Address, Action: r.Action,
			ActionName: actionName(r.Action), Object: r.Object, Outcome: string(r.Outcome), Reason: r.Reason, Detail: r.Detail,
		})
	}
	return answer(listOf(out, total, in.Paging, time.Time{})), nil
}

func (s *Server) verifyAudit(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Body[AuditReport], error) {
	r, err := s.access.VerifyAudit(ctx, a)
	if err != nil {
		return nil, err
	}
	out := AuditReport{OK: r.OK(), Entries: r.Entries, Anchors: int64(r.Anchors), CheckedAt: r.Checked}
	if r.Fault != nil {
		out.Fault, out.FaultAt = r.Fault.Message, r.Fault.Seq
	}
	return answer(out), nil
}

// daysOf reads the two ends of a range of days; the last day is included.
func daysOf(from, to string) (begin, end time.Time, err error) {
	if from != "" {
		if begin, err = time.ParseInLocation(time.DateOnly, from, fundwatch.Shanghai()); err != nil {
			return begin, end, fundwatch.FieldErrorf("from", "%q 不是日期，应写成 2026-11-05", from)
		}
	}
	if to != "" {
		if end, err = time.ParseInLocation(time.DateOnly, to, fundwatch.Shanghai()); err != nil {
			return begin, end, fundwatch.FieldErrorf("to", "%q 不是日期，应写成 2026-11-05", to)
		}
		end = end.AddDate(0, 0, 1)
	}
	return begin, end, nil
}

// actionName is the Chinese name of an action of the audit chain; an unknown one is returned as it is.
func actionName(action string) string {
	names := map[string]string{
		"login": "登录", "logout": "退出", "password.change": "修改口令", "link.make": "生成一次性链接", "link.use": "使用一次性链接",
		"account.create": "新建账号", "account.seed": "生成演示账号", "account.disable": "停用账号", "account.enable": "启用账号",
		"account.unlock": "解除锁定", "account.reset": "重置口令", "grant.propose": "提出授权", "grant.confirmed": "确认授权",
		"grant.refused": "驳回授权", "session.end": "结束会话", "audit.read": "查看审计记录", "audit.verify": "校验审计链",
		"alert.accept": "预警初筛通过", "alert.dismiss": "排除预警", "alert.dispatch": "派发预警", "alert.return": "退回重核",
		"alert.confirm": "认定问题", "alert.rectify": "转入整改", "alert.close": "销号", "alert.suspend": "暂停发放",
		"alert.reveal": "查看明文", "alert.export": "导出预警", "alert.read": "查看预警", "alert.review": "审核预警",
		"data.sample": "查看数据样例", "intake.import": "文件入库", "alert.raise": "生成预警", "person.read": "查看人员档案", "patrol.full": "发起全量巡查", "checks.run": "运行数据校验",
		"check.assign": "指派数据问题", "check.state": "数据问题改状态", "job.retry": "重新执行任务", "system.view": "系统视图读取",
	}
	if name, ok := names[action]; ok {
		return name
	}
	return access.PermissionTitle(access.Permission(action))
}
