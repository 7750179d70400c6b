// Package arch holds the architecture to its word: the floors (分层) and the house rules that a compiler does not
// know, read from the source files on each test run.
//
// It contains tests only. To add a package, put it into the table in floors_test.go, on the lowest floor that is
// above everything it imports.
package arch
