//go:build unix

package warehouse_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// TestMain runs the tests, or plays the process that a test kills.
func TestMain(m *testing.M) {
	flag.Bool("update", false, "write warehouse/schema/*.sql anew")
	flag.Parse()
	if role := os.Getenv("WAREHOUSE_TEST_ROLE"); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

// The story that the played process loads: in every three deliveries two bring payments, the third corrects and
// deletes some of the second.
const (
	chapters       = 6
	chapterPersons = 800 // 57,600 payments
	fileLimit      = 12 << 20
)

func chapter(i int) (warehouse.Delivery, error) {
	from := int64(i) * chapterPersons
	d, err := payments(from, from+chapterPersons)
	if i%3 != 2 || err != nil {
		d.ID = fmt.Sprintf("chapter %d", i)
		return d, err
	}
	var rows []warehousetest.Row
	for k := range int64(4000) {
		rid := (from-chapterPersons)*72 + k*9 + 1
		rows = append(rows, warehousetest.Row{"_rid": rid, "_op": 1 + k%2, "AAZ220": rid / 2, "AAC001": rid / 72,
			"AAE140": "110", "AAE019": 77700 + k, "AAB301": "520302", "AAE003": 202601})
	}
	table, err := core.TableByCode("AC83")
	if err != nil {
		return d, err
	}
	body, sums, err := warehousetest.Encode(table, rows, 1)
	return warehouse.Delivery{ID: fmt.Sprintf("chapter %d", i), Table: "AC83", Source: "bench", AsOf: warehousetest.Now(),
		Rows: int64(len(rows)), Sums: sums, Body: bytes.NewReader(body)}, err
}

// play opens the warehouse of a folder, loads the story and says what is done. Whoever started it may kill it at any
// moment.
func play(role string) int {
	if role == "small disk" { // no file may grow beyond the limit: the engine sees its writes fail
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: fileLimit, Max: fileLimit}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println("error", err)
			return 1
		}
	}
	ctx := context.Background()
	db, err := warehouse.Open(ctx, warehouse.Config{Dir: os.Getenv("WAREHOUSE_TEST_DIR"), Memory: "1GB", Threads: 2}, warehousetest.Options())
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("open", db.LoadSeq())
	for i := range chapters {
		d, err := chapter(i)
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		if _, err := db.Load(ctx, d); err != nil {
			fmt.Println("failed", i, strings.ReplaceAll(err.Error(), "\n", " "))
			break
		}
		fmt.Println("done", i)
	}
	if err := db.Health(ctx); err != nil {
		fmt.Println("sick", err)
	}
	if err := db.Close(); err != nil {
		fmt.Println("close", err)
	}
	fmt.Println("end")
	return 0
}

// child starts the played process on the folder and hands its lines to see.
func child(t *testing.T, role, dir string, killAfter time.Duration, see func(string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "WAREHOUSE_TEST_ROLE="+role, "WAREHOUSE_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if killAfter > 0 {
		timer := time.AfterFunc(killAfter, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		see(lines.Text())
	}
	if err := cmd.Wait(); err != nil && killAfter == 0 {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
}

// TestKilledLoadsCompleteExactlyOnce kills the loading process at random moments. What it had said to be done must
// be there, and in the end the tables equal those of a process that was left in peace.
func TestKilledLoadsCompleteExactlyOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	calm, dir := t.TempDir(), t.TempDir()
	start := time.Now()
	child(t, "loader", calm, 0, func(line string) {
		if strings.HasPrefix(line, "failed") || strings.HasPrefix(line, "error") {
			t.Fatal(line)
		}
	})
	whole := time.Since(start)
	want := hashes(t, calm)

	acked, kills, ended := -1, 0, false
	for kills < 10 || !ended {
		delay := time.Duration(0)
		if kills < 10 {
			delay = whole/20 + rand.N(whole/3)
		}
		ended = false
		child(t, "loader", dir, delay, func(line string) {
			var n int
			switch {
			case strings.HasPrefix(line, "open"):
				if _, err := fmt.Sscanf(line, "open %d", &n); err == nil && n < acked+1 {
					t.Fatalf("after kill %d the warehouse stands at load %d; %d were done", kills, n, acked+1)
				}
			case strings.HasPrefix(line, "done"):
				if _, err := fmt.Sscanf(line, "done %d", &n); err == nil {
					acked = max(acked, n)
				}
			case strings.HasPrefix(line, "end"):
				ended = true
			case strings.HasPrefix(line, "failed"), strings.HasPrefix(line, "error"):
				t.Fatal(line)
			}
		})
		kills++
	}
	if got := hashes(t, dir); !maps.Equal(got, want) {
		t.Fatalf("tables differ after %d kills:\n%v\n%v", kills-1, got["facts.AC83"], want["facts.AC83"])
	}
	t.Logf("%d kills, last acknowledged delivery %d, one undisturbed run %v", kills-1, acked, whole)
}

// hashes opens the warehouse of a folder for its table hashes.
func hashes(t *testing.T, dir string) map[string]string {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Config{Dir: dir, Memory: "1GB", Threads: 2}, warehousetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h, err := db.TableHashes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestDiskFullLeavesStoreIntact loads until no file may grow any more. The load that fails says why in words for a
// person; what was done before stays; with room again the rest loads, and all is as if nothing had happened.
func TestDiskFullLeavesStoreIntact(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir, calm := t.TempDir(), t.TempDir()
	done, full := 0, ""
	child(t, "small disk", dir, 0, func(line string) {
		switch {
		case strings.HasPrefix(line, "done"):
			done++
		case strings.HasPrefix(line, "failed"):
			full = line
		case strings.HasPrefix(line, "sick"), strings.HasPrefix(line, "error"):
			t.Error(line)
		}
	})
	if done == 0 || !strings.Contains(full, "磁盘空间不足") && !strings.Contains(full, "已重新打开") {
		t.Fatalf("after %d loads: %q", done, full)
	}
	t.Log(full)
	for _, d := range []string{dir, calm} {
		child(t, "loader", d, 0, func(line string) {
			if strings.HasPrefix(line, "failed") || strings.HasPrefix(line, "error") {
				t.Error(line)
			}
			if n := 0; d == dir && strings.HasPrefix(line, "open") {
				if _, err := fmt.Sscanf(line, "open %d", &n); err != nil || n != done {
					t.Errorf("%s after %d loads", line, done)
				}
			}
		})
	}
	if got, want := hashes(t, dir), hashes(t, calm); !maps.Equal(got, want) {
		t.Fatalf("tables differ: %v, %v", got["facts.AC83"], want["facts.AC83"])
	}
}
