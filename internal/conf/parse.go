package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/v2"

	"fundwatch"
)

// parse lays file over the defaults and the environment over both.
func parse(path string, file []byte, environ []string) (Config, error) {
	// The strict decoder is the one that knows lines; koanf then merges what is known to be well-formed.
	var strict Config
	err := yaml.NewDecoder(bytes.NewReader(file), yaml.Strict()).Decode(&strict)
	if err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fundwatch.FieldErrorf("config", "配置文件 %s 有误：%s", path, yaml.FormatError(err, false, true))
	}
	builtin, err := yaml.Marshal(Default())
	if err != nil {
		return Config{}, fmt.Errorf("conf: write the defaults: %w", err)
	}
	k := koanf.New(".")
	for _, layer := range [][]byte{builtin, file} {
		if err := k.Load(source(layer), document{}); err != nil {
			return Config{}, fmt.Errorf("conf: %w", err)
		}
	}
	if err := overlay(k, environ); err != nil {
		return Config{}, err
	}
	var c Config
	if err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "yaml"}); err != nil {
		return Config{}, fundwatch.FieldErrorf("config", "配置项的值不合要求：%w", err)
	}
	return c, nil
}

// overlay sets the keys that the environment names.
func overlay(k *koanf.Koanf, environ []string) error {
	const begin = "FUNDWATCH_"
	keys := k.Keys()
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		rest, ok := strings.CutPrefix(name, begin)
		if !ok {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(rest, "__", "."))
		if !slices.Contains(keys, key) {
			return fundwatch.FieldErrorf(name, "环境变量 %s 不对应任何配置项，可用的有：%s", name, strings.Join(slices.Sorted(names(begin, keys)), "、"))
		}
		var set any = value
		if key == "web.proxies" || key == "web.scrapers" {
			set = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		}
		if err := k.Set(key, set); err != nil {
			return fmt.Errorf("conf: %s: %w", name, err)
		}
	}
	return nil
}

func names(begin string, keys []string) func(func(string) bool) {
	all := map[string]bool{}
	for _, key := range keys {
		all[begin+strings.ToUpper(strings.ReplaceAll(key, ".", "__"))] = true
	}
	return maps.Keys(all)
}

// source hands bytes to koanf.
type source []byte

// ReadBytes returns the bytes.
func (s source) ReadBytes() ([]byte, error) { return s, nil }

// Read is never called: source has a parser.
func (s source) Read() (map[string]any, error) { return nil, errors.New("conf: source is bytes") }

// document is YAML as koanf wants it.
type document struct{}

// Unmarshal reads a document; an empty one has no keys.
func (document) Unmarshal(b []byte) (map[string]any, error) {
	out := map[string]any{}
	if err := yaml.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	return out, nil
}

// Marshal writes a document.
func (document) Marshal(m map[string]any) ([]byte, error) { return yaml.Marshal(m) }
