package browsertest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// wire is the line between the browser and the program, which a test can cut.
type wire struct {
	listener net.Listener
	target   string

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// newWire lays a line to the program at base.
func newWire(t *testing.T, base string) *wire {
	t.Helper()
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, target: at.Host, open: map[net.Conn]struct{}{}}
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
	})
	go w.serve()
	return w
}

// URL is where the browser goes.
func (w *wire) URL() string { return "http://" + w.listener.Addr().String() }

// cut breaks every connection, as a network does that fails for a moment.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close()
	}
}

func (w *wire) serve() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.carry(c)
	}
}

func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	w.open[near] = struct{}{}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.open, near)
		w.mu.Unlock()
	}()
	go func() {
		_, _ = io.Copy(far, near) // ends with either side
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
}
