package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// The sizes beyond which a file or a function is split.
const (
	maxFile     = 700
	maxTestFile = 1000
	maxFunction = 100
)

// transportFree are the features that know no HTTP.
func transportFree() []string {
	return []string{"topics", "tags", "patrol", "supervision", "dashboards", "knowledge"}
}

// fileFaults checks one file against the house rules.
func fileFaults(f source) []string {
	if ast.IsGenerated(f.syntax) {
		return nil
	}
	var out []string
	fault := func(pos token.Pos, format string, args ...any) {
		out = append(out, fmt.Sprintf("%s:%d: %s", f.path, f.line(pos), fmt.Sprintf(format, args...)))
	}
	limit := maxFile
	if f.test {
		limit = maxTestFile
	}
	if f.lines > limit {
		fault(f.syntax.Pos(), "%d lines, more than %d: give part of it a file named after what it is about", f.lines, limit)
	}
	_, tree, _ := place(f.dir)
	if slices.Contains(transportFree(), tree) && slices.Contains(f.imports, "net/http") {
		fault(f.syntax.Pos(), "imports net/http: handlers live in web, this feature takes and gives plain values")
	}
	clockAllowed := f.test || strings.HasPrefix(tree, "cmd/") || tree == "internal/app"
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				fault(n.Pos(), "func init: register explicitly where the program is wired")
			}
			if size := f.line(n.End()) - f.line(n.Pos()) + 1; size > maxFunction && !f.test {
				fault(n.Pos(), "func %s has %d lines, more than %d: give a step of it a name", n.Name.Name, size, maxFunction)
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Now" && !clockAllowed {
				fault(n.Pos(), "time.Now: take Now from Options, so that tests own the clock")
			}
		}
		return true
	})
	out = append(out, globalFaults(f)...)
	return out
}

// globalFaults finds package variables. Errors, embedded files, compiled patterns and checks that a type fits an
// interface are the only ones: anything else is state that nobody handed in.
func globalFaults(f source) []string {
	if f.test {
		return nil
	}
	var out []string
	for _, decl := range f.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || embedded(gen.Doc) || embedded(v.Doc) {
				continue
			}
			for i, name := range v.Names {
				if i < len(v.Values) && pattern(v.Values[i]) {
					continue
				}
				if name.Name != "_" && !strings.HasPrefix(name.Name, "Err") && !strings.HasPrefix(name.Name, "err") {
					out = append(out, fmt.Sprintf("%s:%d: package variable %s: make it a constant, a function or a field",
						f.path, f.line(name.Pos()), name.Name))
				}
			}
		}
	}
	return out
}

// pattern reports whether the value is regexp.MustCompile("..."): a constant that Go cannot write as one.
func pattern(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "regexp" && sel.Sel.Name == "MustCompile"
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

// docFaults finds packages that do not say what they are.
func docFaults(files []source) []string {
	documented, code := map[string]bool{}, map[string]string{}
	for _, f := range files {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		code[f.dir] = f.syntax.Name.Name
		text := f.syntax.Doc.Text()
		if strings.HasPrefix(text, "Package "+f.syntax.Name.Name+" ") || (f.syntax.Name.Name == "main" && strings.HasPrefix(text, "Command ")) {
			documented[f.dir] = true
		}
	}
	var out []string
	for dir, name := range code {
		if !documented[dir] {
			out = append(out, fmt.Sprintf("%s: no package comment: begin one file with %q (a command: %q) and say what it owns and how to add to it",
				dir, "// Package "+name+" ...", "// Command ..."))
		}
	}
	slices.Sort(out)
	return out
}
