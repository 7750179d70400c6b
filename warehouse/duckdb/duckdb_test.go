package duckdb_test

import (
	"errors"
	"path/filepath"
	"testing"

	"fundwatch/core"
	"fundwatch/warehouse/duckdb"
)

func open(t *testing.T) *duckdb.Engine {
	t.Helper()
	dir := t.TempDir()
	e, err := duckdb.Open(t.Context(), duckdb.Config{File: filepath.Join(dir, "x.duckdb"), TempDir: filepath.Join(dir, "spill"), Memory: "1GB", Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestInstanceIsSealed tries the ways out of an open instance. The gate refuses these before; here the second wall
// is asked.
func TestInstanceIsSealed(t *testing.T) {
	e := open(t)
	out := filepath.Join(t.TempDir(), "out")
	for _, sql := range []string{
		"SELECT * FROM read_text('/etc/hostname')", "SELECT * FROM read_csv('/etc/hostname')", "SELECT * FROM '/etc/hostname.csv'",
		"SELECT * FROM glob('/*')", "COPY (SELECT 1) TO '" + out + "'", "EXPORT DATABASE '" + out + "'", "ATTACH '" + out + ".duckdb'",
		"INSTALL httpfs", "LOAD '" + out + ".duckdb_extension'", "SET enable_external_access = true", "SET threads = 1",
		"SET memory_limit = '100GB'", "RESET lock_configuration", "SET lock_configuration = false",
	} {
		if _, err := e.Pool().ExecContext(t.Context(), sql); err == nil {
			t.Errorf("ran: %s", sql)
		}
	}
	want := map[string]string{"late_materialization_max_rows": "0", "autoload_known_extensions": "false",
		"autoinstall_known_extensions": "false", "allow_community_extensions": "false", "enable_external_access": "false", "threads": "2"}
	for name, value := range want {
		var got string
		if err := e.Pool().QueryRowContext(t.Context(), "SELECT value FROM duckdb_settings() WHERE name = ?", name).Scan(&got); err != nil || got != value {
			t.Errorf("%s = %s, want %s (%v)", name, got, value, err)
		}
	}
}

func TestTypesAndMacrosAreAccepted(t *testing.T) {
	e := open(t)
	for _, typ := range []core.Type{core.Key, core.Text, core.Date, core.Month, core.Money, core.Int, core.Ratio, core.Time} {
		if _, err := e.Pool().ExecContext(t.Context(), "CREATE OR REPLACE TABLE x (y "+e.Type(typ)+")"); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	for range 2 { // a second opening makes them again
		for _, m := range e.Macros() {
			if _, err := e.Pool().ExecContext(t.Context(), m); err != nil {
				t.Errorf("%s: %v", m, err)
			}
		}
	}
}

func TestFaultsAreTold(t *testing.T) {
	e := open(t)
	_, unknown := e.Pool().ExecContext(t.Context(), "SELECT nothing FROM nowhere")
	_, syntax := e.Pool().ExecContext(t.Context(), "SELEC")
	_, wrong := e.Pool().ExecContext(t.Context(), "SELECT CAST('x' AS INTEGER)")
	cases := map[duckdb.Fault][]error{
		duckdb.Ordinary: {nil, errors.New("context canceled")},
		duckdb.BadSQL:   {unknown, syntax, wrong},
		duckdb.Full:     {errors.New("IO Error: Could not write file \"x\": No space left on device")},
		duckdb.Broken:   {errors.New("FATAL Error: Failed: database has been invalidated because of a previous fatal error")},
		duckdb.Locked:   {errors.New("IO Error: Could not set lock on file \"x\": Conflicting lock is held")},
	}
	for want, list := range cases {
		for _, err := range list {
			if got := e.Fault(err); got != want {
				t.Errorf("%v: fault %d, want %d", err, got, want)
			}
		}
	}
}
