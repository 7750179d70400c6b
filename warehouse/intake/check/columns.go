package check

import (
	"strings"

	"fundwatch/core"
)

// titledColumns lists a table's columns, each under its Chinese name. Two columns of one name keep their codes apart
// by a number.
func titledColumns(table string) (string, error) {
	t, err := core.TableByCode(table)
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		name := c.Name
		for seen[name] {
			name += "2"
		}
		seen[name] = true
		out[i] = "t." + c.Code + ` AS "` + name + `"`
	}
	return strings.Join(out, ", "), nil
}
