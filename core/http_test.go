package core_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch"
	"fundwatch/core"
)

const token = "s3cret-token-of-the-workbench"

func now() time.Time { return time.Date(2026, 11, 5, 9, 0, 0, 0, fundwatch.Shanghai()) }

// stream writes an Arrow stream of batches of the given lengths.
func stream(tb testing.TB, lengths ...int) []byte {
	tb.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "AAC001", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "AAC003", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(schema))
	for _, n := range lengths {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := range n {
			b.Field(0).(*array.Int64Builder).Append(int64(i))
			b.Field(1).(*array.StringBuilder).Append(strings.Repeat("名", i%7))
		}
		if err := w.Write(b.NewRecordBatch()); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func pageOf(body []byte, rows int64) *core.Page {
	sum := sha256.Sum256(body)
	return &core.Page{
		Table: "AC01", Next: "1", Rows: rows, SHA: hex.EncodeToString(sum[:]), AsOf: now(),
		Sums: map[string]int64{"AAE019": -5, "AAE080": 7},
	}
}

func servePage(p *core.Page, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		p.SetHeader(w.Header())
		w.Header().Set("Content-Type", core.ArrowStream)
		_, _ = w.Write(body)
	}
}

func dial(tb testing.TB, h http.Handler, change func(*core.Config)) *core.HTTP {
	tb.Helper()
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	c := core.Config{BaseURL: srv.URL, Token: token, Attempts: 1}
	if change != nil {
		change(&c)
	}
	client, err := core.Dial(c, core.Options{Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

func TestPageIsReadAndChecked(t *testing.T) {
	body := stream(t, 3, 4)
	client := dial(t, servePage(pageOf(body, 7), body), nil)
	page, err := client.Changes(t.Context(), "AC01", "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(page.Body)
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("read %d of %d bytes: %v", len(got), len(body), err)
	}
	if page.Next != "1" || page.Sums["AAE080"] != 7 || page.Sums["AAE019"] != -5 || !page.AsOf.Equal(now()) {
		t.Fatalf("page described wrongly: %+v", page)
	}
	if err := page.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPageThatIsNotAsAnnouncedFailsAtItsEnd(t *testing.T) {
	body := stream(t, 3, 4)
	flipped := bytes.Clone(body)
	flipped[len(flipped)-20] ^= 1
	for _, c := range []struct {
		name  string
		page  *core.Page
		body  []byte
		limit int64
	}{
		{"half a stream", pageOf(body, 7), body[:len(body)/2], 0},
		{"half a stream, honestly summed", pageOf(body[:len(body)/2], 7), body[:len(body)/2], 0},
		{"rows missing", pageOf(body, 8), body, 0},
		{"a bit flipped", pageOf(body, 7), flipped, 0},
		{"not Arrow", pageOf([]byte("<html>维护中</html>"), 7), []byte("<html>维护中</html>"), 0},
		{"bytes after the end", pageOf(append(bytes.Clone(body), 0), 7), append(bytes.Clone(body), 0), 0},
		{"empty", pageOf(nil, 7), nil, 0},
		{"too large", pageOf(body, 7), body, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := dial(t, servePage(c.page, c.body), func(cfg *core.Config) { cfg.MaxPage = c.limit })
			page, err := client.Changes(t.Context(), "AC01", "")
			if err != nil {
				t.Fatal(err)
			}
			defer page.Body.Close()
			if _, err = io.ReadAll(page.Body); fundwatch.CodeOf(err) != fundwatch.Unavailable {
				t.Fatalf("want Unavailable, got %v", err)
			}
			if _, again := page.Body.Read(make([]byte, 8)); !errors.Is(again, err) {
				t.Fatalf("the fault must stay: %v", again)
			}
			if !strings.Contains(fundwatch.MessageOf(err), "AC01") {
				t.Errorf("sentence does not name the table: %s", fundwatch.MessageOf(err))
			}
		})
	}
}

func TestPageDescriptionsThatMakeNoSense(t *testing.T) {
	body := stream(t, 7)
	for header, value := range map[string]string{
		core.HeaderAfter: "9", core.HeaderNext: "", core.HeaderRows: "many", core.HeaderSHA: "ABC",
		core.HeaderAsOf: "yesterday", core.HeaderSums: "AAE019", "Content-Type": "text/html",
	} {
		t.Run(header, func(t *testing.T) {
			client := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				pageOf(body, 7).SetHeader(w.Header())
				w.Header().Set("Content-Type", core.ArrowStream)
				w.Header().Set(header, value)
				_, _ = w.Write(body)
			}), nil)
			if _, err := client.Changes(t.Context(), "AC01", ""); fundwatch.CodeOf(err) != fundwatch.Unavailable {
				t.Fatalf("want Unavailable, got %v", err)
			}
		})
	}
}

func TestStandingStillEndsTheCall(t *testing.T) {
	body := stream(t, 3, 4)
	for _, head := range []int{0, len(body) / 2} {
		client := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if head > 0 {
				servePage(pageOf(body, 7), body[:head])(w, nil)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}), func(c *core.Config) { c.Timeout = 50 * time.Millisecond })
		page, err := client.Changes(t.Context(), "AC01", "")
		if err == nil {
			_, err = io.ReadAll(page.Body)
			_ = page.Body.Close()
		}
		if fundwatch.CodeOf(err) != fundwatch.Unavailable || !strings.Contains(fundwatch.MessageOf(err), "规定时间") {
			t.Fatalf("after %d bytes: want the sentence about time, got %v", head, err)
		}
	}
}

func TestSlowReaderIsNotTakenForAStandstill(t *testing.T) {
	body := stream(t, 3, 4)
	client := dial(t, servePage(pageOf(body, 7), body), func(c *core.Config) { c.Timeout = 60 * time.Millisecond })
	page, err := client.Changes(t.Context(), "AC01", "")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	time.Sleep(150 * time.Millisecond)
	if _, err := io.ReadAll(page.Body); err != nil {
		t.Fatal(err)
	}
}

// script answers one request after the other, the last for ever. It stands in for the network, so that waiting can
// be tested on a clock that does not run.
type script struct {
	answers []func() (*http.Response, error)
	at      []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	i := min(len(s.at), len(s.answers)-1)
	s.at = append(s.at, time.Now())
	res, err := s.answers[i]()
	if res != nil {
		res.Request = r
	}
	return res, err
}

func answer(status int, contentType, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		h := http.Header{"Content-Type": {contentType}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

const feedsJSON = `{"feeds":[{"table":"AC01","head":"3","rows":9}],"asOf":"2026-11-05T00:00:00+08:00"}`

func TestUnavailableCoreIsTriedAgain(t *testing.T) {
	good := answer(200, "application/json", feedsJSON)
	broken := func() (*http.Response, error) { return nil, errors.New("connection refused") }
	date := now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		name     string
		answers  []func() (*http.Response, error)
		tries    int
		min, max time.Duration
		code     fundwatch.Code
	}{
		{"at once", []func() (*http.Response, error){good}, 1, 0, 0, ""},
		{"after a refusal", []func() (*http.Response, error){broken, good}, 2, 100 * time.Millisecond, 200 * time.Millisecond, ""},
		{"after garbage", []func() (*http.Response, error){answer(200, "text/html", "<html>"), good}, 2, 0, time.Second, ""},
		{"after half an answer", []func() (*http.Response, error){answer(200, "application/json", feedsJSON[:40]), good}, 2, 0, time.Second, ""},
		{"after 500", []func() (*http.Response, error){answer(500, "text/plain", ""), good}, 2, 0, time.Second, ""},
		{"when asked to wait", []func() (*http.Response, error){answer(429, core.ProblemJSON, "{}", "Retry-After", "7"), good}, 2, 7 * time.Second, 7 * time.Second, ""},
		{"when asked to wait until", []func() (*http.Response, error){answer(503, core.ProblemJSON, "{}", "Retry-After", date), good}, 2, 20 * time.Second, 20 * time.Second, ""},
		{"not for an hour", []func() (*http.Response, error){answer(429, core.ProblemJSON, "{}", "Retry-After", "3600"), good}, 1, 0, 0, fundwatch.Unavailable},
		{"not for ever", []func() (*http.Response, error){broken}, 5, 1500 * time.Millisecond, 3 * time.Second, fundwatch.Unavailable},
		{"not when denied", []func() (*http.Response, error){answer(401, core.ProblemJSON, "{}"), good}, 1, 0, 0, fundwatch.Denied},
		{"not when invalid", []func() (*http.Response, error){answer(400, core.ProblemJSON, `{"detail":"游标无效","field":"after"}`), good}, 1, 0, 0, fundwatch.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := &script{answers: c.answers}
				client, err := core.Dial(core.Config{BaseURL: "https://core.example.cn", Token: token},
					core.Options{Now: now, Transport: net})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				feeds, err := client.Feeds(t.Context())
				if fundwatch.CodeOf(err) != c.code || len(net.at) != c.tries {
					t.Fatalf("want code %q after %d tries, got %v after %d", c.code, c.tries, err, len(net.at))
				}
				if c.code == "" && (len(feeds) != 1 || feeds[0] != (core.Feed{Table: "AC01", Head: "3", Rows: 9})) {
					t.Fatalf("feeds are %v", feeds)
				}
				if took := time.Since(start); took < c.min || took > c.max {
					t.Fatalf("waited %v, want %v to %v", took, c.min, c.max)
				}
			})
		})
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &script{answers: []func() (*http.Response, error){answer(429, core.ProblemJSON, "{}", "Retry-After", "50")}}
		client, err := core.Dial(core.Config{BaseURL: "https://core.example.cn", Token: token}, core.Options{Now: now, Transport: net})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := client.Feeds(ctx); fundwatch.CodeOf(err) != fundwatch.Unavailable || time.Since(start) != time.Second {
			t.Fatalf("want the end after a second, got %v after %v", err, time.Since(start))
		}
	})
}

func TestTokenStaysSecret(t *testing.T) {
	var logged bytes.Buffer
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("redirect followed, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	answers := []http.HandlerFunc{
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", core.ProblemJSON)
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(core.Problem{Detail: "bad " + r.Header.Get("Authorization")})
		},
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "garbage") },
	}
	for i, h := range answers {
		srv := httptest.NewServer(h)
		c := core.Config{BaseURL: srv.URL, Token: token, Attempts: 2}
		client, err := core.Dial(c, core.Options{Now: now, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Feeds(t.Context())
		srv.Close()
		if err == nil {
			t.Fatalf("answer %d was believed", i)
		}
		slog.New(slog.NewTextHandler(&logged, nil)).Info("config", "config", c)
		text := fmt.Sprintf("%v %s %+v %#v %s", err, fundwatch.MessageOf(err), c, c, logged.String())
		if strings.Contains(text, token) {
			t.Fatalf("answer %d: the token shows in %s", i, text)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://core.example.cn": true, "http://127.0.0.1:9000": true, "http://[::1]:9000/api": true,
		"http://localhost": true, "http://core.example.cn": false, "ftp://core": false, "core.example.cn": false,
		"https://user:pass@core.example.cn": false, "": false, "https://core.example.cn?x=1": false, "::": false,
	} {
		_, err := core.Dial(core.Config{BaseURL: url, Token: token}, core.Options{Now: now})
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass@") {
			t.Errorf("%q: the password shows in %v", url, err)
		}
	}
	for _, bad := range []string{"", "a b", "a\nb", "令牌"} {
		if _, err := core.Dial(core.Config{BaseURL: "https://core.example.cn", Token: bad}, core.Options{Now: now}); fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

func TestAnswersThatMakeNoSenseAreRefused(t *testing.T) {
	subject := fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "7"}
	order := core.Directive{
		ID: "D-1", Kind: core.Dispatch, Subject: subject, Region: "520302", Reason: "核查",
	}
	for name, c := range map[string]struct {
		body string
		call func(core.Client) error
	}{
		"feed twice": {`{"feeds":[{"table":"A"},{"table":"A"}]}`, func(c core.Client) error {
			_, err := c.Feeds(t.Context())
			return err
		}},
		"another subject": {`{"subject":{"kind":"person","id":"8"}}`, func(c core.Client) error {
			_, err := c.Profile(t.Context(), subject)
			return err
		}},
		"another directive": {`{"seq":1,"state":"received","directive":{"id":"D-2"}}`, func(c core.Client) error {
			_, err := c.Submit(t.Context(), order)
			return err
		}},
		"unknown state": {`{"seq":1,"state":"lost","directive":{"id":"D-1"}}`, func(c core.Client) error {
			_, err := c.Submit(t.Context(), order)
			return err
		}},
		"out of order": {`{"directives":[{"seq":2,"state":"received","directive":{"id":"a"}},{"seq":1,"state":"received","directive":{"id":"b"}}]}`, func(c core.Client) error {
			_, err := c.Directives(t.Context(), 0, 10)
			return err
		}},
		"more than asked": {`{"directives":[{"seq":1,"state":"received","directive":{"id":"a"}},{"seq":2,"state":"received","directive":{"id":"b"}}]}`, func(c core.Client) error {
			_, err := c.Directives(t.Context(), 0, 1)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, c.body)
			}), nil)
			if err := c.call(client); fundwatch.CodeOf(err) != fundwatch.Unavailable {
				t.Fatalf("want Unavailable, got %v", err)
			}
		})
	}
}
