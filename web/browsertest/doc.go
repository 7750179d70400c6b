// Package browsertest drives the real program with a real browser (浏览器测试): what a supervisor sees and does, from
// logging in to dispatching an alert that arrived while the page stood open.
//
// It holds nothing but tests. They need Chromium and a Chinese font; without Chromium they are skipped with a
// loud word, and with REQUIRE_BROWSER=1 that is a failure. FUNDWATCH_PICTURES names a folder to write a picture
// of every page to.
package browsertest
