package fundwatch

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what kind of failure an error is; the web turns it into a status and nothing else does.
type Code string

// The codes. Unknown errors are Internal, and their text never reaches a person.
const (
	Invalid     Code = "invalid"
	NotFound    Code = "not_found"
	Denied      Code = "denied"
	Conflict    Code = "conflict"
	Unavailable Code = "unavailable"
	Internal    Code = "internal"
)

// Error is a failure with a Chinese sentence for a person and an English cause for the log.
type Error struct {
	Code    Code
	Field   string // the input at fault, in the words of the API; empty when none is
	Message string // what is wrong and how to put it right
	Err     error  // cause; may be nil
}

// Error writes the code, the sentence and the cause for a log.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Field != "" {
		s = string(e.Code) + " " + e.Field + ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a code. A cause given as a closing ": %w" is kept for the log and left out of the
// sentence for people.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause, message := errors.Unwrap(err), err.Error()
	if cause != nil {
		message = strings.TrimSuffix(message, ": "+cause.Error())
	}
	return &Error{Code: code, Message: message, Err: cause}
}

// FieldErrorf is Errorf of code Invalid that names the field at fault.
func FieldErrorf(field, format string, args ...any) *Error {
	e := Errorf(Invalid, format, args...)
	e.Field = field
	return e
}

// CodeOf finds the code of the first Error in the chain; other errors are Internal, nil has none.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return Internal
	}
}

// MessageOf is the sentence to show a person.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != Internal {
		return e.Message
	}
	return "系统内部错误，请联系管理员并提供时间"
}

// Wrap prefixes *err with the operation; use it deferred as a function's first line.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
