package refcore

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
)

// The bounds of limit for JSON lines.
const (
	defaultLines = 1000
	maxLines     = 10000
)

func (s *Server) readChanges(w http.ResponseWriter, r *http.Request) error {
	table, err := s.table(r.PathValue("table"))
	if err != nil {
		return err
	}
	media, err := wanted(r.Header.Get("Accept"))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	after := core.Cursor(query.Get("after"))
	if !after.Valid() {
		return fundwatch.FieldErrorf("after", "游标含有不允许的字符或过长")
	}
	if media == core.ArrowStream {
		if query.Has("limit") {
			return fundwatch.FieldErrorf("limit", "limit 只用于 JSON 行格式；Arrow 流由业务系统自行分页，请去掉该参数")
		}
		return s.writeChunk(w, table, after)
	}
	limit, err := intParam(query.Get("limit"), "limit", defaultLines, 1, maxLines)
	if err != nil {
		return err
	}
	return s.writeLines(w, table, after, int(limit))
}

// writeChunk serves a chunk of the spool as it is, file to socket.
func (s *Server) writeChunk(w http.ResponseWriter, table core.Table, after core.Cursor) error {
	chunk, err := s.o.Province.Chunk(table.Code, after)
	if err != nil {
		return err
	}
	page := pageOf(chunk)
	if page.Rows == 0 {
		return writeLevel(w, page)
	}
	f, err := os.Open(chunk.Path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	page.SetHeader(w.Header())
	w.Header().Set("Content-Type", core.ArrowStream)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, _ = io.Copy(w, f) // the status is out; a short body is seen by the reader
	return nil
}

// writeLines serves part of a chunk as JSON lines. Its cursor is the chunk's with the number of its rows already told.
func (s *Server) writeLines(w http.ResponseWriter, table core.Table, after core.Cursor, limit int) error {
	base, told, err := splitCursor(after)
	if err != nil {
		return err
	}
	chunk, err := s.o.Province.Chunk(table.Code, base)
	if err != nil {
		return err
	}
	if told > 0 && told >= chunk.Rows {
		return fundwatch.FieldErrorf("after", "游标不是本系统给出的")
	}
	page := pageOf(chunk)
	page.After = after
	if page.Rows == 0 {
		return writeLevel(w, page)
	}
	body, err := readLines(chunk.Path, table, told, limit)
	if err != nil {
		return err
	}
	page.Rows, page.Sums = body.rows, body.sums
	if told+body.rows < chunk.Rows {
		page.Next = core.Cursor(string(base) + "." + strconv.FormatInt(told+body.rows, 10))
	}
	sum := sha256.Sum256(body.text)
	page.SHA = hex.EncodeToString(sum[:])
	page.SetHeader(w.Header())
	w.Header().Set("Content-Type", core.JSONLines)
	_, _ = w.Write(body.text)
	return nil
}

func pageOf(c synth.Chunk) *core.Page {
	return &core.Page{Table: c.Table, After: c.After, Next: c.Next, Rows: c.Rows, Sums: c.Sums, AsOf: c.AsOf, SHA: c.SHA}
}

func writeLevel(w http.ResponseWriter, page *core.Page) error {
	page.Next = page.After
	page.SetHeader(w.Header())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// splitCursor reads a cursor of JSON lines: that of a chunk, or that of a chunk, a dot and the rows told.
func splitCursor(c core.Cursor) (base core.Cursor, told int64, err error) {
	text, rows, inside := strings.Cut(string(c), ".")
	if !inside {
		return c, 0, nil
	}
	told, err = strconv.ParseInt(rows, 10, 64)
	if err != nil || told < 1 || strconv.FormatInt(told, 10) != rows {
		return "", 0, fundwatch.FieldErrorf("after", "游标不是本系统给出的")
	}
	return core.Cursor(text), told, nil
}

// wanted picks the media type: the first accepted that is offered; whoever takes anything gets JSON lines.
func wanted(accept string) (string, error) {
	if strings.TrimSpace(accept) == "" {
		return core.JSONLines, nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || params["q"] == "0" {
			continue
		}
		switch media {
		case core.ArrowStream, core.JSONLines:
			return media, nil
		case "*/*", "application/*":
			return core.JSONLines, nil
		}
	}
	return "", &statusError{http.StatusNotAcceptable, fundwatch.FieldErrorf("Accept",
		"变更数据只有 %s 和 %s 两种格式", core.ArrowStream, core.JSONLines)}
}

func intParam(text, field string, byDefault, low, high int64) (int64, error) {
	if text == "" {
		return byDefault, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < low || v > high {
		return 0, fundwatch.FieldErrorf(field, "%s 应为%d至%d的整数", field, low, high)
	}
	return v, nil
}
