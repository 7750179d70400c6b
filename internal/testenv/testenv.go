// Package testenv runs the whole workbench for tests (测试环境): the real application on a port of its own, over a
// small synthetic province behind its reference core.
//
// It owns nothing that ships. Tests speak as people: r.As("jiandu") logs in and asks over HTTP; every JSON answer
// is held against the contract, so a field that the contract does not know fails the test that met it.
package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/websocket"

	"fundwatch/access"
	"fundwatch/core/synth"
	"fundwatch/internal/app"
	"fundwatch/internal/conf"
	"fundwatch/web"
)

// Options say what to run. The zero Options are a province of 2,000 persons whose days go by on demand.
type Options struct {
	Persons int
	Seed    uint64
	Reveals int // a person a day; default 50
	Logger  *slog.Logger
}

// Runner is a running workbench.
type Runner struct {
	t        testing.TB
	options  Options
	data     string
	App      *app.App
	Province *app.Province
	URL      string

	password map[string]string
	Role     map[string]string // by login
}

// Start brings everything up and waits until the first round is over. All ends with the test.
func Start(t testing.TB, o Options) *Runner {
	t.Helper()
	if o.Persons == 0 {
		o.Persons = 2000
	}
	if o.Seed == 0 {
		o.Seed = 11
	}
	if o.Reveals == 0 {
		o.Reveals = 50
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Runner{t: t, options: o, data: t.TempDir(), password: map[string]string{}, Role: map[string]string{}}
	var err error
	r.Province, err = app.OpenProvince(t.Context(), app.ProvinceOptions{
		Dir: r.data + "/demo", Seed: o.Seed, Persons: o.Persons, Answers: 50 * time.Millisecond, Logger: o.Logger,
	})
	if err != nil {
		t.Fatalf("province: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Province.Close(context.Background()); err != nil {
			t.Errorf("close the province: %v", err)
		}
	})
	r.Open()
	t.Cleanup(r.Close)
	accounts, err := r.App.Access().SeedDemo(t.Context())
	if err != nil {
		t.Fatalf("accounts: %v", err)
	}
	for _, a := range accounts {
		r.password[a.Login], r.Role[a.Login] = a.Password, a.Role
	}
	r.WaitLevel()
	return r
}

// Open starts the workbench over the data of the test.
func (r *Runner) Open() {
	r.t.Helper()
	c := conf.Default()
	c.Data, c.Web.Address, c.Core.URL, c.Core.Token = r.data, "127.0.0.1:0", r.Province.URL, r.Province.Token
	c.Core.Every, c.Patrol.Full, c.Checks.At, c.Access.Reveals = 100*time.Millisecond, "", "", r.options.Reveals
	c.Warehouse.Memory = "1GB"
	a, err := app.New(r.t.Context(), app.Options{
		Config: c, Logger: r.options.Logger, Demo: true, Version: "test", Hash: access.HashConfig{MemoryKiB: 64, Passes: 1},
	})
	if err != nil {
		r.t.Fatalf("open: %v", err)
	}
	r.App = a
	if err := a.Start(r.t.Context()); err != nil {
		r.t.Fatalf("start: %v", err)
	}
	r.URL = "http://" + a.Addr()
	if err := a.Ready(r.t.Context()); err != nil {
		r.t.Fatalf("ready: %v", err)
	}
}

// Close stops the workbench; the province goes on.
func (r *Runner) Close() {
	r.t.Helper()
	if r.App == nil {
		return
	}
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.App.Stop(grace); err != nil {
		r.t.Errorf("stop: %v", err)
	}
	r.App = nil
}

// NextDay plays a business day and waits until the workbench has judged it.
func (r *Runner) NextDay() {
	r.t.Helper()
	if err := r.Province.NextDay(r.t.Context()); err != nil {
		r.t.Fatalf("next day: %v", err)
	}
	r.WaitLevel()
}

// WaitLevel waits until the warehouse holds the province's last day and the rules have judged it.
func (r *Runner) WaitLevel() {
	r.t.Helper()
	v := r.As("jiance")
	day := r.Province.Today().Format(time.DateOnly)
	r.Wait("the round of "+day, func() bool {
		list := Get[web.List[web.Round]](v, "/rounds?size=1")
		return len(list.Items) == 1 && list.Items[0].AsOf != nil && list.Items[0].AsOf.Format(time.DateOnly) >= day &&
			list.Items[0].State == "done"
	})
}

// Wait asks until what says yes.
func (r *Runner) Wait(what string, done func() bool) {
	r.t.Helper()
	late := time.After(90 * time.Second)
	for !done() {
		select {
		case <-late:
			r.t.Fatalf("waited in vain for %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Truth is what really happened so far.
func (r *Runner) Truth() []synth.Truth {
	r.t.Helper()
	truth, err := r.Province.Truth()
	if err != nil {
		r.t.Fatalf("truth: %v", err)
	}
	return truth
}

// Visitor is a person at a browser.
type Visitor struct {
	r      *Runner
	Login  string
	cookie string
}

// Password is what the person types to log in.
func (r *Runner) Password(login string) string { return r.password[login] }

// Nobody is a browser without a session.
func (r *Runner) Nobody() *Visitor { return &Visitor{r: r, Login: "nobody"} }

// As logs in.
func (r *Runner) As(login string) *Visitor {
	r.t.Helper()
	v := &Visitor{r: r, Login: login}
	a := v.Do(http.MethodPost, "/session", map[string]string{"login": login, "password": r.password[login]})
	if a.Status != http.StatusOK {
		r.t.Fatalf("%s cannot log in: %d %s", login, a.Status, a.Body)
	}
	v.cookie, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return v
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Code is the code of a problem.
func (a Answer) Code() string {
	var p struct{ Code string }
	_ = json.Unmarshal([]byte(a.Body), &p) // an answer that is no problem has no code
	return p.Code
}

// Get asks for a value; anything but 200 fails the test.
func Get[T any](v *Visitor, path string) T {
	v.r.t.Helper()
	return into[T](v, path, v.Do(http.MethodGet, path, nil))
}

// Post sends a body and reads a value; anything but success fails the test.
func Post[T any](v *Visitor, path string, body any) T {
	v.r.t.Helper()
	return into[T](v, path, v.Do(http.MethodPost, path, body))
}

func into[T any](v *Visitor, path string, a Answer) T {
	v.r.t.Helper()
	var out T
	if a.Status >= http.StatusMultipleChoices {
		v.r.t.Fatalf("%s at %s: %d %s", v.Login, path, a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil {
		v.r.t.Fatalf("%s at %s: %v: %s", v.Login, path, err, a.Body)
	}
	return out
}

// Do asks anything.
func (v *Visitor) Do(method, path string, body any) Answer {
	v.r.t.Helper()
	var reader io.Reader
	kind := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			v.r.t.Fatal(err)
		}
		reader, kind = bytes.NewReader(b), "application/json"
	}
	return v.send(method, path, kind, reader)
}

// Upload sends a file with form fields.
func (v *Visitor) Upload(path, name string, content []byte, fields map[string]string) Answer {
	v.r.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		v.r.t.Fatal(err)
	}
	_, _ = part.Write(content) // into memory
	for k, value := range fields {
		_ = form.WriteField(k, value) // into memory
	}
	_ = form.Close()
	return v.send(http.MethodPost, path, form.FormDataContentType(), &b)
}

func (v *Visitor) send(method, path, kind string, body io.Reader) Answer {
	v.r.t.Helper()
	req, err := http.NewRequestWithContext(v.r.t.Context(), method, v.r.URL+"/api/v1"+path, body)
	if err != nil {
		v.r.t.Fatal(err)
	}
	req.Header.Set("X-Fundwatch", "1")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if v.cookie != "" {
		req.Header.Set("Cookie", v.cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.r.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := Answer{res.StatusCode, res.Header, string(b)}
	v.r.hold(method, path, a)
	return a
}

// hold compares an answer with the contract.
func (r *Runner) hold(method, path string, a Answer) {
	r.t.Helper()
	at, _, _ := strings.Cut(path, "?")
	api := r.App.Web().API()
	operation := find(api, method, at)
	if operation == nil || !strings.Contains(a.Header.Get("Content-Type"), "json") {
		return
	}
	schema := api.Components.Schemas.Map()["Problem"]
	if a.Status < http.StatusMultipleChoices {
		response := operation.Responses[strconv.Itoa(a.Status)]
		if response == nil || response.Content["application/json"] == nil {
			r.t.Errorf("%s %s answers %d, which the contract does not know", method, at, a.Status)
			return
		}
		schema = response.Content["application/json"].Schema
	}
	var value any
	if err := json.Unmarshal([]byte(a.Body), &value); err != nil {
		r.t.Errorf("%s %s: %v", method, at, err)
		return
	}
	result := &huma.ValidateResult{}
	huma.Validate(api.Components.Schemas, schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, value, result)
	for _, fault := range result.Errors {
		r.t.Errorf("%s %s is not what the contract says: %v", method, at, fault)
	}
}

// find is the operation that a path belongs to.
func find(api *huma.OpenAPI, method, path string) *huma.Operation {
	parts := strings.Split(path, "/")
	var best *huma.Operation
	fewest := len(parts) + 1
	for pattern, item := range api.Paths {
		want := strings.Split(pattern, "/")
		names := 0
		fits := len(want) == len(parts)
		for i := range want {
			if !fits {
				break
			}
			if strings.HasPrefix(want[i], "{") {
				names++
				continue
			}
			fits = want[i] == parts[i]
		}
		op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[method]
		if fits && op != nil && names < fewest {
			best, fewest = op, names
		}
	}
	return best
}

// Line is a live socket.
type Line struct {
	t    testing.TB
	conn *websocket.Conn
}

// Listen opens a socket on topics from now on.
func (v *Visitor) Listen(topics ...string) *Line {
	v.r.t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"sbf.live.v1"}}
	u, err := url.Parse(v.r.URL)
	if err != nil {
		v.r.t.Fatal(err)
	}
	conn, _, err := d.DialContext(v.r.t.Context(), "ws://"+u.Host+"/api/v1/live", http.Header{"Cookie": {v.cookie}})
	if err != nil {
		v.r.t.Fatalf("socket of %s: %v", v.Login, err)
	}
	v.r.t.Cleanup(func() { _ = conn.Close() })
	ask := web.LiveAsk{Op: "sub"}
	for _, t := range topics {
		ask.Topics = append(ask.Topics, web.LiveTopic{Topic: t, After: -1})
	}
	if err := conn.WriteJSON(ask); err != nil {
		v.r.t.Fatal(err)
	}
	return &Line{v.r.t, conn}
}

// Event waits for the next event of a topic that is the one that want describes.
func (l *Line) Event(topic string, want func(web.LiveFrame) bool) web.LiveFrame {
	l.t.Helper()
	late := time.AfterFunc(60*time.Second, func() { _ = l.conn.Close() }) // ends the read below
	defer late.Stop()
	for {
		var f web.LiveFrame
		if err := l.conn.ReadJSON(&f); err != nil {
			l.t.Fatalf("no such event of %s: %v", topic, err)
		}
		if f.Op == "ev" && f.Topic == topic && want(f) {
			return f
		}
	}
}
