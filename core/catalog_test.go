package core_test

import (
	"testing"

	"fundwatch/core"
)

func TestContractTablesAreSound(t *testing.T) {
	tables, err := core.Tables()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, tb := range tables {
		if seen[tb.Code] {
			t.Errorf("%s stands twice", tb.Code)
		}
		seen[tb.Code] = true
		if (tb.Centre == "") == (tb.List == "") {
			t.Errorf("%s: a table has a centre or is a list, never both or neither", tb.Code)
		}
		if tb.Scope == "region" && tb.Region == "" {
			t.Errorf("%s: scope by region without a region column", tb.Code)
		}
		if tb.Scope == "person" && tb.Person == "" && tb.ID == "" {
			t.Errorf("%s: scope by person without a person", tb.Code)
		}
	}
}

func TestRegionTreeIsWhole(t *testing.T) {
	regions, err := core.Regions()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range regions {
		count[r.Level]++
		if r.Level != "省" && r.Code.Parent() != r.Parent {
			t.Errorf("%s %s: parent %s does not follow from the code", r.Code, r.Name, r.Parent)
		}
	}
	if count["省"] != 1 || count["市州"] != 9 || count["县区"] != 88 {
		t.Fatalf("want 1, 9, 88; got %v", count)
	}
}
