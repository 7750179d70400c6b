package warehouse

import (
	"fmt"
	"strings"

	"fundwatch"
	"fundwatch/core"
)

// The values of core.Table.Scope.
const (
	scopeRegion = "region"
	scopePerson = "person"
	scopeAll    = "all"
)

// scopeFilter writes the condition under which a row of the relation lies inside the scope. What it cannot decide
// is outside: rows without a region or a line, and every row under an empty scope.
func scopeFilter(r relation, s fundwatch.Scope, persons string) string {
	if s.Empty() {
		return "false"
	}
	if r.Scope == scopeAll {
		return "true"
	}
	conds := []string{}
	switch r.Scope {
	case scopeRegion:
		conds = append(conds, regionFilter(r.Region, s.Regions()))
	case scopePerson:
		person, key := "AAC001", r.Person
		if r.ID != "" && !r.derived {
			person, key = ColPersonKey, ColPersonKey
		}
		conds = append(conds, fmt.Sprintf("%s IN (SELECT %s FROM %s WHERE %s)",
			ident(key), ident(person), persons, regionFilter("AAB301", s.Regions())))
	default:
		return "false"
	}
	if r.Line != "" {
		conds = append(conds, lineFilter(ident(r.Line), s.Lines()))
	}
	if r.LineIs != "" {
		conds = append(conds, lineFilter(literal(r.LineIs), s.Lines()))
	}
	return strings.Join(conds, " AND ")
}

// regionFilter matches codes inside any of the regions. Ranges instead of LIKE let the zone maps prune.
func regionFilter(column string, regions []fundwatch.Region) string {
	var ors []string
	for _, r := range regions {
		p := r.Prefix()
		if p == "" || !isDigits(p) {
			continue
		}
		lo, hi := p+strings.Repeat("0", 6-len(p)), p+strings.Repeat("9", 6-len(p))
		if lo == hi {
			ors = append(ors, fmt.Sprintf("%s = '%s'", ident(column), lo))
		} else {
			ors = append(ors, fmt.Sprintf("%s BETWEEN '%s' AND '%s'", ident(column), lo, hi))
		}
	}
	if len(ors) == 0 {
		return "false"
	}
	return "(" + strings.Join(ors, " OR ") + ")"
}

func lineFilter(expr string, lines []fundwatch.Insurance) string {
	var codes []string
	for _, l := range lines {
		codes = append(codes, literal(string(l)))
	}
	return fmt.Sprintf("%s IN (%s)", expr, strings.Join(codes, ", "))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// maskedColumn writes one column of an actor's view: personal data masked as its kind asks, in the database, so
// that no answer, filter or join ever works on the clear value.
func maskedColumn(c core.Column, clear bool) string {
	name := ident(c.Code)
	if clear || c.Mask == core.MaskNone {
		return name
	}
	switch c.Mask {
	case core.MaskID, core.MaskName, core.MaskAccount, core.MaskPhone, core.MaskAddress, core.MaskValue:
		return fmt.Sprintf("fw_mask_%s(%s) AS %s", c.Mask, name, name)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN '****' END AS %s", name, name)
}
