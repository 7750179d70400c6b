package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// source is one parsed file.
type source struct {
	path    string
	dir     string
	test    bool // a test, or a package that only tests import
	lines   int
	imports []string
	syntax  *ast.File
	fset    *token.FileSet
}

func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

// read parses every Go file of the tree. It reads the files itself: a test that asks the go command is answered from
// the test cache and stays green over a violation.
func read(tree fs.FS) ([]source, error) {
	var out []source
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			skip := name != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") ||
				d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "vendor")
			if skip {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := source{path: name, dir: path.Dir(name), lines: bytes.Count(text, []byte("\n")), syntax: syntax, fset: fset}
		s.test = strings.HasSuffix(name, "_test.go") || strings.HasSuffix(s.dir, "test")
		for _, imp := range syntax.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

func sources(t *testing.T) []source {
	t.Helper()
	files, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d Go files found: is this the module's root?", len(files))
	}
	return files
}

func TestFloors(t *testing.T) {
	for _, f := range sources(t) {
		for _, fault := range floorFaults(f) {
			t.Error(fault)
		}
	}
}

func TestHouseRules(t *testing.T) {
	for _, f := range sources(t) {
		for _, fault := range fileFaults(f) {
			t.Error(fault)
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, fault := range docFaults(sources(t)) {
		t.Error(fault)
	}
}

// TestFaultsAreFound plants each fault once: a check that finds nothing would pass for ever.
func TestFaultsAreFound(t *testing.T) {
	long := strings.Repeat("\n", maxFunction)
	for name, c := range map[string]struct{ file, text, want string }{
		"upwards":          {"core/a.go", `package core; import _ "fundwatch/patrol"`, "floor 2 imports fundwatch/patrol on floor 7"},
		"neighbour":        {"patrol/a.go", `package patrol; import _ "fundwatch/dashboards"`, "its neighbour"},
		"command":          {"cmd/a/a.go", `package main; import _ "fundwatch/cmd/b"`, "its neighbour"},
		"root looks out":   {"a.go", `package fundwatch; import _ "fundwatch/core"`, "floor 1 imports"},
		"out of a tree":    {"warehouse/duckdb/a.go", `package duckdb; import _ "fundwatch/warehouse/intake"`, "on floor 4"},
		"a test upwards":   {"core/a_test.go", `package core_test; import _ "fundwatch/web"`, "on floor 9"},
		"unlisted":         {"utils/a.go", `package utils`, "add it to the table"},
		"unlisted import":  {"web/a.go", `package web; import _ "fundwatch/internal/helpers"`, "add it to the table"},
		"init":             {"web/a.go", "package web\nfunc init() {}", "register explicitly"},
		"clock":            {"patrol/a.go", "package patrol\nimport \"time\"\nvar _ = time.Now", "take Now from Options"},
		"http":             {"supervision/a.go", `package supervision; import _ "net/http"`, "handlers live in web"},
		"long function":    {"web/a.go", "package web\nfunc f() {" + long + "}", "more than 100"},
		"long file":        {"web/a.go", "package web" + strings.Repeat("\n", maxFile+1), "more than 700"},
		"global":           {"web/a.go", "package web\nvar cache = map[string]int{}", "package variable cache"},
		"no comment":       {"web/a.go", "package web", "no package comment"},
		"comment of other": {"web/a.go", "// Package api is it.\npackage web", "no package comment"},
	} {
		if got := faultsOf(t, c.file, c.text); !strings.Contains(got, c.want) {
			t.Errorf("%s: want %q, got %q", name, c.want, got)
		}
	}
	for name, c := range map[string]struct{ file, text string }{
		"own tree":       {"warehouse/duckdb/a.go", "// Package duckdb is.\npackage duckdb\nimport _ \"fundwatch/warehouse\""},
		"downwards":      {"web/a.go", "// Package web is.\npackage web\nimport _ \"fundwatch/access\""},
		"method init":    {"web/a.go", "// Package web is.\npackage web\ntype a int\nfunc (a) init() {}"},
		"clock in cmd":   {"cmd/x/main.go", "// Command x is.\npackage main\nimport \"time\"\nfunc f() { _ = time.Now() }"},
		"clock in tests": {"patrol/a_test.go", "package patrol\nimport \"time\"\nfunc f() { _ = time.Now() }"},
		"error, embed":   {"web/a.go", "// Package web is.\npackage web\nvar ErrX = error(nil)\n//go:embed x\nvar files string\nvar _ = 1"},
		"pattern":        {"web/a.go", "// Package web is.\npackage web\nimport \"regexp\"\nvar word = regexp.MustCompile(`a`)"},
		"generated":      {"web/a.go", "// Code generated by x. DO NOT EDIT.\n\n// Package web is.\npackage web\nvar table = 1"},
	} {
		if got := faultsOf(t, c.file, c.text); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func faultsOf(t *testing.T, file, text string) string {
	t.Helper()
	files, err := read(fstest.MapFS{file: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		out = append(append(out, floorFaults(f)...), fileFaults(f)...)
	}
	return strings.Join(append(out, docFaults(files)...), "\n")
}
