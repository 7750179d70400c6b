package coretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fundwatch/core"
)

// lines reads the first changes of some tables in small pages of JSON lines and holds them against the Arrow page.
func (s *suite) lines(t *testing.T) {
	s.needURL(t)
	for _, table := range []string{"AC01", "AC83", "AC43"} {
		if s.readFeeds(t)[table].Rows == 0 {
			continue
		}
		contract, err := core.TableByCode(table)
		if err != nil {
			t.Fatal(err)
		}
		arrow, _ := s.readPage(t, table, "")
		const pages, limit = 4, 3
		told, after := int64(0), ""
		for i := 0; i < pages && told < arrow.Rows; i++ {
			address := fmt.Sprintf("/v1/changes/{table} /v1/changes/%s?limit=%d&after=%s", table, limit, url.QueryEscape(after))
			r := s.ask(t, "GET", address, "", "Accept", core.JSONLines)
			again := s.ask(t, "GET", address, "", "Accept", core.JSONLines)
			if r.StatusCode != http.StatusOK || string(r.body) != string(again.body) {
				t.Fatalf("%s: page answers %d, or differs when asked again", table, r.StatusCode)
			}
			rows := checkLines(t, contract, r)
			if rows > limit {
				t.Errorf("%s: %d lines, asked for %d", table, rows, limit)
			}
			told, after = told+rows, r.Header.Get(core.HeaderNext)
		}
		if told == arrow.Rows && after != string(arrow.Next) {
			t.Errorf("%s: after all rows of the Arrow page the cursor is %q, want %q", table, after, arrow.Next)
		}
	}
	for _, limit := range []string{"0", "-1", "10001", "many"} {
		r := s.ask(t, "GET", "/v1/changes/{table} /v1/changes/AC01?limit="+limit, "", "Accept", core.JSONLines)
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("limit %s answers %d", limit, r.StatusCode)
		}
	}
}

// checkLines checks one page of JSON lines against its headers and the contract and returns its rows.
func checkLines(t *testing.T, table core.Table, r reply) int64 {
	t.Helper()
	text := strings.TrimSuffix(string(r.body), "\n")
	var rows int64
	sums := map[string]int64{}
	for line := range strings.SplitSeq(text, "\n") {
		var row map[string]any
		in := json.NewDecoder(strings.NewReader(line))
		in.UseNumber()
		if err := in.Decode(&row); err != nil {
			t.Fatalf("%s: %v in %s", table.Code, err, line)
		}
		rows++
		if _, ok := row[core.RowColumn].(string); !ok {
			t.Errorf("%s: a line without row identity: %s", table.Code, line)
		}
		for _, c := range table.Columns {
			v, ok := row[c.Code]
			if _, isNumber := v.(json.Number); !ok || v != nil && isNumber != (c.Type == core.Money || c.Type == core.Month || c.Type == core.Int || c.Type == core.Ratio) {
				t.Errorf("%s.%s is %v in a line", table.Code, c.Code, v)
			}
		}
		for _, c := range table.Sums {
			if n, ok := row[c].(json.Number); ok && fmt.Sprint(row[core.OpColumn]) != "2" {
				v, err := n.Int64()
				if err != nil {
					t.Errorf("%s.%s is no whole fen: %s", table.Code, c, n)
				}
				sums[c] += v
			}
		}
	}
	if got := r.Header.Get(core.HeaderRows); got != strconv.FormatInt(rows, 10) {
		t.Errorf("%s: %d lines, %s says %s", table.Code, rows, core.HeaderRows, got)
	}
	if got := r.Header.Get(core.HeaderSHA); got != hexSHA(r.body) {
		t.Errorf("%s: %s is not that of the lines", table.Code, core.HeaderSHA)
	}
	for c, sum := range sums {
		if want := fmt.Sprintf("%s=%d", c, sum); !strings.Contains(", "+r.Header.Get(core.HeaderSums)+",", ", "+want+",") {
			t.Errorf("%s: %s is %q, the lines add up to %s", table.Code, core.HeaderSums, r.Header.Get(core.HeaderSums), want)
		}
	}
	return rows
}

// access asks without rights, for what there is not, and in ways that are not offered.
func (s *suite) access(t *testing.T) {
	s.needURL(t)
	for name, header := range map[string]string{
		"no token": "", "an unknown token": "Bearer unknown", "another scheme": "Basic " + s.Token, "a token cut short": "Bearer " + s.Token[:len(s.Token)-1],
	} {
		for _, path := range []string{"/v1/feeds", "/v1/directives", "/v1/changes/{table} /v1/changes/AC01", "/v1/persons/{id} /v1/persons/1"} {
			if r := s.ask(t, "GET", path, "", "Authorization", header); r.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: GET %s answers %d", name, path, r.StatusCode)
			}
		}
	}
	for _, c := range []struct {
		method, path, body string
		header             []string
		want               int
	}{
		{"GET", "/v1/no-such-thing", "", nil, 404},
		{"GET", "/v1/changes/{table} /v1/changes/AC01", "", []string{"Accept", "text/html"}, 406},
		{"GET", "/v1/changes/{table} /v1/changes/AC01?limit=5", "", []string{"Accept", core.ArrowStream}, 400},
		{"GET", "/v1/changes/{table} /v1/changes/AC01?after=%0A", "", nil, 400},
		{"GET", "/v1/changes/{table} /v1/changes/..%2Ffeeds", "", nil, 404},
		{"GET", "/v1/directives?limit=1001", "", nil, 400},
		{"GET", "/v1/directives?after=x", "", nil, 400},
		{"PUT", "/v1/directives/{id} /v1/directives/x", "{", nil, 400},
		{"PUT", "/v1/directives/{id} /v1/directives/x", `{"id":"x","unknown":1}`, nil, 400},
		{"PUT", "/v1/directives/{id} /v1/directives/x", `{"id":"y"}`, nil, 400},
		{"PUT", "/v1/directives/{id} /v1/directives/x", `{}`, []string{"Content-Type", "text/plain"}, 415},
		{"PUT", "/v1/directives/{id} /v1/directives/x", `{"id":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413},
	} {
		if r := s.ask(t, c.method, c.path, c.body, c.header...); r.StatusCode != c.want {
			t.Errorf("%s %s %.40s answers %d, want %d", c.method, c.path, c.body, r.StatusCode, c.want)
		}
	}
}

// limits asks more often than allowed and checks that the core says so, and that the client copes.
func (s *suite) limits(t *testing.T) {
	s.needURL(t)
	if s.Burst == 0 {
		t.Skip("the target's limit is not to be tried")
	}
	var refused sync.Map
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range s.Burst / 8 {
				r := s.ask(t, "GET", "/v1/directives?limit=1", "")
				if r.StatusCode == http.StatusTooManyRequests {
					refused.Store(r.Header.Get("Retry-After"), true)
				}
			}
		})
	}
	wg.Wait()
	some := false
	refused.Range(func(after, _ any) bool {
		some = true
		if n, err := strconv.Atoi(after.(string)); err != nil || n < 0 {
			t.Errorf("Retry-After is %q", after)
		}
		return true
	})
	if !some {
		t.Fatalf("%d requests at once and none too many", s.Burst)
	}
	if _, err := s.Client.Feeds(t.Context()); err != nil {
		t.Errorf("the client does not wait its turn: %v", err)
	}
}

func (s *suite) needURL(t *testing.T) {
	t.Helper()
	if s.URL == "" {
		t.Skip("the target has no address for requests of our own")
	}
}
