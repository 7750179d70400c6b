package conf

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestExampleIsTheDefault(t *testing.T) {
	got, err := Load("../../config.example.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the example says\n%+v\nthe defaults are\n%+v", got, want)
	}
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[Config]()) {
		if !strings.Contains(string(text), key+":") {
			t.Errorf("config.example.yaml says nothing of %q", key)
		}
	}
}

func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		out = append(out, f.Tag.Get("yaml"))
		if f.Type.Kind() == reflect.Struct {
			out = append(out, keysOf(f.Type)...)
		}
	}
	return out
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		check      func(Config) bool
		fault      []string
	}{
		{name: "Nothing", check: func(c Config) bool { return reflect.DeepEqual(c, Default()) }},
		{
			name: "FileOverDefaults", file: "core:\n  every: 1m\n",
			check: func(c Config) bool { return c.Core.Every == time.Minute && c.Core.Timeout == 30*time.Second },
		},
		{
			name: "EnvironmentOverFile", file: "data: here\ncore: {token: a}\n",
			env:   []string{"HOME=/root", "FUNDWATCH_DATA=there", "FUNDWATCH_CORE__TOKEN=b", "FUNDWATCH_WEB__PROXIES=10.0.0.0/8,192.168.0.0/16"},
			check: func(c Config) bool { return c.Data == "there" && c.Core.Token == "b" && len(c.Web.Proxies) == 2 },
		},
		{name: "UnknownKey", file: "web:\n  address: 127.0.0.1:1\n  adress: x\n", fault: []string{"adress", "3"}},
		{name: "UnknownVariable", env: []string{"FUNDWATCH_CORE__TOKN=b"}, fault: []string{"FUNDWATCH_CORE__TOKN", "FUNDWATCH_CORE__TOKEN"}},
		{name: "WrongType", file: "web:\n  clients: many\n", fault: []string{"clients"}},
		{name: "NotYAML", file: "web: [", fault: []string{"config"}},
		{
			name: "EveryFaultAtOnce", file: "web: {address: nowhere}\ncore: {url: 'ftp://x', every: 0s}\nlog: {level: loud}\n",
			fault: []string{"web.address", "core.url", "core.every", "log.level"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = filepath.Join(t.TempDir(), "fundwatch.yaml")
				if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Load(path, c.env)
			if len(c.fault) == 0 {
				if err != nil || !c.check(got) {
					t.Fatalf("got %+v, %v", got, err)
				}
				return
			}
			if err == nil {
				t.Fatalf("no error for a faulty configuration: %+v", got)
			}
			for _, want := range c.fault {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not name %q: %v", want, err)
				}
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil {
		t.Fatal("no error for a missing file")
	}
}
