package web

import "time"

// Alert is one row of the alert desk.
type Alert struct {
	ID           string     `json:"id"`
	Rev          int64      `json:"rev" doc:"Version: writes carry it"`
	Rule         string     `json:"rule"`
	RuleTitle    string     `json:"ruleTitle"`
	Title        string     `json:"title" doc:"One plain sentence"`
	Severity     string     `json:"severity" enum:"red,orange,yellow,blue"`
	SeverityName string     `json:"severityName"`
	State        string     `json:"state"`
	StateName    string     `json:"stateName"`
	Open         bool       `json:"open" doc:"Somebody still has to act"`
	Line         string     `json:"line"`
	LineName     string     `json:"lineName"`
	Region       string     `json:"region"`
	RegionName   string     `json:"regionName"`
	SubjectKind  string     `json:"subjectKind" enum:"person,unit,account,agency,operator,region"`
	SubjectID    string     `json:"subjectId" doc:"Internal number"`
	SubjectName  string     `json:"subjectName" doc:"Masked"`
	Amount       int64      `json:"amount" doc:"Fen"`
	RaisedAt     time.Time  `json:"raisedAt"`
	SeenAt       time.Time  `json:"seenAt" doc:"Last round that found it"`
	DueAt        *time.Time `json:"dueAt,omitempty"`
	Overdue      bool       `json:"overdue"`
	Handler      string     `json:"handler" doc:"Name of who has it; empty when nobody has"`
	Times        int64      `json:"times" doc:"Rounds in which it was found anew or changed"`
	RaisedOn     string     `json:"raisedOn" doc:"Business day on which it was first found"`
	FirstMonth   string     `json:"firstMonth" doc:"2026-10; empty when it is about no months"`
	LastMonth    string     `json:"lastMonth"`
	Found        bool       `json:"found" doc:"The last round still found it"`
	Suspended    bool       `json:"suspended" doc:"The core was asked to stop paying"`
	VerdictName  string     `json:"verdictName" doc:"What it turned out to be; empty before"`
	Confirmed    int64      `json:"confirmed" doc:"Fen found to be unlawful"`
	Recovered    int64      `json:"recovered" doc:"Fen back"`
}

// AlertFilter narrows the alert list. Several values of one field are joined by commas and mean any of them.
type AlertFilter struct {
	State    []string `query:"state" maxItems:"20"`
	Severity []string `query:"severity" maxItems:"8"`
	Line     []string `query:"line" maxItems:"8"`
	Region   string   `query:"region" pattern:"^([0-9]{6})?$" doc:"The region and all below it"`
	Rule     []string `query:"rule" maxItems:"50"`
	Open     bool     `query:"open" doc:"Only those still to be acted on"`
	Overdue  bool     `query:"overdue" doc:"Only those past their deadline"`
	Q        string   `query:"q" maxLength:"64" doc:"Words of the title, number of the alert or of the subject"`
	From     string   `query:"from" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"Raised on or after"`
	To       string   `query:"to" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"Raised on or before"`
}

// AlertListInput is filter, order and page.
type AlertListInput struct {
	AlertFilter
	Paging
	Sort string `query:"sort" enum:"-raisedAt,raisedAt,-severity,-amount,dueAt,-seenAt" default:"-raisedAt"`
}

// AlertList is a page of alerts, with counts for each way to narrow further.
type AlertList struct {
	List[Alert]
	Seq    int64       `json:"seq" doc:"Sequence of topic alerts that the list reflects: subscribe after it"`
	Facets AlertFacets `json:"facets"`
}

// AlertFacets are the counts, each taken without its own filter.
type AlertFacets struct {
	State    []Count `json:"state"`
	Severity []Count `json:"severity"`
	Line     []Count `json:"line"`
	Region   []Count `json:"region" doc:"One level below the chosen region"`
	Rule     []Count `json:"rule"`
}

// AlertID names one alert in the path.
type AlertID struct {
	ID string `path:"id" maxLength:"64"`
}

// AlertDetail is all there is to decide about an alert.
type AlertDetail struct {
	Alert
	Explanation string       `json:"explanation" doc:"Why, in plain Chinese"`
	Disposal    string       `json:"disposal" doc:"How such cases are dealt with"`
	Guide       string       `json:"guide" doc:"How to verify"`
	LookAlikes  []string     `json:"lookAlikes" doc:"Lawful cases that look alike"`
	SQL         string       `json:"sql" doc:"The rule's statement"`
	Facts       []Fact       `json:"facts"`
	Evidence    []Sheet      `json:"evidence"`
	RuleVersion int64        `json:"ruleVersion"`
	Basis       []Basis      `json:"basis" doc:"Legal basis"`
	Params      []RuleParam  `json:"params" doc:"Parameters as they were resolved for this alert"`
	Timeline    []AlertEvent `json:"timeline" doc:"Oldest first"`
	Actions     []Action     `json:"actions" doc:"What the reader may do now"`
	Answer      *Answer      `json:"answer,omitempty" doc:"What the agency found"`
	AsOf        *time.Time   `json:"asOf,omitempty" doc:"Business time of the evidence"`
}

// AlertOutput carries the version as an entity tag.
type AlertOutput struct {
	ETag string `header:"ETag"`
	Body AlertDetail
}

// Fact is one named value of a finding.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value" doc:"Written for a person"`
	Kind  string `json:"kind" doc:"Type of the value: key, text, date, month, money, int, ratio, time"`
}

// Sheet is a table of evidence or a sample: columns with Chinese names, cells written for a person.
type Sheet struct {
	Table   string        `json:"table" doc:"Code, for links; never shown"`
	Title   string        `json:"title"`
	Columns []SheetColumn `json:"columns"`
	Rows    [][]string    `json:"rows" doc:"Empty where there is no value"`
	Total   int64         `json:"total" doc:"Rows there are, as far as they were counted"`
	// Truncated says that there are more rows than shown.
	Truncated bool       `json:"truncated"`
	AsOf      *time.Time `json:"asOf,omitempty"`
}

// SheetColumn heads one column.
type SheetColumn struct {
	Code   string `json:"code" doc:"For links and mappings; never shown"`
	Name   string `json:"name"`
	Kind   string `json:"kind" doc:"key, text, date, month, money, int, ratio, time: decides how to align"`
	Masked bool   `json:"masked" doc:"Personal data, hidden"`
}

// Basis is one article of law.
type Basis struct {
	Law     string `json:"law"`
	Article string `json:"article"`
}

// AlertEvent is one step in the life of an alert.
type AlertEvent struct {
	At        time.Time `json:"at"`
	Actor     string    `json:"actor" doc:"Name; 系统 for the patrol"`
	Action    string    `json:"action"`
	Title     string    `json:"title"`
	Note      string    `json:"note"`
	State     string    `json:"state" doc:"State it led to"`
	StateName string    `json:"stateName"`
}

// Action is something the reader may do with an alert now.
type Action struct {
	ID    string `json:"id" enum:"review,dispatch,return,confirm,rectify,close,suspend,reveal"`
	Title string `json:"title"`
}

// Answer is what an agency found.
type Answer struct {
	Problem   bool      `json:"problem"`
	Category  string    `json:"category"`
	Rectified bool      `json:"rectified"`
	Amount    int64     `json:"amount" doc:"Fen"`
	Recovered int64     `json:"recovered" doc:"Fen"`
	Note      string    `json:"note"`
	Evidence  []string  `json:"evidence" doc:"Names of files"`
	Clerk     string    `json:"clerk"`
	At        time.Time `json:"at"`
}

// ReviewInput gives the supervisor's verdict on a new alert.
type ReviewInput struct {
	AlertID
	Body struct {
		Rev     int64  `json:"rev" minimum:"1"`
		Verdict string `json:"verdict" maxLength:"32" doc:"accept, or one of words.verdicts but violation"`
		Note    string `json:"note" maxLength:"1000"`
	}
}

// DispatchInput hands an alert to the agency.
type DispatchInput struct {
	AlertID
	Body struct {
		Rev      int64  `json:"rev" minimum:"1"`
		Deadline string `json:"deadline" format:"date" doc:"Last day for the answer"`
		Content  string `json:"content" minLength:"1" maxLength:"2000" doc:"What to verify"`
	}
}

// ReturnInput sends a careless answer back.
type ReturnInput struct {
	AlertID
	Body struct {
		Rev      int64  `json:"rev" minimum:"1"`
		Reason   string `json:"reason" minLength:"1" maxLength:"1000"`
		Deadline string `json:"deadline" format:"date"`
	}
}

// ConfirmInput closes an alert with its outcome.
type ConfirmInput struct {
	AlertID
	Body struct {
		Rev       int64  `json:"rev" minimum:"1"`
		Outcome   string `json:"outcome" maxLength:"32" doc:"One of words.outcomes"`
		Amount    int64  `json:"amount" minimum:"0" doc:"Fen found to be unlawful"`
		Recovered int64  `json:"recovered" minimum:"0" doc:"Fen already back"`
		Note      string `json:"note" maxLength:"1000"`
	}
}

// RectifyInput puts a confirmed problem under rectification.
type RectifyInput struct {
	AlertID
	Body struct {
		Rev  int64  `json:"rev" minimum:"1"`
		Note string `json:"note" maxLength:"1000"`
	}
}

// CloseInput ends a confirmed problem.
type CloseInput struct {
	AlertID
	Body struct {
		Rev       int64  `json:"rev" minimum:"1"`
		Recovered int64  `json:"recovered" minimum:"0" doc:"Fen back in the end"`
		Note      string `json:"note" maxLength:"1000"`
	}
}

// SuspendInput asks the core to stop paying.
type SuspendInput struct {
	AlertID
	Body struct {
		Rev    int64  `json:"rev" minimum:"1"`
		Reason string `json:"reason" minLength:"6" maxLength:"1000"`
	}
}

// RevealInput asks to see the masked data of one alert.
type RevealInput struct {
	AlertID
	Body struct {
		Reason string `json:"reason" maxLength:"32" doc:"One of words.reasons"`
		Note   string `json:"note" minLength:"6" maxLength:"500" doc:"Why, in words"`
	}
}

// Revealed is the clear data, to be hidden again when it expires.
type Revealed struct {
	Items     []RevealedItem `json:"items"`
	Left      int            `json:"left" doc:"Reveals left today"`
	ExpiresAt time.Time      `json:"expiresAt"`
}

// RevealedItem is one clear value.
type RevealedItem struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// AlertStats are the figures over the alerts a person may see.
type AlertStats struct {
	Open      int64   `json:"open"`
	Today     int64   `json:"today" doc:"Raised on the last business day"`
	Red       int64   `json:"red" doc:"Open and red"`
	Overdue   int64   `json:"overdue"`
	Amount    int64   `json:"amount" doc:"Fen in open alerts"`
	Confirmed int64   `json:"confirmed" doc:"Fen confirmed this year"`
	Recovered int64   `json:"recovered" doc:"Fen recovered this year"`
	ByState   []Count `json:"byState"`
}

// ExportInput asks for the filtered alerts as a file.
type ExportInput struct {
	Body struct {
		Filter ExportFilter `json:"filter"`
		Reason string       `json:"reason" minLength:"6" maxLength:"500" doc:"Why the data leaves the workbench"`
	}
}

// ExportFilter is AlertFilter in a body.
type ExportFilter struct {
	State    []string `json:"state,omitempty" maxItems:"20"`
	Severity []string `json:"severity,omitempty" maxItems:"8"`
	Line     []string `json:"line,omitempty" maxItems:"8"`
	Region   string   `json:"region,omitempty" pattern:"^([0-9]{6})?$"`
	Rule     []string `json:"rule,omitempty" maxItems:"50"`
	Open     bool     `json:"open,omitempty"`
	Overdue  bool     `json:"overdue,omitempty"`
	Q        string   `json:"q,omitempty" maxLength:"64"`
	From     string   `json:"from,omitempty" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
	To       string   `json:"to,omitempty" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
}

// FileOutput is a file to keep.
type FileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}
