package core_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"fundwatch"
	"fundwatch/core"
)

// document is the part of OpenAPI that these tests read.
type document struct {
	OpenAPI  string                          `yaml:"openapi"`
	Info     map[string]any                  `yaml:"info"`
	Servers  []any                           `yaml:"servers"`
	Security []map[string][]string           `yaml:"security"`
	Tags     []docTag                        `yaml:"tags"`
	Paths    map[string]map[string]operation `yaml:"paths"`

	Components struct {
		SecuritySchemes map[string]any       `yaml:"securitySchemes"`
		Parameters      map[string]any       `yaml:"parameters"`
		Headers         map[string]any       `yaml:"headers"`
		Responses       map[string]any       `yaml:"responses"`
		Schemas         map[string]docSchema `yaml:"schemas"`
	} `yaml:"components"`
}

type docTag struct {
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Tables      []string `yaml:"x-tables"`
}

type operation struct {
	ID          string         `yaml:"operationId"`
	Tags        []string       `yaml:"tags"`
	Summary     string         `yaml:"summary"`
	Description string         `yaml:"description"`
	Parameters  []any          `yaml:"parameters"`
	RequestBody any            `yaml:"requestBody"`
	Responses   map[string]any `yaml:"responses"`
}

type docSchema struct {
	Type       any                  `yaml:"type"`
	Ref        string               `yaml:"$ref"`
	Required   []string             `yaml:"required"`
	Enum       []any                `yaml:"enum"`
	Properties map[string]docSchema `yaml:"properties"`
}

func contract(t *testing.T) document {
	t.Helper()
	var d document
	if err := yaml.Unmarshal(core.Contract(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContractSchemasAreTheGoTypes(t *testing.T) {
	types := map[string]reflect.Type{
		"Feed": reflect.TypeFor[core.Feed](), "FeedList": reflect.TypeFor[core.FeedList](),
		"Subject": reflect.TypeFor[fundwatch.Subject](), "Directive": reflect.TypeFor[core.Directive](),
		"Answer": reflect.TypeFor[core.Answer](), "DirectiveStatus": reflect.TypeFor[core.DirectiveStatus](),
		"DirectiveList": reflect.TypeFor[core.DirectiveList](), "Profile": reflect.TypeFor[core.Profile](),
		"ProfileGroup": reflect.TypeFor[core.ProfileGroup](), "Problem": reflect.TypeFor[core.Problem](),
	}
	schemas := contract(t).Components.Schemas
	for name, schema := range schemas {
		if schema.Type == "object" && types[name] == nil && name != "Change" {
			t.Errorf("schema %s has no Go type", name)
		}
	}
	for name, typ := range types {
		schema := schemas[name]
		var fields, required []string
		for f := range typ.Fields() {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, tag)
			if !strings.Contains(options, "omit") {
				required = append(required, tag)
			}
			property := schema.Properties[tag]
			if property.Ref != "" {
				property = schemas[strings.TrimPrefix(property.Ref, "#/components/schemas/")]
			}
			if want := wireType(f.Type); property.Type != want {
				t.Errorf("%s.%s: contract says %v, Go says %s", name, tag, property.Type, want)
			}
		}
		if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, sorted(fields)) {
			t.Errorf("%s: contract has %v, Go has %v", name, got, sorted(fields))
		}
		if !slices.Equal(sorted(schema.Required), sorted(required)) {
			t.Errorf("%s: contract requires %v, Go always writes %v", name, schema.Required, required)
		}
	}
}

func wireType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "string"
	case t.Kind() == reflect.Pointer:
		return wireType(t.Elem())
	case t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Slice:
		return "array"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "object"
	default:
		return "integer"
	}
}

func TestContractWordsAreTheGoConstants(t *testing.T) {
	d := contract(t)
	enum := func(schema, property string) []string {
		var out []string
		for _, v := range d.Components.Schemas[schema].Properties[property].Enum {
			out = append(out, v.(string))
		}
		return sorted(out)
	}
	lines := []string{string(fundwatch.OccupationalAnnuity)}
	for _, i := range fundwatch.Insurances() {
		lines = append(lines, string(i))
	}
	for _, c := range []struct {
		schema, property string
		want             []string
	}{
		{"Directive", "kind", strs(core.Dispatch, core.Suspend, core.Resume, core.Correct)},
		{"Directive", "line", lines},
		{"DirectiveStatus", "state", strs(core.Received, core.InProgress, core.Answered, core.Refused)},
		{"Problem", "code", strs(fundwatch.Invalid, fundwatch.NotFound, fundwatch.Denied, fundwatch.Conflict,
			fundwatch.Unavailable, fundwatch.Internal)},
	} {
		if got := enum(c.schema, c.property); !slices.Equal(got, sorted(c.want)) {
			t.Errorf("%s.%s: contract has %v, Go has %v", c.schema, c.property, got, c.want)
		}
	}
	var headers []string
	for h := range d.Components.Headers {
		if strings.HasPrefix(h, "Core-") {
			headers = append(headers, h)
		}
	}
	want := []string{core.HeaderAfter, core.HeaderNext, core.HeaderRows, core.HeaderSums, core.HeaderAsOf, core.HeaderSHA}
	if !slices.Equal(sorted(headers), sorted(want)) {
		t.Errorf("contract has headers %v, Go has %v", headers, want)
	}
}

func TestContractCentresKeepTheTables(t *testing.T) {
	tables, err := core.Tables()
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string][]string{}
	for _, tb := range tables {
		centre := tb.Centre
		if tb.List != "" {
			centre = "lists"
		}
		kept[centre] = append(kept[centre], tb.Code)
	}
	d := contract(t)
	if len(d.Tags) != 16 {
		t.Errorf("want fifteen centres and the lists, got %d tags", len(d.Tags))
	}
	changes := d.Paths["/v1/changes/{table}"]["get"].Tags
	for _, tag := range d.Tags {
		if !slices.Equal(sorted(tag.Tables), sorted(kept[tag.Name])) {
			t.Errorf("%s: contract lists %v, tables.yaml has %v", tag.Name, tag.Tables, kept[tag.Name])
		}
		if slices.Contains(changes, tag.Name) != (len(tag.Tables) > 0) {
			t.Errorf("%s: readChanges and the tag disagree about whether the centre keeps tables", tag.Name)
		}
	}
}

func TestContractOperationsAreWhole(t *testing.T) {
	d := contract(t)
	var tags []string
	for _, tag := range d.Tags {
		tags = append(tags, tag.Name)
	}
	seen := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if o.ID == "" || seen[o.ID] || o.Summary == "" {
				t.Errorf("%s %s: operation without a name of its own or a summary", method, path)
			}
			seen[o.ID] = true
			if len(o.Tags) == 0 {
				t.Errorf("%s says no centre", o.ID)
			}
			for _, tag := range o.Tags {
				if !slices.Contains(tags, tag) {
					t.Errorf("%s names the unknown centre %s", o.ID, tag)
				}
			}
			for _, status := range []string{"200", "401", "429", "500", "503"} {
				if o.Responses[status] == nil {
					t.Errorf("%s does not say what %s means", o.ID, status)
				}
			}
			if strings.Contains(path, "{") && o.Parameters == nil {
				t.Errorf("%s does not describe the parameters of its path", o.ID)
			}
		}
	}
}

func TestContractReferencesResolve(t *testing.T) {
	var root map[string]any
	if err := yaml.Unmarshal(core.Contract(), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				var found any = root
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := found.(map[string]any)
					found = m[part]
				}
				if found == nil {
					t.Errorf("%s: %s leads nowhere", at, ref)
				}
			}
			for k, inner := range v {
				walk(at+"/"+k, inner)
			}
		case []any:
			for _, inner := range v {
				walk(at, inner)
			}
		}
	}
	walk("", root)
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func strs[T ~string](s ...T) []string {
	out := make([]string, len(s))
	for i, v := range s {
		out[i] = string(v)
	}
	return out
}
