// Package duckdb is the warehouse's engine on DuckDB: it opens one sealed instance on one file, spells the dialect's
// types and macros, parses statements for checking and loads Arrow batches.
//
// It owns the file and its settings and nothing of what the tables mean. It never reads a file named by SQL: an open
// instance has no access to the outside. Built with the tag duckdb_arrow it hands batches over without copying;
// without the tag the same rows go through the Appender.
package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"fundwatch/core"
)

// Config says where the file is and how much of the machine the engine may use.
type Config struct {
	File    string // database file, made when missing
	TempDir string // spilled operators; emptied at open
	Memory  string // memory_limit, such as 2GB
	Threads int
}

// Engine is one open instance. Its methods may be called from many goroutines.
type Engine struct {
	pool *sql.DB
}

// scratch is an attached in-memory database for key sets: seen by every connection, on no disk.
const scratch = "scratch"

// Open opens the file, creates it when missing, and seals the instance: no files, no network, no extensions, no
// later change of settings.
func Open(ctx context.Context, c Config) (*Engine, error) {
	if err := os.RemoveAll(c.TempDir); err != nil {
		return nil, fmt.Errorf("duckdb: empty the spill folder: %w", err)
	}
	if err := os.MkdirAll(c.TempDir, 0o700); err != nil {
		return nil, fmt.Errorf("duckdb: make the spill folder: %w", err)
	}
	q := url.Values{}
	q.Set("memory_limit", c.Memory)
	q.Set("threads", strconv.Itoa(c.Threads))
	q.Set("temp_directory", c.TempDir)
	q.Set("autoload_known_extensions", "false")
	q.Set("autoinstall_known_extensions", "false")
	q.Set("allow_community_extensions", "false")
	q.Set("checkpoint_threshold", "128MB")
	connector, err := duckdb.NewConnector(filepath.Clean(c.File)+"?"+q.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: open %s: %w", filepath.Base(c.File), err)
	}
	e := &Engine{pool: sql.OpenDB(connector)}
	e.pool.SetMaxIdleConns(8)
	for _, stmt := range []string{
		"ATTACH ':memory:' AS " + scratch,
		// A page of a person's rows is 20 times faster without it.
		"SET GLOBAL late_materialization_max_rows = 0",
		"SET GLOBAL TimeZone = 'Asia/Shanghai'",
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL lock_configuration = true",
	} {
		if _, err := e.pool.ExecContext(ctx, stmt); err != nil {
			return nil, errors.Join(fmt.Errorf("duckdb: seal (%s): %w", stmt, err), e.Close())
		}
	}
	return e, nil
}

// Pool is the connection pool of the instance.
func (e *Engine) Pool() *sql.DB { return e.pool }

// Close checkpoints and closes the instance.
func (e *Engine) Close() error { return e.pool.Close() }

// Type spells a contract type.
func (e *Engine) Type(t core.Type) string {
	switch t {
	case core.Key, core.Money:
		return "BIGINT"
	case core.Month, core.Int:
		return "INTEGER"
	case core.Ratio:
		return "DOUBLE"
	case core.Date:
		return "DATE"
	case core.Time:
		return "TIMESTAMP"
	default:
		return "VARCHAR"
	}
}

// KeyTable names a table outside the file that every connection sees, for the keys of a view.
func (e *Engine) KeyTable(name string) string { return scratch + ".main." + `"` + name + `"` }

// Parse gives the syntax tree of the text as JSON, or a tree that says why it is no SELECT. It binds nothing.
func (e *Engine) Parse(ctx context.Context, text string) ([]byte, error) {
	var tree string
	const q = "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)"
	if err := e.pool.QueryRowContext(ctx, q, text).Scan(&tree); err != nil {
		return nil, fmt.Errorf("duckdb: parse: %w", err)
	}
	return []byte(tree), nil
}

// Fault says what an error means for the instance as a whole.
type Fault int

// The faults. After Broken the instance answers nothing any more and must be opened again; after Spoiled the file must
// be made again.
const (
	Ordinary Fault = iota
	Broken
	Spoiled // the file does not hold what was written
	Full    // no space on the disk
	Locked  // another process has the file
	BadSQL  // the statement does not bind: unknown column, wrong type
	TooMuch // memory limit reached
)

// Fault classifies an error of this engine.
func (e *Engine) Fault(err error) Fault { return Classify(err) }

// Classify is Fault for errors of Open, when there is no Engine yet. Words of the engine count only in errors of a
// kind that cannot quote a value of the data.
func Classify(err error) Fault {
	var de *duckdb.Error
	if err == nil {
		return Ordinary
	}
	if errors.As(err, &de) {
		switch de.Type {
		case duckdb.ErrorTypeFatal, duckdb.ErrorTypeInternal:
			return Broken
		case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax,
			duckdb.ErrorTypeConversion, duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeMismatchType,
			duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeInvalidType:
			return BadSQL
		case duckdb.ErrorTypeOutOfMemory:
			return TooMuch
		case duckdb.ErrorTypeIO, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeInvalid, duckdb.ErrorTypeSerialization:
		default:
			return Ordinary
		}
	}
	return byWords(err.Error())
}

// byWords classifies failures of files, which the engine tells apart in words only.
func byWords(text string) Fault {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case has("database has been invalidated", "FATAL Error"):
		return Broken
	case has("No space left", "no space left", "File too large", "file too large"):
		return Full
	case has("Could not set lock", "Conflicting lock"):
		return Locked
	case has("Corrupt database file", "does not match stored checksum", "not a valid DuckDB", "Failure while replaying WAL",
		"Could not read enough bytes", "Failed to deserialize", "Serialization Error"):
		return Spoiled
	}
	return Ordinary
}
