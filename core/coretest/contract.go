package coretest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"fundwatch/core"
)

// contract is openapi.yaml for looking things up.
type contract map[string]any

func readContract(t *testing.T) contract {
	t.Helper()
	var c contract
	if err := yaml.Unmarshal(core.Contract(), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// at walks down the keys and follows references.
func (c contract) at(node any, keys ...string) any {
	for _, key := range append(keys, "") {
		m, _ := node.(map[string]any)
		if ref, ok := m["$ref"].(string); ok {
			node = c.at(map[string]any(c), strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			m, _ = node.(map[string]any)
		}
		if key != "" {
			node = m[key]
		}
	}
	return node
}

// reply is an answer read to its end.
type reply struct {
	*http.Response
	body []byte
}

// ask sends a request of its own to the core and checks that the contract allows the answer. The path may begin with
// the template it belongs to: "/v1/cases/{id} /v1/cases/D-1".
func (s *suite) ask(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	template, address, ok := strings.Cut(path, " ")
	if !ok {
		address = template
		template, _, _ = strings.Cut(template, "?")
	}
	req, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(s.URL, "/")+address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{res, data}
	s.documented(t, method, template, r)
	return r
}

// documented checks an answer's status, media type, headers and problem against the contract.
func (s *suite) documented(t *testing.T, method, template string, r reply) {
	t.Helper()
	operation := s.contract.at(map[string]any(s.contract), "paths", template, strings.ToLower(method))
	if operation == nil {
		if r.StatusCode != http.StatusNotFound && r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is not in the contract, yet answers %d", method, template, r.StatusCode)
		}
		return
	}
	status := strings.Fields(r.Status)[0]
	response := s.contract.at(operation, "responses", status)
	if response == nil {
		t.Errorf("%s %s answers %s, which the contract does not know", method, template, status)
		return
	}
	headers, _ := s.contract.at(response, "headers").(map[string]any)
	for name := range headers {
		if _, ok := r.Header[http.CanonicalHeaderKey(name)]; !ok && s.contract.at(headers, name, "required") == true {
			t.Errorf("%s %s answers %s without %s", method, template, status, name)
		}
	}
	content, _ := s.contract.at(response, "content").(map[string]any)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if _, ok := content[media]; !ok && len(content) > 0 {
		t.Errorf("%s %s answers %s as %q", method, template, status, media)
	}
	if media == core.ProblemJSON {
		s.checkProblem(t, r)
	}
}

func (s *suite) checkProblem(t *testing.T, r reply) {
	t.Helper()
	var p core.Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("problem of status %d: %v", r.StatusCode, err)
	}
	if p.Status != r.StatusCode || p.Detail == "" || p.Title == "" || p.Type == "" || p.Code == "" {
		t.Errorf("problem of status %d is incomplete: %s", r.StatusCode, r.body)
	}
	if s.Token != "" && strings.Contains(string(r.body), s.Token) {
		t.Errorf("problem of status %d shows the token", r.StatusCode)
	}
}

func hexSHA(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
