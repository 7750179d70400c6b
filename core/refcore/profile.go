package refcore

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
)

func (s *Server) readPerson(w http.ResponseWriter, r *http.Request) error {
	return s.readSubject(w, r, fundwatch.SubjectPerson, "AC01", "个人")
}

func (s *Server) readUnit(w http.ResponseWriter, r *http.Request) error {
	return s.readSubject(w, r, fundwatch.SubjectUnit, "AB01", "单位")
}

// readSubject gathers the rows about one person or unit. home is the table in which everyone of the kind stands.
func (s *Server) readSubject(w http.ResponseWriter, r *http.Request, kind fundwatch.SubjectKind, home, title string) error {
	id := r.PathValue("id")
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || number < 0 || strconv.FormatInt(number, 10) != id {
		return fundwatch.FieldErrorf("id", "%s编号应为十进制数字", title)
	}
	p := core.Profile{
		Subject: fundwatch.Subject{Kind: kind, ID: id}, AsOf: s.o.Province.Today(), Groups: []core.ProfileGroup{},
	}
	groups, err := s.profiles.gather(r.Context(), kind, number)
	if err != nil {
		return err
	}
	known := false
	for _, g := range groups {
		if g.Table == home {
			known = true
			p.Region = fundwatch.Region(g.Rows[len(g.Rows)-1]["AAB301"])
		}
		p.Groups = append(p.Groups, g)
	}
	if !known {
		return fundwatch.Errorf(fundwatch.NotFound, "没有编号为 %s 的%s", id, title)
	}
	return writeJSON(w, http.StatusOK, p)
}

// The groups of a case's profile.
const (
	groupDirective = "DIRECTIVE"
	groupState     = "STATE"
	groupAnswer    = "ANSWER"
	groupEvidence  = "EVIDENCE"
)

func (s *Server) readCase(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	course := s.ledger.course(id)
	if len(course) == 0 {
		return fundwatch.Errorf(fundwatch.NotFound, "没有编号为 %.100q 的指令", id)
	}
	now := course[len(course)-1]
	p := core.Profile{
		Subject: fundwatch.Subject{Kind: core.SubjectCase, ID: id}, Region: now.Directive.Region, AsOf: s.o.Province.Today(),
		Groups: []core.ProfileGroup{directiveGroup(now.Directive), stateGroup(course)},
	}
	if now.Answer != nil {
		p.Groups = append(p.Groups, answerGroup(*now.Answer))
		if len(now.Answer.Evidence) > 0 {
			p.Groups = append(p.Groups, evidenceGroup(now.Answer.Evidence))
		}
	}
	return writeJSON(w, http.StatusOK, p)
}

func directiveGroup(d core.Directive) core.ProfileGroup {
	row := map[string]string{
		"kind": string(d.Kind), "subject": d.Subject.String(), "region": string(d.Region), "line": d.Line,
		"reason": d.Reason, "amount": fen(d.Amount),
	}
	if !d.Deadline.IsZero() {
		row["deadline"] = stamp(d.Deadline)
	}
	for key, value := range d.Items {
		row["items."+key] = value
	}
	return group(groupDirective, "监督指令", row)
}

func stateGroup(course []core.DirectiveStatus) core.ProfileGroup {
	rows := make([]map[string]string, len(course))
	for i, c := range course {
		rows[i] = map[string]string{
			"seq": strconv.FormatInt(c.Seq, 10), "state": string(c.State), "message": c.Message, "at": stamp(c.At),
		}
	}
	return group(groupState, "办理过程", rows...)
}

func answerGroup(a core.Answer) core.ProfileGroup {
	return group(groupAnswer, "核查结果", map[string]string{
		"problem": strconv.FormatBool(a.Problem), "category": a.Category, "rectified": strconv.FormatBool(a.Rectified),
		"amount": fen(a.Amount), "recovered": fen(a.Recovered), "note": a.Note, "clerk": a.Clerk, "at": stamp(a.At),
	})
}

func evidenceGroup(names []string) core.ProfileGroup {
	rows := make([]map[string]string, len(names))
	for i, n := range names {
		rows[i] = map[string]string{"name": n}
	}
	return group(groupEvidence, "佐证材料", rows...)
}

// group makes a group of the rows without their empty values.
func group(table, title string, rows ...map[string]string) core.ProfileGroup {
	for _, row := range rows {
		for key, value := range row {
			if strings.TrimSpace(value) == "" {
				delete(row, key)
			}
		}
	}
	return core.ProfileGroup{Table: table, Title: title, Total: len(rows), Rows: rows}
}

func fen(f fundwatch.Fen) string { return fmt.Sprintf("%d", int64(f)) }

func stamp(t time.Time) string { return t.In(fundwatch.Shanghai()).Format(time.RFC3339) }
