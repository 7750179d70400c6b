package core

import (
	"errors"
	"net/http"

	"fundwatch"
)

// ProblemJSON is the media type of a Problem.
const ProblemJSON = "application/problem+json"

// Problem is an error on the wire (RFC 9457) with two members of our own: code and field.
type Problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   fundwatch.Code `json:"code"`
	Field  string         `json:"field,omitempty"`
}

// ProblemOf puts an error into the words of the wire. The text of an internal error stays inside.
func ProblemOf(err error) Problem {
	p := Problem{Type: "about:blank", Code: fundwatch.CodeOf(err), Detail: fundwatch.MessageOf(err)}
	var e *fundwatch.Error
	if errors.As(err, &e) {
		p.Field = e.Field
	}
	p.Status = statusOf(p.Code)
	p.Title = http.StatusText(p.Status)
	return p
}

func statusOf(code fundwatch.Code) int {
	switch code {
	case fundwatch.Invalid:
		return http.StatusBadRequest
	case fundwatch.NotFound:
		return http.StatusNotFound
	case fundwatch.Denied:
		return http.StatusForbidden
	case fundwatch.Conflict:
		return http.StatusConflict
	case fundwatch.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// codeOf reads the failure off the status alone: the status is what proxies on the way understand too.
func codeOf(status int) fundwatch.Code {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fundwatch.Invalid
	case http.StatusUnauthorized, http.StatusForbidden:
		return fundwatch.Denied
	case http.StatusNotFound:
		return fundwatch.NotFound
	case http.StatusConflict:
		return fundwatch.Conflict
	default:
		return fundwatch.Unavailable
	}
}
