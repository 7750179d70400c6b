package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"fundwatch"
	"fundwatch/internal/live"
)

const (
	liveProtocol = "sbf.live.v1"
	liveBatch    = 256 // frames read from the hub at once, and so the most that wait for one socket
	livePing     = 20 * time.Second
	liveDead     = 60 * time.Second // two pings unanswered, and some
	liveWrite    = 10 * time.Second
	liveAskSize  = 16 << 10
	liveTopics   = 16

	closeRevoked = 4003
	closeSlow    = 4008
)

// sockets keeps the live connections of this process.
type sockets struct {
	hub   *live.Hub
	build string
	now   func() time.Time
	// deadline is the instant so far from now on the wall.
	deadline func(time.Duration) time.Time
	most     int64
	meter    *metrics
	open     atomic.Int64
	// who finds the actor of a session again; it fails when the session has ended meanwhile.
	who func(ctx context.Context, token, address string) (fundwatch.Actor, error)
	// may reports whether the actor may follow the topic.
	may func(a fundwatch.Actor, topic string) bool
	// same reports whether the request comes from our own pages.
	same func(r *http.Request) bool
	done chan struct{}
	stop sync.Once
	wait sync.WaitGroup
}

// close ends all sockets and waits for them.
func (k *sockets) close() {
	k.stop.Do(func() { close(k.done) })
	k.wait.Wait()
}

// ServeHTTP turns a request with a session into a live socket.
func (k *sockets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offered := websocket.Subprotocols(r)
	if len(offered) != 1 || offered[0] != liveProtocol {
		writeProblem(w, r, newProblem(http.StatusBadRequest, string(fundwatch.Invalid), "实时连接应使用协议 "+liveProtocol))
		return
	}
	if k.open.Add(1) > k.most {
		k.open.Add(-1)
		p := newProblem(http.StatusServiceUnavailable, string(fundwatch.Unavailable), "实时连接已满，请稍后重试")
		p.RetryAfter = 30
		writeProblem(w, r, p)
		return
	}
	defer k.open.Add(-1)
	up := websocket.Upgrader{
		HandshakeTimeout: liveWrite, Subprotocols: []string{liveProtocol}, CheckOrigin: k.same,
		ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
		Error: func(w http.ResponseWriter, r *http.Request, status int, _ error) {
			writeProblem(w, r, newProblem(status, string(fundwatch.Denied), "实时连接被拒绝：来源或请求头不正确"))
		},
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	k.wait.Add(1)
	defer k.wait.Done()
	k.meter.sockets.Inc()
	defer k.meter.sockets.Dec()
	c := &socket{sockets: k, conn: conn, token: tokenOf(r.Context()), actor: actorOf(r.Context()), at: map[string]int64{}}
	c.serve(context.WithoutCancel(r.Context()))
}

// socket is one connection. Only serve writes to it.
type socket struct {
	*sockets
	conn  *websocket.Conn
	token string
	actor fundwatch.Actor
	order []string         // topics in the order they were asked for
	at    map[string]int64 // the last sequence the client knows, by topic
	sub   *live.Subscription
}

// errRevoked says that the session behind the socket is over.
var errRevoked = errors.New("session over")

func (c *socket) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	asks := make(chan LiveAsk)
	defer func() {
		cancel()
		if c.sub != nil {
			c.sub.Close()
		}
		_ = c.conn.Close() // the other side may have closed it already
		for range asks {   // let the reader go
		}
	}()
	go c.read(ctx, asks)
	now := c.now()
	if c.write(LiveFrame{Op: "hello", Epoch: c.hub.Epoch(), Build: c.build, Now: clock(now)}) != nil {
		return
	}
	ping := time.NewTicker(livePing)
	defer ping.Stop()
	for {
		var moved <-chan struct{}
		if c.sub != nil {
			moved = c.sub.C
		}
		var err error
		select {
		case <-c.done:
			c.bye(websocket.CloseGoingAway, "server stops")
			return
		case ask, ok := <-asks:
			if !ok {
				return
			}
			err = c.follow(ctx, ask)
		case <-moved:
			err = c.send(ctx)
		case <-ping.C:
			if err = c.check(ctx); err == nil {
				err = c.beat()
			}
		}
		if err != nil {
			c.end(err)
			return
		}
	}
}

// end closes with the code that tells the client what to do next.
func (c *socket) end(err error) {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errRevoked):
		c.bye(closeRevoked, "session over")
	case errors.As(err, &timeout) && timeout.Timeout():
		// Nothing is lost: the client comes back with the last sequence it has seen. The code reaches it only if
		// there is room for it on the line; the end of the connection does in any case.
		c.meter.dropped.Inc()
		c.bye(closeSlow, "too slow")
	default:
		c.bye(websocket.CloseInternalServerErr, "")
	}
}

func (c *socket) bye(code int, reason string) {
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), c.deadline(time.Second))
}

// read hands on what the client says until the connection ends.
func (c *socket) read(ctx context.Context, asks chan<- LiveAsk) {
	defer close(asks)
	c.conn.SetReadLimit(liveAskSize)
	alive := func(string) error { return c.conn.SetReadDeadline(c.deadline(liveDead)) }
	c.conn.SetPongHandler(alive)
	_ = alive("")
	for {
		kind, text, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		var ask LiveAsk
		if kind != websocket.TextMessage || json.Unmarshal(text, &ask) != nil {
			return // not our client
		}
		select {
		case asks <- ask:
		case <-ctx.Done():
			return
		}
	}
}

// follow adds or moves topics, then sends what they have.
func (c *socket) follow(ctx context.Context, ask LiveAsk) error {
	if ask.Op != "sub" {
		return nil
	}
	if err := c.check(ctx); err != nil {
		return err
	}
	for _, t := range ask.Topics {
		if _, known := c.at[t.Topic]; !known {
			if !c.may(c.actor, t.Topic) || len(c.order) == liveTopics {
				if err := c.write(LiveFrame{Op: "err", Topic: t.Topic, Problem: newProblem(http.StatusForbidden,
					string(fundwatch.Denied), "无权接收此类实时消息")}); err != nil {
					return err
				}
				continue
			}
			c.order = append(c.order, t.Topic)
		}
		frames, err := begin(ctx, c.hub, t, ask.Epoch)
		if err != nil {
			return err
		}
		c.at[t.Topic] = t.After
		for _, f := range frames {
			c.at[t.Topic] = f.Seq
			if err := c.write(f); err != nil {
				return err
			}
		}
	}
	if c.sub != nil {
		c.sub.Close()
	}
	c.sub = c.hub.Subscribe(c.order...)
	return c.send(ctx)
}

// send writes what is new in every topic. The session is looked up again for every batch, so that a right that
// was taken away ends with the next event.
func (c *socket) send(ctx context.Context) error {
	for _, topic := range c.order {
		for {
			batch, err := c.hub.Since(ctx, topic, c.at[topic], liveBatch)
			if err != nil {
				return err
			}
			if !batch.Gap && len(batch.Events) == 0 {
				break
			}
			if err := c.check(ctx); err != nil {
				return err
			}
			frames, at := framesOf(topic, c.at[topic], batch, c.actor.Scope)
			for _, f := range frames {
				if err := c.write(f); err != nil {
					return err
				}
			}
			c.at[topic] = at
			if !c.may(c.actor, topic) {
				return errRevoked
			}
		}
	}
	return nil
}

// check finds the actor anew.
func (c *socket) check(ctx context.Context) error {
	actor, err := c.who(ctx, c.token, c.actor.Address)
	if err != nil {
		if fundwatch.CodeOf(err) == fundwatch.Denied || fundwatch.CodeOf(err) == fundwatch.NotFound {
			return errRevoked
		}
		return err
	}
	c.actor = actor
	return nil
}

// beat shows both sides that the line stands: a frame for scripts, which cannot see control frames, and a control
// frame, which the browser answers by itself.
func (c *socket) beat() error {
	if err := c.conn.WriteControl(websocket.PingMessage, nil, c.deadline(liveWrite)); err != nil {
		return err
	}
	return c.write(LiveFrame{Op: "ping"})
}

func (c *socket) write(f LiveFrame) error {
	if err := c.conn.SetWriteDeadline(c.deadline(liveWrite)); err != nil {
		return err
	}
	return c.conn.WriteJSON(f)
}

// begin answers where a topic starts for a client: nothing when its sequence can be followed, else one frame that
// tells it the sequence to go on from.
func begin(ctx context.Context, hub *live.Hub, t LiveTopic, epoch string) ([]LiveFrame, error) {
	foreign := epoch != "" && epoch != hub.Epoch()
	if t.After >= 0 && !foreign {
		return nil, nil
	}
	batch, err := hub.Since(ctx, t.Topic, -1, 1) // never a number that was given out: tells the newest one
	if err != nil {
		return nil, err
	}
	if t.After < 0 && !foreign {
		return []LiveFrame{{Op: "skip", Topic: t.Topic, Seq: batch.Max}}, nil
	}
	return []LiveFrame{{Op: "resync", Topic: t.Topic, Seq: batch.Max, Reason: "epoch"}}, nil
}

// framesOf writes a batch for a reader with the scope and says how far it reaches. Events that are not his become
// one skip, so that a hole he may not look into is no loss he must worry about.
func framesOf(topic string, after int64, b live.Batch, scope fundwatch.Scope) (frames []LiveFrame, at int64) {
	if b.Gap {
		return []LiveFrame{{Op: "resync", Topic: topic, Seq: b.Max, Reason: "gap"}}, b.Max
	}
	at = after
	told := after
	for _, e := range b.Events {
		at = e.Seq
		if !e.VisibleTo(scope) {
			continue
		}
		if told != e.Seq-1 {
			frames = append(frames, LiveFrame{Op: "skip", Topic: topic, Seq: e.Seq - 1})
		}
		frames = append(frames, LiveFrame{
			Op: "ev", Topic: topic, Seq: e.Seq, ID: e.Key, At: clock(e.Time), AsOf: clock(e.AsOf), Data: e.Data,
		})
		told = e.Seq
	}
	if told != at {
		frames = append(frames, LiveFrame{Op: "skip", Topic: topic, Seq: at})
	}
	return frames, at
}
