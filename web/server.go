package web

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const prefix = "/api/v1"

// Server answers the browser.
type Server struct {
	api    huma.API
	mux    *http.ServeMux
	routes []Route
}

func newServer() *Server {
	s := &Server{mux: http.NewServeMux()}
	config := huma.DefaultConfig("社保基金监管智能工作台", "1")
	config.CreateHooks = nil
	config.DocsPath, config.OpenAPIPath, config.SchemasPath = "", "", ""
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{translate}
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	s.api = humago.NewWithPrefix(s.mux, prefix, config)
	s.table()
	neverNull(s.api.OpenAPI())
	return s
}

// neverNull takes back huma's default that every list may be null: a list without items is written as [].
func neverNull(o *huma.OpenAPI) {
	plain := func(schema *huma.Schema) {
		for ; schema != nil && schema.Type == huma.TypeArray; schema = schema.Items {
			schema.Nullable = false
		}
	}
	for _, schema := range o.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			plain(property)
		}
	}
	for _, path := range o.Paths {
		for _, operation := range []*huma.Operation{path.Get, path.Post, path.Put, path.Delete} {
			if operation == nil {
				continue
			}
			for _, p := range operation.Parameters {
				plain(p.Schema)
			}
		}
	}
}

// Contract writes the API description as YAML.
func (s *Server) Contract() ([]byte, error) { return s.api.OpenAPI().YAML() }
