package web

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"fundwatch"
	"fundwatch/warehouse/intake"
)

// Preview shows what a file would load as, before anything is loaded.
type Preview struct {
	Table   string          `json:"table"`
	Name    string          `json:"name"`
	Format  string          `json:"format" enum:"csv,xlsx,parquet"`
	Charset string          `json:"charset"`
	Rows    int64           `json:"rows"`
	Columns []PreviewColumn `json:"columns" doc:"Columns of the file with the column of the table each goes to"`
	Missing []string        `json:"missing" doc:"Required columns that the file lacks"`
	Heads   []string        `json:"heads" doc:"Headings of the sample"`
	Sample  [][]string      `json:"sample" doc:"First rows as they would be loaded, masked"`
	Wrong   int64           `json:"wrong" doc:"Faults in all"`
	Faults  []FileFault     `json:"faults" doc:"The first faults: what must be put right"`
	OK      bool            `json:"ok"`
}

// PreviewColumn maps one column of the file.
type PreviewColumn struct {
	Source string `json:"source" doc:"Heading in the file"`
	Code   string `json:"code" doc:"Column of the table; empty when it goes nowhere"`
	Name   string `json:"name"`
}

// FileFault is one thing wrong with a file.
type FileFault struct {
	Line    int64  `json:"line" doc:"0 when it concerns the whole file"`
	Column  string `json:"column"`
	Place   string `json:"place" doc:"Cell or line, as the file's own program names it"`
	Message string `json:"message"`
}

// Imported is a file that was loaded.
type Imported struct {
	Table    string `json:"table"`
	Name     string `json:"name"`
	Rows     int64  `json:"rows"`
	Inserts  int64  `json:"inserts"`
	Updates  int64  `json:"updates"`
	Deletes  int64  `json:"deletes"`
	LoadSeq  int64  `json:"loadSeq"`
	Repeated bool   `json:"repeated" doc:"The same file had been loaded before: nothing changed"`
}

// FileInput is a file with where its columns go.
type FileInput struct {
	RawBody huma.MultipartFormFiles[FileForm]
}

// FileForm is the form a file comes in. A file has at most 256 MiB.
type FileForm struct {
	File    huma.FormFile `form:"file" required:"true" doc:"CSV (UTF-8 or GB18030), XLSX or Parquet"`
	Table   string        `form:"table" required:"true" maxLength:"20"`
	Mode    string        `form:"mode" required:"false" enum:"append,replace" default:"append" doc:"replace: rows that earlier files brought and this one lacks are deleted"`
	Mapping string        `form:"mapping" required:"false" maxLength:"20000" doc:"JSON object: heading of the file to code of the column; without it headings are matched by name"`
}

func (s *Server) previewFile(ctx context.Context, _ fundwatch.Actor, in *FileInput) (*Body[Preview], error) {
	request, err := in.request()
	if err != nil {
		return nil, err
	}
	p, err := s.features.Load().Files.Preview(ctx, request)
	if err != nil {
		return nil, err
	}
	out := Preview{
		Table: p.Table, Name: p.Name, Format: string(p.Format), Charset: string(p.Encoding), Rows: p.Rows,
		Columns: []PreviewColumn{}, Missing: some(p.Missing), Heads: some(p.Columns), Sample: some(p.Sample), Wrong: p.Faults,
		Faults: faultsOf(p.Problems), OK: p.Faults == 0 && len(p.Missing) == 0,
	}
	for _, m := range p.Matches {
		out.Columns = append(out.Columns, PreviewColumn{Source: m.Header, Code: m.Code, Name: m.Name})
	}
	return answer(out), nil
}

func (s *Server) importFile(ctx context.Context, a fundwatch.Actor, in *FileInput) (*Body[Imported], error) {
	request, err := in.request()
	if err != nil {
		return nil, err
	}
	f := s.features.Load()
	done, err := f.Files.Import(ctx, a, request)
	if err != nil {
		p := *problemOf(err)
		for _, fault := range faultsOf(done.Problems) {
			p.Errors = append(p.Errors, ProblemField{Field: strings.TrimSpace(fault.Place + " " + fault.Column), Message: fault.Message})
		}
		return nil, &p
	}
	f.Loaded()
	return answer(Imported{
		Table: done.Table, Name: done.Name, Rows: done.Rows, Inserts: done.Inserted, Updates: done.Updated, Deletes: done.Deleted,
		LoadSeq: done.LoadSeq, Repeated: done.State == intake.ImportUnchanged,
	}), nil
}

// request reads the form.
func (in *FileInput) request() (intake.Request, error) {
	form := in.RawBody.Data()
	r := intake.Request{Table: form.Table, Name: form.File.Filename, Body: form.File, Mode: intake.Mode(form.Mode)}
	if form.Mapping != "" {
		if err := json.Unmarshal([]byte(form.Mapping), &r.Mapping); err != nil {
			return r, fundwatch.FieldErrorf("mapping", "列对应关系应为 JSON 对象：文件列名 → 字段")
		}
	}
	return r, nil
}

func faultsOf(problems []intake.Problem) []FileFault {
	out := make([]FileFault, 0, len(problems))
	for _, p := range problems {
		out = append(out, FileFault{Line: int64(p.Line), Column: p.Column, Place: p.Address, Message: p.Message})
	}
	return out
}
