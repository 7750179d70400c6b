package core

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"

	"fundwatch"
)

//go:embed regions.csv
var regionsCSV []byte

// RegionInfo is one node of the region tree (行政区划).
type RegionInfo struct {
	Code   fundwatch.Region `json:"code"`
	Name   string           `json:"name"`
	Short  string           `json:"short"` // the name without its administrative suffix, for maps and axes
	Level  string           `json:"level"` // 省, 市州, 县区
	Parent fundwatch.Region `json:"parent,omitempty"`
}

// Regions is the region tree of the province: the province, its 9 prefectures, its 88 counties, parents first.
// Codes and names are those of the national statistical division table of 2022.
func Regions() ([]RegionInfo, error) {
	rows, err := csv.NewReader(bytes.NewReader(regionsCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("core: regions.csv: %w", err)
	}
	out := make([]RegionInfo, 0, len(rows)-1)
	for _, r := range rows[1:] {
		out = append(out, RegionInfo{
			Code: fundwatch.Region(r[0]), Name: r[1], Short: shortName(r[1]), Level: r[2],
			Parent: fundwatch.Region(r[4]),
		})
	}
	return out, nil
}

// shortName drops what follows the place name proper: 黔东南苗族侗族自治州 becomes 黔东南州, 威宁彝族回族苗族自治县
// becomes 威宁县, 遵义市 stays.
func shortName(name string) string {
	r := []rune(name)
	for i := range r {
		for _, people := range []string{"布依族", "苗族", "侗族", "土家族", "仡佬族", "水族", "彝族", "回族"} {
			p := []rune(people)
			if i >= 2 && i+len(p) <= len(r) && string(r[i:i+len(p)]) == people {
				return string(r[:i]) + string(r[len(r)-1:])
			}
		}
	}
	return name
}
