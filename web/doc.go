// Package web is the workbench's face to a browser: the HTTP API under /api/v1, the live socket, the session
// cookie and the embedded pages (网页与接口).
//
// It owns the wire: decoding, the route table on one page (route.go), problem documents, headers. It decides
// nothing: a handler takes the actor, calls one method of a feature and encodes what comes back. Rights are
// checked by the features; the permission beside a route in the table is there so that a page of a person
// without it fails early and alike, and so that a test can walk every route with every role.
//
// To add an operation: give its types to the file of their noun, add one line to route.go, run the drift test
// with -update, and list the route in the authorization matrix, or its test fails.
package web
