package testenv_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"fundwatch/internal/app"
	"fundwatch/internal/store"
)

// TestKillLoop kills the program thirty times in the midst of making the province, loading, judging, playing days,
// reviewing and dispatching, and wants the state of a run that nobody disturbed: the same rows and histories in every
// table, the same alerts with the same answers in the same states.
func TestKillLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program some forty times")
	}
	bin := filepath.Join(t.TempDir(), "fundwatch")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "fundwatch/cmd/fundwatch")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	calm, rough := t.TempDir(), t.TempDir()
	want := finish(t, bin, calm)
	dice := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for kills < 30 {
		cmd := run(t, bin, rough)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+dice.IntN(1400)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Logf("before the kill: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			kills++
			continue
		}
		// It was quicker than the dice: begin again with a fresh province.
		if err := os.RemoveAll(rough); err != nil {
			t.Fatal(err)
		}
	}
	got := finish(t, bin, rough)
	differences := 0
	for table, rows := range want.Tables {
		if got.Tables[table] != rows {
			differences++
			t.Errorf("%s: after the kills %s, undisturbed %s", table, got.Tables[table], rows)
		}
	}
	for i := range max(len(got.Alerts), len(want.Alerts)) {
		g, w := at(got.Alerts, i), at(want.Alerts, i)
		if g != w {
			differences++
			t.Errorf("alert %d: after the kills %q, undisturbed %q", i, g, w)
		}
	}
	if !reflect.DeepEqual(got.Report, want.Report) {
		differences++
		t.Errorf("after the kills:\n%+v\nundisturbed:\n%+v", got.Report, want.Report)
	}
	t.Logf("%d kills, %d differences in %d tables and %d alerts", kills, differences, len(want.Tables), len(want.Alerts))
	audit := exec.CommandContext(t.Context(), bin, "audit", "verify", "--data", rough)
	if out, err := audit.CombinedOutput(); err != nil {
		t.Errorf("the audit chain after %d kills: %v\n%s", kills, err, out)
	}
}

func at(list []string, i int) string {
	if i >= len(list) {
		return "absent"
	}
	return list[i]
}

// state is what a run leaves behind, without times and without what depends on the order in which tables arrive.
type state struct {
	Report app.Report
	Tables map[string]string // rows, hash of the rows, hash of the versions they replaced
	Alerts []string
}

func run(t *testing.T, bin, data string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "demo", "--headless", "--handle", "--persons", "800", "--days", "12",
		"--seed", "5", "--data", data, "--report", filepath.Join(data, "report.json"))
	cmd.Env = append(os.Environ(), "FUNDWATCH_WAREHOUSE__MEMORY=1GB")
	return cmd
}

// finish lets the program run to its end and reads what it left.
func finish(t *testing.T, bin, data string) state {
	t.Helper()
	if out, err := run(t, bin, data).CombinedOutput(); err != nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	s := state{Tables: map[string]string{}}
	text, err := os.ReadFile(filepath.Join(data, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s.Report); err != nil {
		t.Fatal(err)
	}
	hashes := exec.CommandContext(t.Context(), bin, "warehouse", "hashes", "--json", "--data", data)
	var fault bytes.Buffer
	hashes.Stderr = &fault
	out, err := hashes.Output()
	if err != nil {
		t.Fatalf("hashes: %v\n%s", err, fault.Bytes())
	}
	var tables []app.TableLine
	if err := json.Unmarshal(out, &tables); err != nil {
		t.Fatal(err)
	}
	for _, x := range tables {
		s.Tables[x.Table] = fmt.Sprint(x.Rows, " ", x.Hash, " ", x.History)
	}
	s.Alerts = alertsIn(t, data)
	return s
}

// alertsIn reads what the desk holds of every alert, by finding.
func alertsIn(t *testing.T, data string) []string {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(data, "store.db")},
		store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out []string
	err = db.Read().NewRaw(`SELECT finding_key || ' ' || state || ' ' || verdict || ' ' || dispatches || ' ' || amount || ' ' ||
		confirmed || ' ' || recovered || ' ' || (SELECT count(*) FROM alert_event e WHERE e.alert = alert.id)
		FROM alert ORDER BY finding_key, id`).Scan(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
