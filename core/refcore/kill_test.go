package refcore

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// killDir names the folder of the server to kill; with it set this test binary is that server.
const killDir = "REFCORE_TEST_KILL_DIR"

// TestServerToKill is no test but the process that TestNothingIsLostWhenKilled kills.
func TestServerToKill(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("runs as a child of TestNothingIsLostWhenKilled")
	}
	s, err := New(Options{Province: newHamlet(t), Dir: dir, Tokens: []string{token}, Now: time.Now,
		Conduct: Conduct{MinDays: 90, After: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	_, _ = fmt.Fprintln(os.Stdout, "serving", srv.URL)
	_ = s.Run(t.Context())
}

// TestNothingIsLostWhenKilled kills the server in the middle of taking orders and answering them, again and again:
// every order that was acknowledged is there afterwards, once, and in the end all are answered.
func TestNothingIsLostWhenKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	acknowledged := map[string]core.DirectiveStatus{}
	const kills = 8
	for round := range kills {
		url, kill := startServer(t, dir)
		client, err := core.Dial(core.Config{BaseURL: url, Token: token, Attempts: 1}, core.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		checkAcknowledged(t, client, acknowledged)
		time.AfterFunc(time.Duration(20+30*round)*time.Millisecond, kill)
		for i := 0; ; i++ {
			d := core.Directive{
				ID: fmt.Sprintf("r%d-%d", round, i), Kind: core.Dispatch, Region: "520302", Reason: "核查",
				Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "4"},
			}
			status, err := client.Submit(t.Context(), d)
			if err != nil {
				break
			}
			acknowledged[d.ID] = *status
		}
		kill()
		_ = client.Close()
	}
	if len(acknowledged) == 0 {
		t.Fatal("no order got through")
	}
	s, err := New(Options{Province: newHamlet(t), Dir: dir, Tokens: []string{token}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 4 {
		if _, err := s.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if open := s.ledger.open(); len(open) > 0 {
		t.Errorf("%d orders are still open", len(open))
	}
	for id := range acknowledged {
		answers := 0
		for _, c := range s.ledger.course(id) {
			if c.State == core.Answered {
				answers++
			}
		}
		if answers != 1 {
			t.Errorf("%s was answered %d times", id, answers)
		}
	}
	t.Logf("%d kills, %d orders", kills, len(acknowledged))
}

func checkAcknowledged(t *testing.T, client core.Client, acknowledged map[string]core.DirectiveStatus) {
	t.Helper()
	first := map[string]core.DirectiveStatus{}
	for after := int64(0); ; {
		list, err := client.Directives(t.Context(), after, core.MaxDirectives)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, s := range list {
			if _, ok := first[s.Directive.ID]; !ok {
				first[s.Directive.ID] = s
			}
		}
		after = list[len(list)-1].Seq
	}
	for id, s := range acknowledged {
		if got, ok := first[id]; !ok || got.Seq != s.Seq || !got.Directive.Same(s.Directive) {
			t.Fatalf("%s was acknowledged as %d and now reads %+v", id, s.Seq, got)
		}
	}
}

// startServer starts this binary as a server and returns its address and how to kill it.
func startServer(t *testing.T, dir string) (url string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "-test.run=^TestServerToKill$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "serving %s", &url); err == nil {
			return url, kill
		}
	}
	t.Fatalf("server did not start: %v", lines.Err())
	return "", nil
}
