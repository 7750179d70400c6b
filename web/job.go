package web

import (
	"context"
	"strconv"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/jobs"
	"fundwatch/internal/store"
)

// Job is work that goes on in the background.
type Job struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	State     string     `json:"state" enum:"waiting,running,done,dead"`
	StateName string     `json:"stateName"`
	Step      string     `json:"step" doc:"What it is doing, in Chinese"`
	Done      int64      `json:"done"`
	Total     int64      `json:"total" doc:"0 when unknown"`
	Attempts  int64      `json:"attempts"`
	Error     string     `json:"error" doc:"Why it failed, in Chinese"`
	CreatedAt time.Time  `json:"createdAt"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
}

// JobID names one job in the path.
type JobID struct {
	ID string `path:"id" maxLength:"64"`
}

// JobListInput narrows the list of jobs.
type JobListInput struct {
	Paging
	Kind  string `query:"kind" maxLength:"64"`
	State string `query:"state" enum:"waiting,running,done,dead,"`
}

func (s *Server) listJobs(ctx context.Context, _ fundwatch.Actor, in *JobListInput) (*Body[List[Job]], error) {
	state := map[string]jobs.State{"waiting": jobs.Ready, "running": jobs.Running, "done": jobs.Done, "dead": jobs.Dead}
	found, total, err := jobs.List(ctx, s.options.Store, jobs.Filter{
		Kind: in.Kind, State: state[in.State], Offset: int64(in.skip()), Limit: int64(in.Size),
	})
	if err != nil {
		return nil, err
	}
	out := make([]Job, 0, len(found))
	for _, j := range found {
		out = append(out, s.job(j))
	}
	return answer(listOf(out, total, in.Paging, time.Time{})), nil
}

func (s *Server) getJob(ctx context.Context, _ fundwatch.Actor, in *JobID) (*Body[Job], error) {
	j, err := jobs.Get(ctx, s.options.Store, in.ID)
	if err != nil {
		return nil, err
	}
	return answer(s.job(j)), nil
}

func (s *Server) retryJob(ctx context.Context, a fundwatch.Actor, in *JobID) (*Body[Job], error) {
	err := s.options.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := jobs.Retry(ctx, tx, in.ID); err != nil {
			return err
		}
		return s.options.Audit.Append(ctx, tx, audit.Entry{Actor: a, Action: "job.retry", Object: "job:" + in.ID})
	})
	if err != nil {
		return nil, err
	}
	return s.getJob(ctx, a, in)
}

// job is a background job on the wire. Its fault is written for the log; a person learns that there is one.
func (s *Server) job(j jobs.Info) Job {
	out := Job{
		ID: j.ID, Kind: j.Kind, Title: jobTitle(j.Kind), Attempts: int64(j.Attempt), CreatedAt: j.MadeAt,
		StartedAt: clock(j.StartedAt), EndedAt: clock(j.EndedAt),
	}
	switch j.State {
	case jobs.Running:
		out.State, out.StateName = "running", "进行中"
	case jobs.Done:
		out.State, out.StateName = "done", "已完成"
	case jobs.Dead:
		out.State, out.StateName = "dead", "已停止"
	default:
		out.State, out.StateName = "waiting", "等待中"
	}
	if j.Fault != "" && j.State != jobs.Done {
		out.Error = "执行失败，第 " + strconv.Itoa(j.Attempt) + " 次，详情见系统日志，任务编号 " + j.ID
	}
	for _, p := range s.options.Parts() {
		if p.Job == j.Kind && j.State == jobs.Running {
			out.Step, out.Done, out.Total = p.Note, p.Done, p.Total
		}
	}
	return out
}

// jobTitle is the Chinese name of a kind of job; an unknown one is returned as it is.
func jobTitle(kind string) string {
	switch kind {
	case "patrol.full":
		return "全量巡查"
	case "checks.run":
		return "运行数据校验"
	case "core.submit":
		return "向业务系统发送指令"
	default:
		return kind
	}
}

// accept answers that a job was enqueued.
func (s *Server) accept(j jobs.Info, err error) (*Accepted, error) {
	if err != nil {
		return nil, err
	}
	return &Accepted{Location: prefix + "/jobs/" + j.ID, Body: s.job(j)}, nil
}
