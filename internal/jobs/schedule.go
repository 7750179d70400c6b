package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"fundwatch"
	"fundwatch/internal/store"
)

// Schedule enqueues a job of a kind at the times of a cron expression.
type Schedule struct {
	Name string // stable: the memory of the last slot hangs on it
	Cron string // five fields, China time: "30 2 * * *"; also "@every 20s"
	Kind string
	Args any
}

// timetable is a Schedule that was read.
type timetable struct {
	Schedule
	times cron.Schedule
}

func (s Schedule) parse() (timetable, error) {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	times, err := parser.Parse(s.Cron)
	if err != nil {
		return timetable{}, fundwatch.FieldErrorf("schedule."+s.Name, "定时计划 %q 写法有误，应为五段 cron 表达式（分 时 日 月 周）：%w", s.Cron, err)
	}
	if s.Name == "" || s.Kind == "" {
		return timetable{}, errors.New("schedule without name or kind")
	}
	return timetable{s, times}, nil
}

// next is the first slot after t. "@every" counts from the epoch and not from the start of the process, so that
// two processes mean the same slots.
func (s timetable) next(t time.Time) time.Time {
	if every, ok := s.times.(cron.ConstantDelaySchedule); ok {
		ms := every.Delay.Milliseconds()
		return time.UnixMilli((t.UnixMilli()/ms + 1) * ms)
	}
	return s.times.Next(t.In(fundwatch.Shanghai()))
}

// latest is the last slot in (after, now]; ok is false when there is none.
func (s timetable) latest(after, now time.Time) (slot time.Time, ok bool) {
	if every, isEvery := s.times.(cron.ConstantDelaySchedule); isEvery {
		ms := every.Delay.Milliseconds()
		slot = time.UnixMilli(now.UnixMilli() / ms * ms)
		return slot, slot.After(after)
	}
	// Step forwards from ever shorter looks back, so that years of downtime cost a few steps and not a million.
	for back := time.Hour; ; back *= 8 {
		from := now.Add(-back)
		if from.Before(after) {
			from = after
		}
		for t := s.next(from); !t.IsZero() && !t.After(now); t = s.next(t) {
			slot, ok = t, true
		}
		if ok || !from.After(after) {
			return slot, ok
		}
	}
}

// tick enqueues what is due of one schedule and returns the next slot. A schedule seen for the first time begins
// now: nothing before it was missed. A clock that was set back waits until it passes the last slot again.
func (s timetable) tick(ctx context.Context, tx *store.Tx) (next time.Time, err error) {
	now := tx.Now()
	var last int64
	err = tx.QueryRowContext(ctx, `SELECT slot FROM job_schedule WHERE name = ?`, s.Name).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = tx.ExecContext(ctx, `INSERT INTO job_schedule (name, slot) VALUES (?, ?)`, s.Name, now.UnixMilli())
		return s.next(now), err
	}
	if err != nil {
		return time.Time{}, err
	}
	since := time.UnixMilli(last)
	slot, due := s.latest(since, now)
	if !due {
		return s.next(now), nil
	}
	at := slot.UnixMilli()
	res, err := tx.ExecContext(ctx, `UPDATE job_schedule SET slot = ? WHERE name = ? AND slot = ?`, at, s.Name, last)
	if err != nil {
		return time.Time{}, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return s.next(now), err // another process was faster
	}
	r, err := newRow(Job{Kind: s.Kind, Key: fmt.Sprintf("%s@%d", s.Name, at), Args: s.Args}, now)
	if err != nil {
		return time.Time{}, err
	}
	r.Schedule, r.Slot, r.Since = &s.Name, &at, &last
	_, err = insert(ctx, tx, r)
	return s.next(now), err
}
