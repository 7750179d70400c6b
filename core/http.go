package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fundwatch"
)

// Config says where the core is and how patient to be.
type Config struct {
	BaseURL  string        // address of the core, such as https://core.example.cn/api; required
	Token    string        // bearer token; required; never logged
	Plain    bool          // allow http:// to another machine, where a trusted proxy encrypts; default false
	Timeout  time.Duration // how long an answer may take to begin, and then stand still; default 30s
	Attempts int           // tries per call while the core is unavailable; default 5
	MaxWait  time.Duration // longest Retry-After that is waited for; default 1m
	MaxPage  int64         // largest page of a change feed in bytes; default 2 GiB
}

// WithDefaults fills in what was left zero.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	if c.MaxWait == 0 {
		c.MaxWait = time.Minute
	}
	if c.MaxPage == 0 {
		c.MaxPage = 2 << 30
	}
	return c
}

// String leaves the token out.
func (c Config) String() string { return "core at " + c.BaseURL }

// GoString leaves the token out of %#v too.
func (c Config) GoString() string { return c.String() }

// LogValue leaves the token out of logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// address checks the configuration and parses the address.
func (c Config) address() (*url.URL, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" {
		// The cause would quote an address that may carry a password, so it is left out.
		return nil, fundwatch.FieldErrorf("core.base_url", "业务系统地址应形如 https://主机:端口/路径，不带用户名和参数")
	}
	if u.Scheme == "http" && !c.Plain && !isLoopback(u.Hostname()) {
		return nil, fundwatch.FieldErrorf("core.base_url",
			"业务系统地址 %s 未加密，令牌会明文传输；请改用 https，或确认由可信代理加密后设置 core.plain: true", u.Host)
	}
	if c.Token == "" || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fundwatch.FieldErrorf("core.token", "业务系统接口令牌未填写，或含有空格等不允许的字符")
	}
	if c.Timeout < 0 || c.Attempts < 0 || c.MaxWait < 0 || c.MaxPage < 0 {
		return nil, fundwatch.FieldErrorf("core", "业务系统接口的时限、次数和大小不能为负数")
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Options are the client's dependencies.
type Options struct {
	Transport http.RoundTripper // default: a transport of its own that follows the proxy of the environment
	Now       func() time.Time  // required; reads Retry-After dates
	Logger    *slog.Logger      // default: silent
}

// HTTP is the Client of a core behind the contract of openapi.yaml. It is safe for many goroutines.
type HTTP struct {
	config Config
	base   *url.URL
	client *http.Client
	now    func() time.Time
	logger *slog.Logger
}

// Dial prepares a client. It does not call the core: a core that is down at start-up is met by retries later.
func Dial(c Config, o Options) (*HTTP, error) {
	base, err := c.address()
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		return nil, errors.New("core: Options.Now is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
		}
	}
	return &HTTP{
		config: c.WithDefaults(), base: base, now: o.Now, logger: o.Logger,
		client: &http.Client{
			Transport: o.Transport,
			// A redirect would carry the token to an address nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close drops idle connections.
func (c *HTTP) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Feeds implements Client.
func (c *HTTP) Feeds(ctx context.Context) (feeds []Feed, err error) {
	defer fundwatch.Wrap(&err, "core.Feeds")
	list, err := exchange(ctx, c, "feeds", request{path: "/v1/feeds"}, func(list *FeedList) error {
		seen := map[string]bool{}
		for _, f := range list.Feeds {
			if f.Table == "" || seen[f.Table] || f.Rows < 0 || !f.Head.Valid() {
				return fmt.Errorf("feed of table %q is unreadable or stands twice", f.Table)
			}
			seen[f.Table] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list.Feeds, nil
}

// Changes implements Client.
func (c *HTTP) Changes(ctx context.Context, table string, after Cursor) (page *Page, err error) {
	defer fundwatch.Wrap(&err, "core.Changes(%s)", table)
	if !validID(table) || !after.Valid() {
		return nil, fundwatch.FieldErrorf("table", "数据表代码“%s”或游标不合规定", clip(table, 20))
	}
	r := request{path: "/v1/changes/" + table, query: url.Values{"after": {string(after)}}, accept: ArrowStream}
	err = c.retry(ctx, "changes", func() error {
		res, err := c.send(ctx, r)
		if err != nil {
			return err
		}
		page, err = c.page(res, table, after)
		if err != nil || page.Rows == 0 {
			_ = res.Body.Close() // nothing of it is used
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// page reads an answer's description and puts the checks around its body.
func (c *HTTP) page(res *http.Response, table string, after Cursor) (*Page, error) {
	page, err := readPageHeader(res.Header, table, after)
	if err != nil {
		return nil, garbage(err)
	}
	if level := res.StatusCode == http.StatusNoContent; level != (page.Rows == 0) {
		return nil, garbage(fmt.Errorf("status %d with %d rows", res.StatusCode, page.Rows))
	}
	if page.Rows == 0 {
		return page, nil
	}
	if err := wantType(res, ArrowStream); err != nil {
		return nil, garbage(err)
	}
	page.Body = newPageBody(res.Body, page, c.config.MaxPage, func(cause error) error {
		if code := fundwatch.CodeOf(cause); code == fundwatch.Unavailable {
			return cause
		}
		return fundwatch.Errorf(fundwatch.Unavailable,
			"业务系统送来的数据表 %s 不完整或与申报的行数、校验值不符，已整批作废，稍后重新获取: %w", table, cause)
	})
	return page, nil
}

// Profile implements Client.
func (c *HTTP) Profile(ctx context.Context, s fundwatch.Subject) (profile *Profile, err error) {
	defer fundwatch.Wrap(&err, "core.Profile(%s)", s.Kind)
	var folder string
	switch s.Kind {
	case fundwatch.SubjectPerson:
		folder = "/v1/persons/"
	case fundwatch.SubjectUnit:
		folder = "/v1/units/"
	case SubjectCase:
		folder = "/v1/cases/"
	default:
		return nil, fundwatch.FieldErrorf("kind", "业务系统没有“%s”这一类对象的档案", clip(string(s.Kind), 20))
	}
	if !validID(s.ID) {
		return nil, fundwatch.FieldErrorf("id", "档案编号须为1至%d位字母、数字或 - _ . :", maxDirectiveID)
	}
	return exchange(ctx, c, "profile", request{path: folder + s.ID}, func(p *Profile) error {
		if p.Subject != s {
			return fmt.Errorf("asked for a %s, got the profile of another subject", s.Kind)
		}
		return nil
	})
}

// Submit implements Client.
func (c *HTTP) Submit(ctx context.Context, d Directive) (status *DirectiveStatus, err error) {
	defer fundwatch.Wrap(&err, "core.Submit(%s)", d.ID)
	if err := d.Validate(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	r := request{method: http.MethodPut, path: "/v1/directives/" + d.ID, body: body}
	return exchange(ctx, c, "submit", r, func(s *DirectiveStatus) error {
		if s.Directive.ID != d.ID || s.Seq <= 0 || !s.State.known() {
			return errors.New("answer is not about the directive")
		}
		return nil
	})
}

// Directives implements Client. A limit above MaxDirectives is cut to it.
func (c *HTTP) Directives(ctx context.Context, after int64, limit int) (list []DirectiveStatus, err error) {
	defer fundwatch.Wrap(&err, "core.Directives")
	if after < 0 || limit < 1 {
		return nil, fundwatch.FieldErrorf("limit", "指令状态的起始序号不能为负数，条数至少为1")
	}
	limit = min(limit, MaxDirectives)
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {strconv.Itoa(limit)}}
	got, err := exchange(ctx, c, "directives", request{path: "/v1/directives", query: query}, func(got *DirectiveList) error {
		last := after
		for _, s := range got.Directives {
			if s.Seq <= last || !s.State.known() || s.Directive.ID == "" {
				return fmt.Errorf("directive states out of order or unreadable after %d", last)
			}
			last = s.Seq
		}
		if len(got.Directives) > limit {
			return fmt.Errorf("asked for %d directive states, got %d", limit, len(got.Directives))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got.Directives, nil
}

func (s DirectiveState) known() bool {
	return s == Received || s == InProgress || s == Answered || s == Refused
}

// maxJSON bounds an answer in JSON; the largest is the profile of a unit.
const maxJSON = 32 << 20

type request struct {
	method string // default GET
	path   string
	query  url.Values
	accept string // default JSON
	body   []byte
}

// exchange sends the request until it is answered in JSON that check accepts.
func exchange[T any](ctx context.Context, c *HTTP, operation string, r request, check func(*T) error) (*T, error) {
	var out *T
	err := c.retry(ctx, operation, func() error {
		res, err := c.send(ctx, r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		out = new(T)
		if err := readJSON(res, out); err != nil {
			return garbage(err)
		}
		if err := check(out); err != nil {
			return garbage(err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func readJSON(res *http.Response, out any) error {
	if err := wantType(res, "application/json"); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxJSON+1))
	if err != nil {
		return err
	}
	if len(body) > maxJSON {
		return fmt.Errorf("answer is larger than %d bytes", maxJSON)
	}
	return json.Unmarshal(body, out)
}

// send tries once. It returns an answer of status 200, 201 or 204 whose body the caller closes.
func (c *HTTP) send(ctx context.Context, r request) (*http.Response, error) {
	u := c.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	method := http.MethodGet
	if r.method != "" {
		method = r.method
	}
	ctx, watch := newStallWatch(ctx, c.config.Timeout)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		watch.cancel(nil)
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.config.Token)
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept+", "+ProblemJSON)
		req.Header.Set("Accept-Encoding", "identity") // the checksum is that of the bytes on the wire
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	watch.start()
	res, err := c.client.Do(req)
	watch.stop()
	if err != nil {
		defer watch.cancel(nil)
		return nil, unreachable(watch.reason(err))
	}
	res.Body = &watchedBody{src: res.Body, watch: watch}
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return res, nil
	default:
		defer func() { _ = res.Body.Close() }()
		return nil, c.failure(res)
	}
}

// failure reads an answer that is none. What the core says is passed on to people only where they can mend it.
func (c *HTTP) failure(res *http.Response) error {
	var p Problem
	if wantType(res, ProblemJSON) == nil {
		body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if err != nil || json.Unmarshal(body, &p) != nil {
			p = Problem{}
		}
	}
	detail := clip(strings.ReplaceAll(p.Detail, c.config.Token, "***"), 300)
	cause := fmt.Errorf("core answered %d %s", res.StatusCode, detail)
	switch code := codeOf(res.StatusCode); code {
	case fundwatch.Denied:
		return fundwatch.Errorf(code, "业务系统不认可本系统的接口凭证，请管理员核对接口令牌及其权限: %w", cause)
	case fundwatch.Invalid, fundwatch.NotFound, fundwatch.Conflict:
		if detail == "" {
			detail = "未说明原因"
		}
		e := fundwatch.Errorf(code, "业务系统未受理：%s", detail)
		e.Field, e.Err = clip(p.Field, 100), cause
		return e
	default:
		return c.unavailable(res, cause)
	}
}

func (c *HTTP) unavailable(res *http.Response, cause error) error {
	if res.StatusCode < 400 {
		return garbage(cause) // a redirect, or a success that the contract does not know
	}
	after, asked := retryAfter(res.Header, c.now())
	sentence := "业务系统暂时无法提供服务，请稍后再试: %w"
	if res.StatusCode == http.StatusTooManyRequests {
		sentence = "业务系统限制了访问频率，请稍后再试: %w"
	}
	err := fundwatch.Errorf(fundwatch.Unavailable, sentence, cause)
	if !asked {
		return err
	}
	return &askedToWait{after: after, err: err}
}

func wantType(res *http.Response, want string) error {
	got, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || got != want {
		return fmt.Errorf("content type is %q, want %s", clip(res.Header.Get("Content-Type"), 100), want)
	}
	return nil
}

// garbage is an answer that the contract does not allow. A failure of the connection keeps its own sentence.
func garbage(cause error) error {
	if fundwatch.CodeOf(cause) == fundwatch.Unavailable {
		return cause
	}
	return fundwatch.Errorf(fundwatch.Unavailable,
		"业务系统返回的内容不符合接口约定，本次结果作废；持续出现时请联系业务系统维护人员: %w", cause)
}

// unreachable is a call without an answer, or with one that broke off.
func unreachable(err error) error {
	switch {
	case errors.Is(err, errStalled):
		return fundwatch.Errorf(fundwatch.Unavailable, "业务系统未在规定时间内响应，请稍后再试: %w", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fundwatch.Errorf(fundwatch.Unavailable, "对业务系统的请求已中止: %w", err)
	default:
		return fundwatch.Errorf(fundwatch.Unavailable, "业务系统连接不上或连接中断，请检查网络和业务系统地址后再试: %w", err)
	}
}
