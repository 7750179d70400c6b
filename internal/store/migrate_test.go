package store_test

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fundwatch/internal/store"
)

// ranges gives each feature its numbers; a new feature takes the next free ten.
func ranges() []struct {
	feature     string
	first, last int
} {
	return []struct {
		feature     string
		first, last int
	}{
		{"store, audit, jobs, live, access", 1, 9},
		{"patrol and supervision", 10, 19},
		{"intake", 20, 29},
		{"web", 30, 39},
	}
}

// TestMigrations checks the names, numbers and dialect of the migrations.
func TestMigrations(t *testing.T) {
	files, err := fs.Glob(store.Migrations(), "*")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^(\d{4})_[a-z][a-z0-9_]*\.sql$`)
	byNumber := map[int]string{}
	for _, file := range files {
		m := name.FindStringSubmatch(file)
		if m == nil {
			t.Errorf("%s: name it NNNN_what_it_adds.sql, lower case", file)
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if twin, ok := byNumber[n]; ok {
			t.Errorf("%s and %s have one number: renumber the younger", twin, file)
		}
		byNumber[n] = file
		text, err := fs.ReadFile(store.Migrations(), file)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range dialectFaults(string(text)) {
			t.Errorf("%s: %s", file, fault)
		}
	}
	for n, file := range byNumber {
		home := ""
		for _, r := range ranges() {
			if n < r.first || n > r.last {
				continue
			}
			home = r.feature
			if _, ok := byNumber[n-1]; n > r.first && !ok {
				t.Errorf("%s leaves a gap: %04d of %s is missing", file, n-1, r.feature)
			}
		}
		if home == "" {
			t.Errorf("%s is in nobody's range: add the feature to ranges()", file)
		}
	}
}

// dialectFaults finds what not every database of the PostgreSQL family and SQLite both understand.
func dialectFaults(text string) []string {
	var out []string
	if !strings.HasPrefix(text, "-- +goose Up\n") || !strings.Contains(text, "\n-- +goose Down\n") {
		out = append(out, "begin with '-- +goose Up' and have a '-- +goose Down' part")
	}
	sql := regexp.MustCompile(`--[^\n]*`).ReplaceAllString(text, "")
	for pattern, advice := range map[string]string{
		`(?i)\bON\s+CONFLICT\b`:                          "no ON CONFLICT: update first, insert when no row was hit",
		`(?i)\bINSERT\s+OR\b|\bREPLACE\s+INTO\b`:         "no INSERT OR / REPLACE INTO",
		`(?i)\bAUTOINCREMENT\b|\bSERIAL\b|\bIDENTITY\b`:  "no automatic numbers: use Tx.Next or store.NewID",
		`(?is)CREATE\s+(UNIQUE\s+)?INDEX[^;]*\bWHERE\b`:  "no partial index: UNIQUE over a column that is NULL when closed",
		`(?is)CREATE\s+(UNIQUE\s+)?INDEX[^;(]*\([^;]*\(`: "no expression index",
		`(?i)\bWITHOUT\s+ROWID\b|\bSTRICT\b`:             "no WITHOUT ROWID, no STRICT",
		`(?i)\bDATETIME\b|\bTIMESTAMP\b|\bDATE\b`:        "times are BIGINT unix milliseconds",
		`(?i)\bBOOLEAN\b`:                                "booleans are SMALLINT 0 or 1",
		`(?i)\bJSONB?\b|\bBLOB\b|\bBYTEA\b`:              "JSON is TEXT; bytes are hex TEXT",
		`(?i)\bREAL\b|\bFLOAT\b|\bNUMERIC\b|\bDECIMAL\b`: "money is BIGINT fen; other fractions are DOUBLE PRECISION",
		`(?i)\bVARCHAR\b|\bCHAR\s*\(`:                    "texts are TEXT",
		`(?i)\bCREATE\s+TRIGGER\b|\bPRAGMA\b`:            "no triggers, no pragmas",
		`(?i)\bIF\s+NOT\s+EXISTS\b`:                      "no IF NOT EXISTS: a migration runs once, on a known state",
	} {
		if found := regexp.MustCompile(pattern).FindString(sql); found != "" {
			out = append(out, strconv.Quote(found)+": "+advice)
		}
	}
	return out
}

func TestDialectFaultsAreFound(t *testing.T) {
	for _, sql := range []string{
		"CREATE TABLE a (id TEXT);",
		"-- +goose Up\nCREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\n-- +goose Down\n",
		"-- +goose Up\nCREATE UNIQUE INDEX i ON a (x) WHERE open = 1;\n-- +goose Down\n",
		"-- +goose Up\nCREATE INDEX i ON a (lower(x));\n-- +goose Down\n",
		"-- +goose Up\nCREATE TABLE a (at DATETIME);\n-- +goose Down\n",
		"-- +goose Up\nINSERT INTO a VALUES (1) ON CONFLICT DO NOTHING;\n-- +goose Down\n",
	} {
		if len(dialectFaults(sql)) == 0 {
			t.Errorf("passed: %s", sql)
		}
	}
}
