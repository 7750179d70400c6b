package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"fundwatch"
	"fundwatch/access"
)

// Route is one line of the route table.
type Route struct {
	Method string
	Path   string // below /api/v1
	ID     string
	Title  string
	Need   access.Permission // a permission, or one of the two below

	quiet  bool // a page asks by itself: does not keep the session from idling out
	early  bool // answers while the warehouse is still starting
	secret bool // its answer is never kept, not even for a repeat of the request
}

// What a route needs when it is no permission of its own.
const (
	Public access.Permission = "public" // no session
	Signed access.Permission = "signed" // any session
)

// handler answers one operation for one actor: it calls one method of a feature and encodes what comes back.
type handler[I, O any] func(context.Context, fundwatch.Actor, *I) (*O, error)

// op registers one operation.
func op[I, O any](s *Server, route Route, h handler[I, O]) {
	s.add(route)
	o := huma.Operation{
		OperationID: route.ID, Method: route.Method, Path: route.Path, Summary: route.Title,
		Responses: map[string]*huma.Response{"default": s.failure()},
		// The gate limits bodies, with a sentence for a person.
		MaxBodyBytes: -1,
	}
	huma.Register(s.api, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, actorOf(ctx), in)
		if err == nil {
			return out, nil
		}
		p := *problemOf(err)
		p.TraceID = traceOf(ctx)
		if p.Status >= http.StatusInternalServerError {
			s.log.ErrorContext(ctx, "operation failed", "operation", route.ID, "trace", p.TraceID, "error", err)
		}
		return nil, &p
	})
}

// add enters a route in the table; two routes for one address are a fault of the program.
func (s *Server) add(route Route) {
	pattern := route.Method + " " + prefix + route.Path
	if _, twice := s.routes[pattern]; twice {
		panic("web: two routes for " + pattern)
	}
	s.routes[pattern] = route
	s.order = append(s.order, pattern)
}

// failure describes the answer of any operation that fails.
func (s *Server) failure() *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{
		Description: "Problem",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
}
