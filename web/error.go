package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fundwatch"
)

// Problem is the one shape of every failure (RFC 9457). Code is stable for programs, Detail is the Chinese
// sentence for the person, Errors name the fields at fault.
type Problem struct {
	Type       string         `json:"type" doc:"about:blank: the status and code say it all"`
	Title      string         `json:"title" doc:"What kind of failure, in Chinese"`
	Status     int            `json:"status" doc:"HTTP status"`
	Code       string         `json:"code" doc:"Stable code: invalid, not_found, denied, conflict, unavailable, internal, unauthenticated, csrf, stale, too_many, password_change_required"`
	Detail     string         `json:"detail" doc:"What is wrong and how to put it right, in Chinese"`
	Instance   string         `json:"instance,omitempty" doc:"Path of the request"`
	TraceID    string         `json:"traceId,omitempty" doc:"Quote it to the administrator"`
	RetryAfter int            `json:"retryAfter,omitempty" doc:"Seconds to wait"`
	Errors     []ProblemField `json:"errors,omitempty" doc:"Fields at fault"`
}

// ProblemField is one input at fault.
type ProblemField struct {
	Field   string `json:"field" doc:"Name of the input as the API spells it"`
	Message string `json:"message" doc:"What is wrong with it, in Chinese"`
}

// Error is the sentence; huma asks for it.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes the answer application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// Codes of failures that only the web knows.
const (
	codeUnauthenticated = "unauthenticated"
	codeCSRF            = "csrf"
	codeStale           = "stale"
	codeTooMany         = "too_many"
	codeMustChange      = "password_change_required"
)

// statusOf is the one map from the code of an error to the HTTP status.
func statusOf(code fundwatch.Code) int {
	switch code {
	case fundwatch.Invalid:
		return http.StatusUnprocessableEntity
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

// titleOf names a status in Chinese.
func titleOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "请求格式有误"
	case http.StatusUnauthorized:
		return "未登录或会话已失效"
	case http.StatusForbidden:
		return "无权办理"
	case http.StatusNotFound:
		return "未找到"
	case http.StatusMethodNotAllowed:
		return "不支持的请求方法"
	case http.StatusConflict:
		return "状态已变化"
	case http.StatusPreconditionFailed:
		return "数据已被他人更新"
	case http.StatusPreconditionRequired:
		return "缺少版本号"
	case http.StatusRequestEntityTooLarge:
		return "内容过大"
	case http.StatusUnsupportedMediaType:
		return "不支持的内容类型"
	case http.StatusUnprocessableEntity:
		return "填写内容有误"
	case http.StatusTooManyRequests:
		return "操作过于频繁"
	case http.StatusServiceUnavailable:
		return "暂时无法提供服务"
	default:
		return "系统内部错误"
	}
}

// newProblem makes a problem that did not come from a feature.
func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: titleOf(status), Status: status, Code: code, Detail: detail}
}

// problemOf turns an error of a feature into its problem. A text written for the log stays out of it.
func problemOf(err error) *Problem {
	var own *Problem
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return newProblem(http.StatusServiceUnavailable, string(fundwatch.Unavailable), "处理超时或已取消，请稍后重试")
	}
	code := fundwatch.CodeOf(err)
	p := newProblem(statusOf(code), string(code), fundwatch.MessageOf(err))
	var e *fundwatch.Error
	if errors.As(err, &e) && e.Field != "" {
		p.Errors = []ProblemField{{Field: e.Field, Message: e.Message}}
	}
	return p
}

// translate is the huma transformer that turns huma's own English error documents into problems.
func translate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(m.Status, string(fundwatch.Invalid), titleOf(m.Status))
	switch {
	case m.Status >= http.StatusInternalServerError:
		p.Code = string(fundwatch.Internal)
		p.Detail = fundwatch.MessageOf(errors.New("huma"))
	case len(m.Errors) > 0:
		p.Detail = "有内容不符合要求，请按提示修改后重试"
	}
	for _, d := range m.Errors {
		p.Errors = append(p.Errors, ProblemField{Field: fieldOf(d), Message: sayFault(d.Message)})
	}
	return p, nil
}
