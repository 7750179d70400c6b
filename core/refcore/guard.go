package refcore

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// Fault is what goes wrong with one request. The zero Fault is none.
type Fault struct {
	Delay      time.Duration // before anything else
	Status     int           // answered instead, as a problem
	RetryAfter time.Duration // with Status, in whole seconds
	Garbage    bool          // a page of some proxy instead of an answer
	CutAfter   int64         // the connection breaks after so many bytes of the body
}

// Limit is how often a token may ask.
type Limit struct {
	PerSecond float64 // requests a second in the long run; default 200
	Burst     int     // requests at once; default 400
}

func (l Limit) withDefaults() Limit {
	if l.PerSecond == 0 {
		l.PerSecond = 200
	}
	if l.Burst == 0 {
		l.Burst = 400
	}
	return l
}

// ServeHTTP implements http.Handler: faults, then the limit, then the token, then the route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Faults != nil {
		var done bool
		if w, done = s.fault(w, r); done {
			return
		}
	}
	token, known := s.authenticate(r)
	if wait := s.limiter.take(token); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		writeProblem(w, http.StatusTooManyRequests, fundwatch.Errorf(fundwatch.Unavailable, "访问过于频繁，请按 Retry-After 指明的秒数等待后再试"))
		return
	}
	if !known {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeProblem(w, http.StatusUnauthorized, fundwatch.Errorf(fundwatch.Denied, "接口令牌缺失或无效"))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// fault plays what is to go wrong and says whether the request is done with.
func (s *Server) fault(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, bool) {
	f := s.o.Faults(r)
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return w, true
		}
	}
	switch {
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
		}
		writeProblem(w, f.Status, fundwatch.Errorf(fundwatch.Unavailable, "系统维护中，请稍后再试"))
		return w, true
	case f.Garbage:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>502 Bad Gateway</body></html>"))
		return w, true
	case f.CutAfter > 0:
		return &cutWriter{ResponseWriter: w, left: f.CutAfter}, false
	}
	return w, false
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int64
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if int64(len(p)) < w.left {
		w.left -= int64(len(p))
		return w.ResponseWriter.Write(p)
	}
	_, _ = w.ResponseWriter.Write(p[:w.left])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// authenticate compares the token in constant time with all that are known. Strangers share one limit.
func (s *Server) authenticate(r *http.Request) (who int, known bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(token))
	who = -1
	for i, t := range s.tokens {
		if subtle.ConstantTimeCompare(sum[:], t[:]) == 1 {
			who = i
		}
	}
	if !strings.EqualFold(scheme, "Bearer") {
		who = -1
	}
	return who, who >= 0
}

// limiter is a bucket of requests per token that fills steadily.
type limiter struct {
	limit Limit
	now   func() time.Time
	mu    sync.Mutex
	level map[int]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(l Limit, now func() time.Time) *limiter {
	return &limiter{limit: l, now: now, level: map[int]bucket{}}
}

// take takes one request out of the bucket, or says how long to wait for it.
func (l *limiter) take(who int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, ok := l.level[who]
	if !ok {
		b = bucket{left: float64(l.limit.Burst), at: now}
	}
	b.left = min(b.left+now.Sub(b.at).Seconds()*l.limit.PerSecond, float64(l.limit.Burst))
	b.at = now
	var wait time.Duration
	if b.left >= 1 {
		b.left--
	} else {
		wait = time.Duration((1 - b.left) / l.limit.PerSecond * float64(time.Second))
	}
	l.level[who] = b
	return wait
}

// handler answers a request or says why it cannot.
type handler func(http.ResponseWriter, *http.Request) error

// statusError is an error whose status its code does not tell.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }

// serve turns the error of a handler into a problem. What is our own fault goes to the log in full.
func (s *Server) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		status := 0
		var special *statusError
		if errors.As(err, &special) {
			status = special.status
		}
		if code := fundwatch.CodeOf(err); code == fundwatch.Internal || code == fundwatch.Unavailable {
			s.logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
		writeProblem(w, status, err)
	}
}

// writeProblem answers with an error; status 0 follows from the error's code.
func writeProblem(w http.ResponseWriter, status int, err error) {
	p := core.ProblemOf(err)
	if status != 0 {
		p.Status, p.Title = status, http.StatusText(status)
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // a Problem holds nothing that JSON cannot
	}
	h := w.Header()
	for _, name := range []string{core.HeaderAfter, core.HeaderNext, core.HeaderRows, core.HeaderSums, core.HeaderAsOf, core.HeaderSHA, "Content-Length"} {
		h.Del(name)
	}
	h.Set("Content-Type", core.ProblemJSON)
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody is left to tell
	return nil
}
