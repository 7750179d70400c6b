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

// latest is the last slot up to now, given that first is one. Years of downtime cost a few steps and not a million:
// it looks for slots in ever longer spans before now.
func (s timetable) latest(first, now time.Time) time.Time {
	for back := time.Hour; ; back *= 8 {
		from := now.Add(-back)
		if !from.After(first) {
			from = first
		}
		slot := time.Time{}
		for t := s.next(from); !t.IsZero() && !t.After(now); t = s.next(t) {
			slot = t
		}
		if !slot.IsZero() {
			return slot
		}
		if from.Equal(first) {
			return first
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
	slot := s.next(time.UnixMilli(last))
	if slot.IsZero() || slot.After(now) {
		return slot, nil
	}
	slot = s.latest(slot, now)
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
