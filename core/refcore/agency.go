package refcore

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// Conduct is how agencies (经办机构) answer. What they do follows from Seed and the directive's id alone, so that a
// run can be repeated.
type Conduct struct {
	Seed     uint64
	MinDays  int           // business days until the answer at least; default 1
	MaxDays  int           // and at most; default 3
	After    time.Duration // wall time after which the answer comes even if the days have not gone by; default 0: never
	Careless float64       // share of answers with a wrong verdict or without evidence; default 0.1, negative: none
}

func (c Conduct) withDefaults() Conduct {
	if c.MinDays == 0 && c.MaxDays == 0 {
		c.MinDays, c.MaxDays = 1, 3
	}
	c.MaxDays = max(c.MinDays, c.MaxDays)
	if c.Careless == 0 {
		c.Careless = 0.1
	}
	return c
}

// chance is a number in [0, 1) that belongs to the directive and the purpose.
func (c Conduct) chance(id, purpose string) float64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d\x00%s\x00%s", c.Seed, id, purpose)
	x := h.Sum64() // FNV leaves its high bits poorly mixed for short texts
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// days is how many business days the agency takes.
func (c Conduct) days(id string) int {
	return c.MinDays + int(c.chance(id, "days")*float64(c.MaxDays-c.MinDays+1))
}

// work brings every open directive one step on, or more where nothing holds it. It may be cut short anywhere and
// repeated: what it asks of the province is idempotent, and each step is in the ledger before the next.
func (s *Server) work(ctx context.Context) error {
	var faults []error
	for _, status := range s.ledger.open() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.advance(ctx, status); err != nil {
			faults = append(faults, fmt.Errorf("directive %s: %w", status.Directive.ID, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Server) advance(ctx context.Context, status core.DirectiveStatus) error {
	d := status.Directive
	switch d.Kind {
	case core.Suspend:
		err := s.o.Province.Suspend(d.Subject.ID, d.Line, s.o.Province.Today())
		return s.carriedOut(d, err, "已暂停发放，自下一发放期起停发")
	case core.Resume:
		err := s.o.Province.Resume(d.Subject.ID, d.Line, s.o.Province.Today())
		return s.carriedOut(d, err, "已恢复发放，自下一发放期起续发")
	case core.Dispatch, core.Correct:
	}
	if status.State == core.Received {
		status.State, status.At = core.InProgress, s.businessTime()
		status.Message = "已派至" + s.regions[d.Region] + "社会保险经办机构"
		if err := s.ledger.change(status); err != nil {
			return err
		}
	}
	if !s.due(d.ID) {
		return nil
	}
	if d.Kind == core.Correct {
		return s.carriedOut(d, s.correct(d), "已更正，所列月份的待遇自下一发放期起扣回")
	}
	return s.answer(ctx, d)
}

// correct takes payments back, month by month as they are named.
func (s *Server) correct(d core.Directive) error {
	if d.Subject.Kind != fundwatch.SubjectPerson || d.Items[core.ItemMonths] == "" || d.Line == "" {
		return fundwatch.Errorf(fundwatch.Invalid, "参考业务系统只办理个人待遇的扣回，请写明险种和所属期")
	}
	months, err := readMonths(d.Items[core.ItemMonths])
	if err != nil {
		return err
	}
	for at := 0; at < len(months); {
		last := at
		for last+1 < len(months) && months[last+1] == months[last].Add(1) {
			last++
		}
		if err := s.o.Province.CorrectPayment(d.Subject.ID, d.Line, months[at], months[last], s.o.Province.Today()); err != nil {
			return err
		}
		at = last + 1
	}
	return nil
}

// readMonths reads months separated by commas and sorts them.
func readMonths(text string) ([]fundwatch.Month, error) {
	var out []fundwatch.Month
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if m := fundwatch.Month(n); err != nil || !m.Valid() {
			return nil, fundwatch.Errorf(fundwatch.Invalid, "所属期应为年月，如 202610，多个以逗号分隔")
		}
		out = append(out, fundwatch.Month(n))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// carriedOut ends a directive that the core itself carries out.
func (s *Server) carriedOut(d core.Directive, err error, message string) error {
	state := core.Answered
	switch fundwatch.CodeOf(err) {
	case "":
	case fundwatch.NotFound, fundwatch.Invalid, fundwatch.Conflict:
		state, message = core.Refused, "未执行："+fundwatch.MessageOf(err)
	default:
		return err
	}
	return s.ledger.change(core.DirectiveStatus{Directive: d, State: state, Message: message, At: s.businessTime()})
}

// due says whether the agency has had its time.
func (s *Server) due(id string) bool {
	received := s.ledger.received(id)
	if !businessDay(s.o.Province.Today()).Before(businessDay(received).AddDate(0, 0, s.o.Conduct.days(id))) {
		return true
	}
	if s.o.Conduct.After <= 0 {
		return false
	}
	s.clock.Lock()
	defer s.clock.Unlock()
	since, ok := s.taken[id]
	if !ok { // it came before the last start
		since = s.o.Now()
		s.taken[id] = since
	}
	return s.o.Now().Sub(since) >= s.o.Conduct.After
}

func businessDay(t time.Time) time.Time {
	y, m, d := t.In(fundwatch.Shanghai()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// answer ends a verification: mostly with what is so, sometimes with what is convenient.
func (s *Server) answer(ctx context.Context, d core.Directive) error {
	subject, err := s.meant(ctx, d)
	if err != nil {
		return err
	}
	a := s.o.Province.Judge(subject, d.Items[core.ItemRule])
	slip := s.o.Conduct.chance(d.ID, "careless")
	if slip < s.o.Conduct.Careless/2 {
		a = core.Answer{Problem: !a.Problem}
	}
	s.complete(&a, d)
	if slip >= s.o.Conduct.Careless/2 && slip < s.o.Conduct.Careless {
		a.Evidence = []string{}
	}
	return s.ledger.change(core.DirectiveStatus{Directive: d, State: core.Answered, Message: "核查结果已反馈", Answer: &a, At: a.At})
}

// meant is whom the directive is about in the core's own terms. The workbench knows accounts by a pseudonym only, so
// an account is the one in the first evidence row that names one.
func (s *Server) meant(ctx context.Context, d core.Directive) (fundwatch.Subject, error) {
	if d.Subject.Kind != fundwatch.SubjectAccount {
		return d.Subject, nil
	}
	for ref := range strings.SplitSeq(d.Items[core.ItemRows], ",") {
		table, text, _ := strings.Cut(strings.TrimSpace(ref), ":")
		rid, err := strconv.ParseInt(text, 10, 64)
		if _, known := s.tables[table]; err != nil || !known {
			continue
		}
		row, err := s.profiles.row(ctx, table, rid)
		if err != nil {
			return d.Subject, err
		}
		if account := row["AAE010"]; account != "" {
			return fundwatch.Subject{Kind: fundwatch.SubjectAccount, ID: account}, nil
		}
	}
	return d.Subject, nil
}

// complete fills in what the province leaves to the agency: who looked, what was got back, the papers.
func (s *Server) complete(a *core.Answer, d core.Directive) {
	c := s.o.Conduct
	a.At = s.businessTime()
	a.Clerk = fmt.Sprintf("%s核查员%02d", s.regions[d.Region], 1+int(c.chance(d.ID, "clerk")*20))
	a.Evidence = []string{"核查情况报告-" + d.ID + ".pdf"}
	if !a.Problem {
		a.Category, a.Amount, a.Recovered, a.Rectified = "", 0, 0, false
		if a.Note == "" {
			a.Note = "经核查，业务办理符合规定，未发现问题。"
		}
		return
	}
	if a.Category == "" {
		a.Category = "其他"
	}
	if a.Amount == 0 {
		a.Amount = d.Amount
	}
	a.Rectified = c.chance(d.ID, "rectified") < 0.6
	a.Recovered = fundwatch.Fen(float64(a.Amount) * c.chance(d.ID, "recovered"))
	if a.Rectified {
		a.Recovered = a.Amount
	}
	if a.Note == "" {
		a.Note = fmt.Sprintf("经核查情况属实，涉及金额%s，已追回%s。", a.Amount.Yuan(), a.Recovered.Yuan())
	}
	a.Evidence = append(a.Evidence, "业务台账截图-"+d.ID+".png")
	if a.Recovered > 0 {
		a.Evidence = append(a.Evidence, "追回款银行回单-"+d.ID+".pdf")
	}
}
