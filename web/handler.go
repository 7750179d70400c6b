package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"fundwatch"
)

// handler answers one operation for one actor.
type handler[I, O any] func(context.Context, fundwatch.Actor, *I) (*O, error)

// Route is one line of the route table, for those who check it.
type Route struct {
	Method string
	Path   string
	ID     string
	Need   string
}

func op[I, O any](s *Server, method, path, id, title, need string, h handler[I, O]) {
	s.routes = append(s.routes, Route{Method: method, Path: path, ID: id, Need: need})
	o := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: title,
		Responses: map[string]*huma.Response{"default": s.failure()},
	}
	huma.Register(s.api, o, func(ctx context.Context, in *I) (*O, error) {
		if h == nil {
			return nil, problemOf(fundwatch.Errorf(fundwatch.Unavailable, "此功能尚未就绪"))
		}
		out, err := h(ctx, fundwatch.Actor{}, in)
		if err != nil {
			return nil, problemOf(err)
		}
		return out, nil
	})
}

// failure describes the answer of any operation that fails.
func (s *Server) failure() *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{
		Description: http.StatusText(http.StatusInternalServerError),
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
}
