package app

import (
	"context"
	"fmt"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/jobs"
	"fundwatch/supervision"
)

// script is a supervisor who works through every alert by a fixed pattern, so that a run without a page passes
// review, dispatch, the agencies' answers and their confirmation as well. What it does follows from the alerts alone:
// two runs over the same days do the same.
type script struct {
	desk  *supervision.Desk
	queue *jobs.Queue
	works *works
	actor fundwatch.Actor
}

func (c *Console) script() *script {
	return &script{desk: c.works.desk, queue: c.app.queue, works: c.works, actor: fundwatch.Actor{
		ID: "script", Name: "script", Roles: []string{access.Supervisor},
		Scope: fundwatch.NewScope([]fundwatch.Region{"520000"}, fundwatch.Insurances()),
	}}
}

// handle takes every alert as far as it goes today: accepted and dispatched, answers confirmed. Done twice it does
// nothing the second time.
func (s *script) handle(ctx context.Context) error {
	if _, err := s.desk.Poll(ctx); err != nil {
		return err
	}
	for _, state := range []supervision.State{supervision.Raised, supervision.Accepted, supervision.Answered} {
		if err := s.each(ctx, state, s.step); err != nil {
			return err
		}
	}
	return s.drain(ctx)
}

// each calls do for every alert in the state, oldest first.
func (s *script) each(ctx context.Context, state supervision.State, do func(context.Context, supervision.Alert) error) error {
	var all []supervision.Alert
	for {
		page, err := s.desk.List(ctx, s.actor, supervision.Filter{
			States: []supervision.State{state}, Sort: "raisedAt", Offset: len(all), Limit: supervision.MaxPage,
		})
		if err != nil {
			return err
		}
		all = append(all, page.Items...)
		if len(page.Items) < supervision.MaxPage {
			break
		}
	}
	for _, alert := range all {
		if err := do(ctx, alert); err != nil {
			return fmt.Errorf("app: alert %s in state %s: %w", alert.ID, state, err)
		}
	}
	return nil
}

func (s *script) step(ctx context.Context, a supervision.Alert) error {
	var err error
	switch a.State {
	case supervision.Raised:
		_, err = s.desk.Review(ctx, s.actor, a.ID, a.Rev, supervision.Review{Accept: true, Note: "同意派发核查"})
	case supervision.Accepted:
		_, err = s.desk.Dispatch(ctx, s.actor, a.ID, a.Rev, supervision.Order{Note: "请按期核查并反馈佐证材料"})
	case supervision.Answered:
		_, err = s.desk.Confirm(ctx, s.actor, a.ID, a.Rev, s.outcome(ctx, a))
	default:
		err = fmt.Errorf("app: the script has no step for %s", a.State)
	}
	return err
}

// outcome follows the agency's answer.
func (s *script) outcome(ctx context.Context, a supervision.Alert) supervision.Outcome {
	d, err := s.desk.Get(ctx, s.actor, a.ID)
	if err != nil || d.Answer == nil || !d.Answer.Problem {
		return supervision.Outcome{Verdict: supervision.Lawful, Note: "经核查未发现问题"}
	}
	return supervision.Outcome{
		Verdict: supervision.Violation, Amount: d.Answer.Amount, Recovered: d.Answer.Recovered, Note: "核查属实",
	}
}

// drain runs the background work until no directive waits to be sent.
func (s *script) drain(ctx context.Context) error {
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.queue.Run(run) }()
	defer func() {
		stop()
		<-done
	}()
	for {
		waiting := int64(0)
		for _, state := range []jobs.State{jobs.Ready, jobs.Running} {
			_, n, err := jobs.List(ctx, s.works.app.store, jobs.Filter{Kind: supervision.SubmitJob, State: state, Limit: 1})
			if err != nil {
				return err
			}
			waiting += n
		}
		if waiting == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
