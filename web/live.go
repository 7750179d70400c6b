package web

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"fundwatch"
)

// LiveFrame is what the server says on the live socket and answers to a long poll. Which fields are set depends
// on Op: hello (epoch, build, now), ev (t, seq, id, ts, data), skip (t, seq: what lay between was not for this
// reader, go on from seq), resync (t, seq, reason: read the page's data anew), ping, err (problem).
type LiveFrame struct {
	Op      string          `json:"op" enum:"hello,ev,skip,resync,ping,err"`
	Topic   string          `json:"t,omitempty" doc:"alerts, intake, rounds, progress"`
	Seq     int64           `json:"seq,omitempty" doc:"Grows by topic, assigned where the event is stored"`
	ID      string          `json:"id,omitempty"`
	At      *time.Time      `json:"ts,omitempty"`
	AsOf    *time.Time      `json:"asOf,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Epoch   string          `json:"epoch,omitempty"`
	Build   string          `json:"build,omitempty"`
	Now     *time.Time      `json:"now,omitempty"`
	Problem *Problem        `json:"problem,omitempty"`
}

// LiveAsk is what a client says on the live socket: the topics it wants, each after the last sequence it has
// seen (-1: from now on), and the epoch those sequences belong to.
type LiveAsk struct {
	Op     string      `json:"op" enum:"sub,pong"`
	Topics []LiveTopic `json:"topics,omitempty"`
	Epoch  string      `json:"epoch,omitempty"`
}

// LiveTopic is one topic with the last sequence seen.
type LiveTopic struct {
	Topic string `json:"t"`
	After int64  `json:"after"`
}

// ChangesInput asks for what is new where no socket gets through; the answer waits up to 25 seconds.
type ChangesInput struct {
	Topics []string `query:"topics" required:"true" minItems:"1" maxItems:"8" doc:"topic:after, joined by commas: alerts:1042,rounds:-1"`
	Epoch  string   `query:"epoch" maxLength:"64"`
	Wait   int      `query:"wait" minimum:"0" maximum:"25" default:"25" doc:"Seconds to wait when nothing is new"`
}

// Changes is the answer of a long poll, the same frames as on the socket.
type Changes struct {
	Epoch  string      `json:"epoch"`
	Build  string      `json:"build"`
	Frames []LiveFrame `json:"frames"`
	Ask    *LiveAsk    `json:"ask,omitempty" doc:"Shape of what a client says on the socket; never set here"`
}

// poll answers a long poll: what is new, at once or as soon as something is, at the latest after Wait seconds.
func (s *Server) poll(ctx context.Context, a fundwatch.Actor, in *ChangesInput) (*Body[Changes], error) {
	topics, err := liveAsked(in.Topics)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(topics))
	for _, t := range topics {
		if !s.mayFollow(a, t.Topic) {
			return nil, fundwatch.Errorf(fundwatch.Denied, "无权接收此类实时消息")
		}
		names = append(names, t.Topic)
	}
	out := Changes{Epoch: s.hub.Epoch(), Build: s.pages.build, Frames: []LiveFrame{}}
	fresh := false
	for i, t := range topics {
		frames, err := begin(ctx, s.hub, t, in.Epoch)
		if err != nil {
			return nil, err
		}
		for _, f := range frames {
			topics[i].After = f.Seq
			// Where a topic starts is told with the answer, but is no reason to answer at once.
			fresh = fresh || f.Op != "skip"
		}
		out.Frames = append(out.Frames, frames...)
	}
	sub := s.hub.Subscribe(names...)
	defer sub.Close()
	late := time.NewTimer(time.Duration(in.Wait) * time.Second)
	defer late.Stop()
	for {
		for _, t := range topics {
			batch, err := s.hub.Since(ctx, t.Topic, t.After, liveBatch)
			if err != nil {
				return nil, err
			}
			frames, _ := framesOf(t.Topic, t.After, batch, a.Scope)
			fresh = fresh || len(frames) > 0
			out.Frames = append(out.Frames, frames...)
		}
		if fresh {
			return answer(out), nil
		}
		select {
		case <-sub.C:
		case <-late.C:
			return answer(out), nil
		case <-s.sockets.done:
			return answer(out), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// liveAsked reads topic:after.
func liveAsked(list []string) ([]LiveTopic, error) {
	out := make([]LiveTopic, 0, len(list))
	for _, item := range list {
		name, number, ok := strings.Cut(item, ":")
		after, err := strconv.ParseInt(number, 10, 64)
		if !ok || name == "" || err != nil {
			return nil, fundwatch.FieldErrorf("topics", "%q 应写成 主题:序号，例如 alerts:1042", item)
		}
		out = append(out, LiveTopic{Topic: name, After: after})
	}
	return out, nil
}
