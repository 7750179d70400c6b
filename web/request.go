package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fundwatch"
)

// metrics are the figures about requests and sockets.
type metrics struct {
	requests *prometheus.HistogramVec
	sockets  prometheus.Gauge
	dropped  prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fundwatch_request_seconds", Help: "Time to answer a request, by operation and status.",
			Buckets: []float64{0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30},
		}, []string{"operation", "status"}),
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{Name: "fundwatch_live_clients", Help: "Open live sockets."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fundwatch_live_slow_total", Help: "Live sockets closed because their reader was too slow.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.sockets, m.dropped} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

type contextKey int

const (
	keyTrace contextKey = iota
	keyActor
	keyAddress
	keyToken
	keyOperation
)

// traceOf is the id under which the log knows the request.
func traceOf(ctx context.Context) string {
	id, _ := ctx.Value(keyTrace).(string)
	return id
}

// actorOf is who asks; the zero Actor, who may do nothing, when the route is open to everybody.
func actorOf(ctx context.Context) fundwatch.Actor {
	a, _ := ctx.Value(keyActor).(fundwatch.Actor)
	return a
}

// addressOf is where the request came from.
func addressOf(ctx context.Context) string {
	s, _ := ctx.Value(keyAddress).(string)
	return s
}

// tokenOf is the session token the request carried.
func tokenOf(ctx context.Context) string {
	s, _ := ctx.Value(keyToken).(string)
	return s
}

// client is the address of the browser. A forwarded address is believed only from a trusted proxy, and there the
// last one that is not itself a trusted proxy.
func client(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(host, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		host = next.Unmap().String()
	}
	return host
}

func within(host string, nets []netip.Prefix) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, n := range nets {
		if n.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// watched gives every request a trace id, a time, a log line and an answer even when the code under it panics.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := s.now()
		ctx := context.WithValue(r.Context(), keyTrace, rand.Text()[:16])
		ctx = context.WithValue(ctx, keyAddress, client(r, s.options.Proxies))
		ctx = context.WithValue(ctx, keyOperation, new(string))
		r = r.WithContext(ctx)
		out := &statusWriter{ResponseWriter: w}
		defer func() {
			if fault := recover(); fault != nil {
				s.log.ErrorContext(ctx, "request panicked", "trace", traceOf(ctx), "path", r.URL.Path,
					"panic", fault, "stack", string(debug.Stack()))
				if out.status == 0 {
					writeProblem(out, r, newProblem(http.StatusInternalServerError, string(fundwatch.Internal),
						fundwatch.MessageOf(errPanic)))
				}
			}
			s.account(ctx, r, out, s.now().Sub(begin))
		}()
		next.ServeHTTP(out, r)
	})
}

// account logs and measures one answered request. Paths stay out of the metrics: their number has no bound.
func (s *Server) account(ctx context.Context, r *http.Request, out *statusWriter, took time.Duration) {
	name, _ := ctx.Value(keyOperation).(*string)
	if *name == "" {
		*name = "pages"
	}
	status := max(out.status, http.StatusOK)
	s.metrics.requests.WithLabelValues(*name, strconv.Itoa(status)).Observe(took.Seconds())
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log.Log(ctx, level, "request", "trace", traceOf(ctx), "operation", *name, "method", r.Method, "status", status,
		"took", took.String(), "from", addressOf(ctx))
}

// statusWriter remembers the status. It unwraps, so that deadlines and the socket's hijack find the connection.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write answers 200 when nothing was said before.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack hands the connection to the live socket.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// writeProblem answers with a problem outside of huma.
func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	own := *p
	own.Instance = r.URL.Path
	own.TraceID = traceOf(r.Context())
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if own.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(own.RetryAfter))
	}
	w.WriteHeader(own.Status)
	_ = json.NewEncoder(w).Encode(&own) // the browser may be gone; nothing is left to tell it
}
