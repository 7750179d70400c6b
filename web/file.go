package web

import (
	"github.com/danielgtaylor/huma/v2"
)

// Preview shows what a file would load as, before anything is loaded.
type Preview struct {
	Table   string          `json:"table"`
	Name    string          `json:"name"`
	Format  string          `json:"format" enum:"csv,xlsx,parquet"`
	Charset string          `json:"charset"`
	Rows    int64           `json:"rows"`
	Columns []PreviewColumn `json:"columns" doc:"Columns of the file with the column of the table each goes to"`
	Sample  [][]string      `json:"sample" doc:"First rows, masked"`
	Faults  []FileFault     `json:"faults" doc:"What must be put right first"`
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
	Message string `json:"message"`
}

// Imported is a file that was loaded.
type Imported struct {
	Table    string `json:"table"`
	Name     string `json:"name"`
	Rows     int64  `json:"rows"`
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
	Mapping string        `form:"mapping" required:"false" maxLength:"20000" doc:"JSON object: heading of the file to code of the column; without it headings are matched by name"`
}
