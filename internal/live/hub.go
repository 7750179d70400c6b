package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
)

// HubConfig is how the hub works.
type HubConfig struct {
	Poll time.Duration // how often events of other processes are looked for; default 1 s
	Ring int           // events of a topic kept in memory; default 1024
}

// WithDefaults fills what is empty.
func (c HubConfig) WithDefaults() HubConfig {
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.Ring == 0 {
		c.Ring = 1024
	}
	return c
}

// Hub hands new events to the subscribers of this process.
type Hub struct {
	db     *store.DB
	cfg    HubConfig
	log    *slog.Logger
	notify chan struct{}

	mu     sync.Mutex
	topics map[string]*topic
	subs   map[*Subscription]struct{}
}

// topic is the newest end of one topic: a run of events without holes.
type topic struct {
	min, max int64 // as the store has them
	ring     []*Event
}

// Subscription signals that one of its topics moved. Read with Hub.Since, then wait for C again.
type Subscription struct {
	C      <-chan struct{}
	signal chan struct{}
	topics []string
	hub    *Hub
}

// NewHub makes a hub; Run keeps it going.
func NewHub(db *store.DB, cfg HubConfig, logger *slog.Logger) *Hub {
	return &Hub{
		db: db, cfg: cfg.WithDefaults(), log: logger, notify: make(chan struct{}, 1),
		topics: map[string]*topic{}, subs: map[*Subscription]struct{}{},
	}
}

// Epoch goes with every number a client remembers; numbers of another epoch mean nothing.
func (h *Hub) Epoch() string { return h.db.Epoch() }

// Notify makes the hub look for new events now. Commits of this process do that by themselves.
func (h *Hub) Notify() {
	select {
	case h.notify <- struct{}{}:
	default:
	}
}

// Run reads new events until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	signal, cancel := h.db.Watch(wakeTopic)
	defer cancel()
	for {
		if err := h.refresh(ctx); err != nil && ctx.Err() == nil {
			h.log.ErrorContext(ctx, "live events not read", "error", err)
		}
		timer := time.NewTimer(h.cfg.Poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-signal:
		case <-h.notify:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// refresh reads what is new in every topic, then signals.
func (h *Hub) refresh(ctx context.Context) (err error) {
	defer fundwatch.Wrap(&err, "live.refresh")
	var heads []struct {
		Topic string
		Next  int64
		Min   int64
	}
	err = h.db.Read().NewRaw(`SELECT topic, next_seq AS next, min_seq AS min FROM live_topic ORDER BY topic`).Scan(ctx, &heads)
	if err != nil {
		return err
	}
	for _, head := range heads {
		last := head.Next - 1
		h.mu.Lock()
		t := h.topics[head.Topic]
		h.mu.Unlock()
		if t != nil && t.max == last {
			continue
		}
		var fresh []*Event
		if t != nil && last > t.max {
			// Only the newest that fit; a burst longer than the ring is read from the store by those who need it.
			from := max(t.max, last-int64(h.cfg.Ring))
			b, err := Since(ctx, h.db, head.Topic, from, h.cfg.Ring)
			if err != nil {
				return err
			}
			fresh = b.Events
			if n := len(fresh); n > 0 {
				last = fresh[n-1].Seq
			}
		}
		h.store(head.Topic, head.Min, last, fresh)
	}
	return nil
}

// store puts fresh events behind the ring and signals the topic's subscribers.
func (h *Hub) store(name string, lowest, last int64, fresh []*Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.topics[name]
	t := &topic{min: lowest, max: last, ring: fresh}
	if old != nil && len(old.ring) > 0 && len(fresh) > 0 && old.max+1 == fresh[0].Seq {
		t.ring = append(old.ring, fresh...)
		if over := len(t.ring) - h.cfg.Ring; over > h.cfg.Ring/4 {
			t.ring = append(make([]*Event, 0, 2*h.cfg.Ring), t.ring[over:]...) // let go of the oldest
		}
	}
	h.topics[name] = t
	for s := range h.subs {
		s.wake(name)
	}
}

// Since is the package's Since, answered from memory where it can be.
func (h *Hub) Since(ctx context.Context, name string, after int64, limit int) (Batch, error) {
	h.mu.Lock()
	t := h.topics[name]
	h.mu.Unlock()
	if t == nil || gap(after, t.min, t.max) {
		return Since(ctx, h.db, name, after, limit)
	}
	if after == t.max {
		return Batch{Min: t.min, Max: t.max}, nil
	}
	if len(t.ring) == 0 || after+1 < t.ring[0].Seq {
		return Since(ctx, h.db, name, after, limit)
	}
	events := t.ring[after+1-t.ring[0].Seq:]
	return Batch{Events: events[:min(limit, len(events)):min(limit, len(events))], Min: t.min, Max: t.max}, nil
}

// Subscribe signals on C when one of the topics moves, and once at the start. Close it when done.
func (h *Hub) Subscribe(topics ...string) *Subscription {
	ch := make(chan struct{}, 1)
	ch <- struct{}{}
	s := &Subscription{C: ch, signal: ch, topics: topics, hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[s] = struct{}{}
	return s
}

// Close ends the subscription; C gets no further signals.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
}

func (s *Subscription) wake(topic string) {
	for _, t := range s.topics {
		if t == topic {
			select {
			case s.signal <- struct{}{}:
			default:
			}
			return
		}
	}
}
