package arch

import (
	"fmt"
	"path"
	"strings"
)

const module = "fundwatch"

// floor is one storey: its packages import strictly lower storeys, or their own tree, and never each other.
type floor struct {
	number int
	what   string
	trees  []string // folders; a folder that is not listed itself belongs to the nearest listed one above it
}

// floors is the table. A package that is not under any of these folders fails TestFloors.
func floors() []floor {
	return []floor{
		{13, "the program in a real browser, tests only", []string{"web/browsertest"}},
		{12, "commands", []string{"cmd/*", "internal/testenv"}},
		{11, "wiring: the one place that knows everybody", []string{"internal/app"}},
		{10, "one Config made of the packages' Configs", []string{"internal/conf"}},
		{9, "HTTP API, live socket, pages", []string{"web"}},
		{8, "casework", []string{"supervision"}},
		{7, "rules and findings; boards", []string{"patrol", "dashboards"}},
		{6, "topics, measures, asking", []string{"topics"}},
		{5, "policy to cite; labels on subjects", []string{"knowledge", "tags"}},
		{4, "users and rights; core to warehouse", []string{"access", "warehouse/intake"}},
		{3, "facts; audit, jobs, live events", []string{"warehouse", "internal/audit", "internal/jobs", "internal/live"}},
		{2, "the business core, models, the store", []string{"core", "llm", "internal/store", "warehouse/filter"}},
		{1, "vocabulary, standard library only", []string{"."}},
		{0, "this package, tests only", []string{"internal/arch"}},
	}
}

// place finds the floor and tree of a folder.
func place(dir string) (number int, tree string, ok bool) {
	best := -1
	for _, f := range floors() {
		for _, t := range f.trees {
			own, depth := t, strings.Count(t, "/")+1
			switch {
			case t == ".":
				if dir != "." {
					continue
				}
			case strings.HasSuffix(t, "/*"): // each folder below is a tree of its own
				parts := strings.SplitN(dir, "/", 3)
				if len(parts) < 2 || parts[0] != path.Dir(t) {
					continue
				}
				own = parts[0] + "/" + parts[1]
			case dir != t && !strings.HasPrefix(dir, t+"/"):
				continue
			}
			if depth > best {
				best, number, tree, ok = depth, f.number, own, true
			}
		}
	}
	return number, tree, ok
}

// floorFaults checks one file's imports of this module.
func floorFaults(file source) []string {
	number, tree, ok := place(file.dir)
	if !ok {
		return []string{fmt.Sprintf("%s: package %s is on no floor: add it to the table in internal/arch/floors_test.go", file.path, file.dir)}
	}
	var out []string
	for _, imp := range file.imports {
		dir, inside := strings.CutPrefix(imp, module+"/")
		if imp == module {
			dir, inside = ".", true
		}
		if !inside {
			continue
		}
		theirs, theirTree, ok := place(dir)
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: imports %s, which is on no floor: add it to the table in internal/arch/floors_test.go", file.path, imp))
		case theirTree == tree || theirs < number:
		case theirs == number:
			out = append(out, fmt.Sprintf("%s: imports its neighbour %s (both floor %d): let them meet in data or in internal/app", file.path, imp, number))
		default:
			out = append(out, fmt.Sprintf("%s: floor %d imports %s on floor %d: move what is shared down, or take an interface and hand it in from internal/app",
				file.path, number, imp, theirs))
		}
	}
	return out
}
