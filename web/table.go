package web

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Table is one table of the warehouse with how current it is.
type Table struct {
	Code     string     `json:"code" doc:"For links; never shown"`
	Name     string     `json:"name"`
	Centre   string     `json:"centre" doc:"Name of the centre of the business core, or of the supplier of a list"`
	External bool       `json:"external" doc:"An external list, not kept by the core"`
	Rows     int64      `json:"rows"`
	LoadSeq  int64      `json:"loadSeq"`
	LoadedAt *time.Time `json:"loadedAt,omitempty"`
	AsOf     *time.Time `json:"asOf,omitempty" doc:"Business time up to which the table is complete"`
	Behind   int64      `json:"behind" doc:"Changes the core has and the warehouse has not"`
	State    string     `json:"state" enum:"level,behind,loading,failed,empty"`
	Note     string     `json:"note" doc:"What is wrong, in Chinese"`
}

// TableCode names one table in the path.
type TableCode struct {
	Code string `path:"code" pattern:"^[A-Z][A-Z0-9_]{1,19}$"`
}

// TableDetail adds the columns.
type TableDetail struct {
	Table
	Columns []TableColumn `json:"columns"`
}

// TableColumn is one column in words.
type TableColumn struct {
	Code   string   `json:"code" doc:"For mappings; never shown"`
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Masked bool     `json:"masked" doc:"Personal data, shown hidden"`
	Key    bool     `json:"key"`
	Codes  []Choice `json:"codes" doc:"Values and what they mean"`
}

// Load is one delivery that went into the warehouse.
type Load struct {
	Seq       int64      `json:"seq"`
	Table     string     `json:"table"`
	TableName string     `json:"tableName"`
	Source    string     `json:"source" doc:"core or file"`
	At        time.Time  `json:"at"`
	AsOf      *time.Time `json:"asOf,omitempty"`
	Rows      int64      `json:"rows"`
	Inserts   int64      `json:"inserts"`
	Updates   int64      `json:"updates"`
	Deletes   int64      `json:"deletes"`
	Level     bool       `json:"level" doc:"Counts and sums agree with what the sender said"`
}

// Intake is how the following of the core goes.
type Intake struct {
	State     string        `json:"state" enum:"level,loading,waiting,failed"`
	StateName string        `json:"stateName"`
	Note      string        `json:"note"`
	LastLevel *time.Time    `json:"lastLevel,omitempty" doc:"When the warehouse last was level with the core"`
	AsOf      *time.Time    `json:"asOf,omitempty"`
	LoadSeq   int64         `json:"loadSeq"`
	Failures  int64         `json:"failures" doc:"Failed tries in a row"`
	RetryAt   *time.Time    `json:"retryAt,omitempty"`
	Tables    []IntakeTable `json:"tables"`
}

// IntakeTable is the state of one table's feed.
type IntakeTable struct {
	Table string `json:"table"`
	Name  string `json:"name"`
	State string `json:"state"`
	Done  int64  `json:"done" doc:"Changes loaded"`
	Total int64  `json:"total" doc:"Changes the core has"`
	Note  string `json:"note"`
}

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

// SampleInput asks for some rows of a table.
type SampleInput struct {
	TableCode
	Paging
}

// LoadListInput narrows the list of deliveries, which grows at its top and so is read by cursor.
type LoadListInput struct {
	Table  string `query:"table" maxLength:"20"`
	Before int64  `query:"before" minimum:"0" doc:"Only loads before this sequence: the next page"`
	Size   int    `query:"size" minimum:"1" maximum:"200" default:"50"`
}

// LoadPage is a stretch of the list of deliveries, newest first.
type LoadPage struct {
	Items []Load `json:"items"`
	Next  int64  `json:"next" doc:"Value of before for what follows; 0 when nothing does"`
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
