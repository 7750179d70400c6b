package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"fundwatch"
	"fundwatch/access"
)

const (
	bodyMost = 1 << 20
	fileMost = 256<<20 + 1<<20 // the file and the form around it
	// csrfHeader cannot be set by a foreign page without a preflight, which is never answered.
	csrfHeader = "X-Fundwatch"
)

var errPanic = errors.New("panic")

// gate is what every request to the API passes, in this order: the route, the size, where it comes from, who
// asks, what he may do, whether the thing was done before.
func (s *Server) gate(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, pattern := s.mux.Handler(r)
	route, ok := s.routes[pattern]
	if !ok {
		writeProblem(w, r, newProblem(http.StatusNotFound, string(fundwatch.NotFound), "没有这个接口，请检查地址与请求方法"))
		return
	}
	if name, ok := r.Context().Value(keyOperation).(*string); ok {
		*name = route.ID
	}
	most := int64(bodyMost)
	if route.Path == "/files" || route.Path == "/files/preview" {
		most = fileMost
		// A large file on a slow line takes longer than any other request may.
		far := s.options.Deadline(30 * time.Minute)
		control := http.NewResponseController(w)
		_, _ = control.SetReadDeadline(far), control.SetWriteDeadline(far)
	}
	if r.ContentLength > most {
		writeProblem(w, r, newProblem(http.StatusRequestEntityTooLarge, string(fundwatch.Invalid), "上传内容超过上限 256 MB，请拆分后重试"))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if r.Method != http.MethodGet && r.Method != http.MethodHead && (r.Header.Get(csrfHeader) == "" || !s.same(r)) {
		writeProblem(w, r, newProblem(http.StatusForbidden, codeCSRF, "请求不是从本系统页面发出的，已拒绝"))
		return
	}
	if route.Need != Public {
		ctx, problem := s.identify(r.Context(), r, route)
		if problem != nil {
			writeProblem(w, r, problem)
			return
		}
		r = r.WithContext(ctx)
	}
	if !route.early && s.features.Load() == nil {
		p := newProblem(http.StatusServiceUnavailable, string(fundwatch.Unavailable), "数据仓库正在启动，请稍候")
		p.RetryAfter = 3
		writeProblem(w, r, p)
		return
	}
	if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "" && route.Need != Public && !route.secret {
		s.replies.serve(w, r, actorOf(r.Context()), pattern, s.mux)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// identify finds who asks and whether he may. A denial is in the audit chain before it is answered.
func (s *Server) identify(ctx context.Context, r *http.Request, route Route) (context.Context, *Problem) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil, newProblem(http.StatusUnauthorized, codeUnauthenticated, "请先登录")
	}
	who := s.access.ActorByToken
	if route.quiet {
		who = s.access.Peek
	}
	actor, session, err := who(ctx, cookie.Value, addressOf(ctx))
	if err != nil {
		if code := fundwatch.CodeOf(err); code == fundwatch.Denied || code == fundwatch.NotFound {
			return nil, newProblem(http.StatusUnauthorized, codeUnauthenticated, fundwatch.MessageOf(err))
		}
		return nil, problemOf(err)
	}
	free := []string{"get-session", "logout", "change-password"}
	if session.MustChange && !slices.Contains(free, route.ID) {
		return nil, newProblem(http.StatusForbidden, codeMustChange, "请先修改口令")
	}
	ctx = context.WithValue(ctx, keyToken, cookie.Value)
	ctx = context.WithValue(ctx, keyActor, actor)
	if route.Need != Signed {
		if err := s.access.Check(ctx, actor, route.Need, route.ID); err != nil {
			return nil, problemOf(err)
		}
	}
	return ctx, nil
}

// same reports whether a request was made by our own pages: browsers name the origin of every request that
// changes something and of every socket. Programs that are no browser name none, and carry no cookie by accident.
func (s *Server) same(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	return u.Host == r.Host || (s.options.PublicURL != "" && origin == s.options.PublicURL)
}

// cookieName has the prefix that makes a browser refuse the cookie from anywhere but this host over TLS.
func (s *Server) cookieName() string {
	if s.options.Secure {
		return "__Host-fundwatch"
	}
	return "fundwatch"
}

// cookie writes the session cookie; an empty token clears it.
func (s *Server) cookie(token string) string {
	c := http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: s.options.Secure,
		SameSite: http.SameSiteStrictMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// mayFollow says who may follow which live topic.
func (s *Server) mayFollow(a fundwatch.Actor, topic string) bool {
	switch topic {
	case "alerts":
		return access.Require(a, access.AlertRead) == nil || access.Require(a, access.ScreenRead) == nil
	case "rounds":
		return access.Require(a, access.RuleRead) == nil || access.Require(a, access.ScreenRead) == nil
	case "intake":
		return access.Require(a, access.DataRead) == nil || access.Require(a, access.ScreenRead) == nil
	case "progress":
		return true
	default:
		return false
	}
}
