// Package ui carries the built page application (网页应用) inside the binary.
//
// The build writes dist/app, which is not committed; dist/index.html is, and says how to build, so that a fresh
// checkout always compiles. Files under assets/ have their content hash in their name and may be cached for
// ever; beside each compressible file lies a .gz twin.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is the page application: index.html (workbench), screen.html (big screen) and assets/. Before the first
// build it holds nothing but an index.html that says so; Built tells the two apart.
func Files() fs.FS {
	root := "dist"
	if Built() {
		root = "dist/app"
	}
	sub, err := fs.Sub(dist, root)
	if err != nil { // impossible: both names are valid paths
		panic(err)
	}
	return sub
}

// Built reports whether the page application was built before the binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/app/index.html")
	return err == nil
}
