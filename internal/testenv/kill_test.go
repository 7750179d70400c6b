package testenv_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"fundwatch/internal/app"
)

// TestKillLoop kills the program thirty times in the midst of making the province, loading, judging and playing
// days, and wants the state of a run that nobody disturbed: the same rows in every table, the same alerts.
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
		time.Sleep(time.Duration(60+dice.IntN(800)) * time.Millisecond)
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
	if !reflect.DeepEqual(got, want) {
		t.Errorf("after %d kills:\n%+v\nundisturbed:\n%+v", kills, got, want)
	}
	audit := exec.CommandContext(t.Context(), bin, "audit", "verify", "--data", rough)
	if out, err := audit.CombinedOutput(); err != nil {
		t.Errorf("the audit chain after %d kills: %v\n%s", kills, err, out)
	}
}

// state is what a run leaves behind, without what depends on the order in which tables happened to arrive.
type state struct {
	Report app.Report
	Rows   map[string]int64
}

func run(t *testing.T, bin, data string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "demo", "--headless", "--persons", "800", "--days", "12", "--seed", "5",
		"--data", data, "--report", filepath.Join(data, "report.json"))
	cmd.Env = append(os.Environ(), "FUNDWATCH_WAREHOUSE__MEMORY=1GB")
	return cmd
}

// finish lets the program run to its end and reads what it left.
func finish(t *testing.T, bin, data string) state {
	t.Helper()
	if out, err := run(t, bin, data).CombinedOutput(); err != nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	s := state{Rows: map[string]int64{}}
	text, err := os.ReadFile(filepath.Join(data, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s.Report); err != nil {
		t.Fatal(err)
	}
	status := exec.CommandContext(t.Context(), bin, "warehouse", "status", "--json", "--data", data)
	var fault bytes.Buffer
	status.Stderr = &fault
	out, err := status.Output()
	if err != nil {
		t.Fatalf("status: %v\n%s", err, fault.Bytes())
	}
	var tables []app.TableLine
	if err := json.Unmarshal(out, &tables); err != nil {
		t.Fatal(err)
	}
	for _, x := range tables {
		s.Rows[x.Table] = x.Rows
	}
	return s
}
