package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
)

func clerk() fundwatch.Actor {
	return fundwatch.Actor{
		ID: "a1", Name: "zhang", Roles: []string{"supervisor", "analyst"}, Address: "10.1.2.3",
		Scope: fundwatch.NewScope([]fundwatch.Region{"520300"}, []fundwatch.Insurance{"110", "170"}),
	}
}

func openLog(t testing.TB, db *store.DB, cfg audit.Config) *audit.Log {
	t.Helper()
	l, err := audit.Open(t.Context(), db, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fill(t testing.TB, l *audit.Log, db *store.DB, n int) {
	t.Helper()
	for i := 0; i < n; {
		batch := min(n-i, 1+i%5)
		err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range batch {
				i++
				e := audit.Entry{
					Actor: clerk(), Action: "alert.review", Object: fmt.Sprintf("alert:%d", i), Reason: "核实",
					Detail: map[string]string{"verdict": "属实", "n": fmt.Sprint(i)},
				}
				if err := l.Append(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func verify(t testing.TB, l *audit.Log) audit.Report {
	t.Helper()
	r, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppendFindVerify(t *testing.T) {
	db := storetest.Open(t)
	l := openLog(t, db, audit.Config{})
	if r := verify(t, l); !r.OK() || r.Entries != 0 {
		t.Fatalf("empty chain: %+v", r)
	}
	fill(t, l, db, 30)
	if err := l.Record(t.Context(), audit.Entry{Actor: clerk(), Action: "person.read", Object: "person:7", Outcome: audit.Denied}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, l); !r.OK() || r.Entries != 31 || r.Head != 31 {
		t.Fatalf("chain of 31: %+v", r)
	}
	for name, c := range map[string]struct {
		filter audit.Filter
		total  int64
		first  int64
		items  int
	}{
		"all":            {audit.Filter{}, 31, 31, 31},
		"page":           {audit.Filter{Limit: 10, Offset: 10}, 31, 21, 10},
		"before":         {audit.Filter{Limit: 10, Before: 5}, 31, 4, 4},
		"object":         {audit.Filter{Object: "alert:7"}, 1, 7, 1},
		"kind of object": {audit.Filter{Object: "person:"}, 1, 31, 1},
		"action family":  {audit.Filter{Action: "alert."}, 30, 30, 30},
		"outcome":        {audit.Filter{Outcome: audit.Denied}, 1, 31, 1},
		"nobody":         {audit.Filter{ActorID: "x"}, 0, 0, 0},
		"future":         {audit.Filter{From: time.Now().Add(time.Hour)}, 0, 0, 0},
	} {
		items, total, err := l.Find(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if total != c.total || len(items) != c.items || (len(items) > 0 && items[0].Seq != c.first) {
			t.Errorf("%s: total %d, %d items, first %+v", name, total, len(items), items)
		}
	}
	items, _, err := l.Find(t.Context(), audit.Filter{Object: "alert:7"})
	if err != nil {
		t.Fatal(err)
	}
	got := items[0]
	if got.ActorName != "zhang" || got.Scope != "520300/110,170" || got.Detail["verdict"] != "属实" || len(got.Roles) != 2 ||
		got.Address != "10.1.2.3" || got.Outcome != audit.Done {
		t.Errorf("entry lost something: %+v", got)
	}
}

func TestRollbackLeavesNoEntry(t *testing.T) {
	db := storetest.Open(t)
	l := openLog(t, db, audit.Config{})
	fill(t, l, db, 3)
	boom := errors.New("boom")
	err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := l.Append(ctx, tx, audit.Entry{Actor: clerk(), Action: "alert.close"}); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("want boom, got %v", err)
	}
	fill(t, l, db, 2)
	if r := verify(t, l); !r.OK() || r.Entries != 5 {
		t.Fatalf("%+v", r)
	}
}

func TestManyAtOnce(t *testing.T) {
	db := storetest.Open(t)
	l := openLog(t, db, audit.Config{AnchorEvery: 3})
	var wg sync.WaitGroup
	const writers, each = 8, 15
	for range writers {
		wg.Go(func() {
			for range each {
				if err := l.Record(t.Context(), audit.Entry{Actor: clerk(), Action: "person.read"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if r := verify(t, l); !r.OK() || r.Entries != writers*each || r.Head != r.Entries {
		t.Errorf("%+v", r)
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenAt(t, filepath.Join(dir, "store.db"), time.Now)
	l := openLog(t, db, audit.Config{})
	key := filepath.Join(dir, "audit.key")
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v %v", info, err)
	}
	fill(t, l, db, 1)
	open := func() error {
		_, err := audit.Open(t.Context(), db, audit.Config{}, slog.New(slog.DiscardHandler))
		return err
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(); fundwatch.CodeOf(err) != fundwatch.Unavailable || !strings.Contains(fundwatch.MessageOf(err), "0600") {
		t.Errorf("a key that others read: %v", err)
	}
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, text[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); fundwatch.CodeOf(err) != fundwatch.Unavailable {
		t.Errorf("half a key: %v", err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := open(); fundwatch.CodeOf(err) != fundwatch.Unavailable || !strings.Contains(fundwatch.MessageOf(err), "丢失") {
		t.Errorf("a lost key: %v", err)
	}
	if err := os.WriteFile(key, []byte(strings.Repeat("0f", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "audit.anchor")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "audit.head")); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, openLog(t, db, audit.Config{})); r.OK() || r.Fault.Kind != audit.FaultKey || r.Fault.Seq != 1 {
		t.Errorf("a foreign key: %+v", r)
	}
}

// TestMutations changes the stored chain or its files at random, in every way somebody without the key could, and
// demands that each change is seen at the first entry it touches.
func TestMutations(t *testing.T) {
	const entries, rounds = 15, 1000
	dir := t.TempDir()
	db := storetest.OpenAt(t, filepath.Join(dir, "store.db"), time.Now)
	l := openLog(t, db, audit.Config{AnchorEvery: 4})
	fill(t, l, db, entries)
	run(t, db, `CREATE TABLE saved AS SELECT * FROM audit_entry`)
	rng := rand.New(rand.NewPCG(7, 7))
	columns := []string{
		"at", "actor_id", "actor_name", "roles", "scope", "address", "action", "object", "outcome", "reason",
		"detail", "key_id", "prev", "mac",
	}
	missed := 0
	for round := range rounds {
		a := 1 + rng.Int64N(entries)
		b := 1 + rng.Int64N(entries)
		for b == a {
			b = 1 + rng.Int64N(entries)
		}
		column := columns[rng.IntN(len(columns))]
		first := min(a, b)
		var what string
		var statements []string
		switch rng.IntN(6) {
		case 0:
			what, first = fmt.Sprintf("change %s of %d", column, a), a
			statements = []string{fmt.Sprintf(`UPDATE audit_entry SET %s = %s WHERE seq = %d`, column, flip(column), a)}
		case 1:
			what, first = fmt.Sprintf("delete %d", a), a
			statements = []string{fmt.Sprintf(`DELETE FROM audit_entry WHERE seq = %d`, a)}
		case 2:
			what = fmt.Sprintf("swap %d and %d", a, b)
			statements = swap(a, b)
		case 3:
			what, first = fmt.Sprintf("truncate from %d", a), a
			statements = []string{fmt.Sprintf(`DELETE FROM audit_entry WHERE seq >= %d`, a)}
		case 4:
			what, first = fmt.Sprintf("delete %d and close the gap", a), a
			statements = []string{
				fmt.Sprintf(`DELETE FROM audit_entry WHERE seq = %d`, a),
				fmt.Sprintf(`UPDATE audit_entry SET seq = -seq WHERE seq > %d`, a),
				`UPDATE audit_entry SET seq = -seq - 1 WHERE seq < 0`,
			}
		case 5:
			what, first = "append a copy of "+fmt.Sprint(a), entries+1
			statements = []string{fmt.Sprintf(`INSERT INTO audit_entry SELECT %d, at, actor_id, actor_name, roles, scope,
				address, action, object, outcome, reason, detail, key_id, prev, mac FROM audit_entry WHERE seq = %d`, entries+1, a)}
		}
		report := mutate(t, db, l, statements)
		if report.OK() || report.Fault.Seq != first {
			missed++
			t.Errorf("round %d: %s: %+v", round, what, report.Fault)
		}
	}
	if r := verify(t, l); !r.OK() || r.Entries != entries {
		t.Fatalf("the chain did not come back after the mutations: %+v", r)
	}
	t.Logf("%d mutations, %d missed", rounds, missed)
}

func flip(column string) string {
	if column == "at" {
		return "at + 1"
	}
	return column + " || 'x'"
}

func swap(a, b int64) []string {
	return []string{
		fmt.Sprintf(`UPDATE audit_entry SET seq = -1 WHERE seq = %d`, a),
		fmt.Sprintf(`UPDATE audit_entry SET seq = %d WHERE seq = %d`, a, b),
		fmt.Sprintf(`UPDATE audit_entry SET seq = %d WHERE seq = -1`, b),
	}
}

func run(t *testing.T, db *store.DB, statements ...string) {
	t.Helper()
	err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mutate applies the statements, verifies, and puts the table back from its copy.
func mutate(t *testing.T, db *store.DB, l *audit.Log, statements []string) audit.Report {
	t.Helper()
	run(t, db, statements...)
	report := verify(t, l)
	run(t, db, `DELETE FROM audit_entry`, `INSERT INTO audit_entry SELECT * FROM saved`)
	return report
}

func TestFileTampering(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenAt(t, filepath.Join(dir, "store.db"), time.Now)
	l := openLog(t, db, audit.Config{AnchorEvery: 5})
	fill(t, l, db, 20)
	head, anchor := filepath.Join(dir, "audit.head"), filepath.Join(dir, "audit.anchor")
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte
	}{
		"head with another number": {head, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"seq":20`, `"seq":10`, 1)) }},
		"head emptied":             {head, func([]byte) []byte { return nil }},
		"head removed":             {head, nil},
		"anchor changed":           {anchor, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"at":1`, `"at":2`, 1)) }},
		"anchor with garbage":      {anchor, func(b []byte) []byte { return append([]byte("{}\n"), b...) }},
	} {
		saved, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if c.change == nil {
			err = os.Remove(c.file)
		} else {
			err = os.WriteFile(c.file, c.change(saved), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := verify(t, l); r.OK() || r.Fault.Kind != audit.FaultFile {
			t.Errorf("%s: %+v", name, r)
		}
		if err := os.WriteFile(c.file, saved, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// An attacker who also sets back the head file is caught by a newer anchor.
	old, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, db, 10)
	if err := os.WriteFile(head, old, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, db, `CREATE TABLE saved AS SELECT * FROM audit_entry`)
	if r := mutate(t, db, l, []string{`DELETE FROM audit_entry WHERE seq > 20`}); r.OK() || r.Fault.Kind != audit.FaultTruncated || r.Fault.Seq != 21 {
		t.Errorf("set back together with the head: %+v", r)
	}
	if r := verify(t, openLog(t, db, audit.Config{})); !r.OK() {
		t.Errorf("opened again: %+v", r)
	}
}

// FuzzVerifyFiles feeds any bytes as head and anchor file: the verifier never passes them and never panics.
func FuzzVerifyFiles(f *testing.F) {
	dir := f.TempDir()
	db, err := store.Open(f.Context(), store.Config{Path: filepath.Join(dir, "store.db")},
		store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	l := openLog(f, db, audit.Config{})
	fill(f, l, db, 3)
	head, err := os.ReadFile(filepath.Join(dir, "audit.head"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head)
	f.Add([]byte(`{"seq":9,"mac":"","at":1,"sign":"00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "audit.head"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		r := verify(t, l)
		if !r.OK() {
			return
		}
		// Only spaces and line breaks around the true head may differ.
		if strings.TrimSpace(string(data)) != strings.TrimSpace(string(head)) && !strings.HasPrefix(strings.TrimSpace(string(data)), strings.TrimSpace(string(head))) {
			t.Errorf("accepted %q", data)
		}
	})
}
