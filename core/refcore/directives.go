package refcore

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"

	"fundwatch"
	"fundwatch/core"
)

// maxDirective is the largest directive in bytes.
const maxDirective = 1 << 20

func (s *Server) putDirective(w http.ResponseWriter, r *http.Request) error {
	d, err := readDirective(w, r)
	if err != nil {
		return err
	}
	if err := d.Validate(); err != nil {
		return err
	}
	if _, ok := s.regions[d.Region]; !ok {
		return fundwatch.FieldErrorf("region", "行政区划 %s 不在本省", d.Region)
	}
	status, isNew, err := s.ledger.receive(core.DirectiveStatus{
		Directive: d, State: core.Received, At: s.businessTime(), Message: "已接收",
	})
	if err != nil {
		return err
	}
	if !isNew {
		return writeJSON(w, http.StatusOK, status)
	}
	s.clock.Lock()
	s.taken[d.ID] = s.o.Now()
	s.clock.Unlock()
	return writeJSON(w, http.StatusCreated, status)
}

// readDirective reads the body strictly: a misspelt member would otherwise be an order half understood.
func readDirective(w http.ResponseWriter, r *http.Request) (d core.Directive, err error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return d, &statusError{http.StatusUnsupportedMediaType, fundwatch.FieldErrorf("Content-Type", "指令应为 application/json 格式")}
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDirective))
	in.DisallowUnknownFields()
	err = in.Decode(&d)
	if err == nil {
		if _, more := in.Token(); !errors.Is(more, io.EOF) {
			err = errors.Join(errors.New("more than one value"), more)
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return d, &statusError{http.StatusRequestEntityTooLarge, fundwatch.Errorf(fundwatch.Invalid, "指令超过1MiB")}
	case err != nil:
		return d, fundwatch.Errorf(fundwatch.Invalid, "指令不是有效的 JSON，或含有接口约定以外的字段: %w", err)
	case d.ID != r.PathValue("id"):
		return d, fundwatch.FieldErrorf("id", "指令编号与地址中的编号不一致")
	}
	return d, nil
}

func (s *Server) listDirectives(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	after, err := intParam(query.Get("after"), "after", 0, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	limit, err := intParam(query.Get("limit"), "limit", 100, 1, core.MaxDirectives)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, core.DirectiveList{Directives: s.ledger.since(after, int(limit))})
}
