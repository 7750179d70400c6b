package fundwatch

import "strings"

// Region is an administrative division code (行政区划代码) of six digits, such as 520000 (province),
// 520300 (prefecture) or 520302 (county). The empty Region names no place and contains nothing.
type Region string

// RegionLevel says how deep a Region stands in the tree.
type RegionLevel int

// The levels of a Region.
const (
	LevelNone RegionLevel = iota
	LevelProvince
	LevelPrefecture
	LevelCounty
)

// Level reads the level from the code's trailing zeros.
func (r Region) Level() RegionLevel {
	switch {
	case len(r) != 6:
		return LevelNone
	case strings.HasSuffix(string(r), "0000"):
		return LevelProvince
	case strings.HasSuffix(string(r), "00"):
		return LevelPrefecture
	default:
		return LevelCounty
	}
}

// Prefix is the part of the code that every place inside the region begins with.
func (r Region) Prefix() string {
	switch r.Level() {
	case LevelProvince:
		return string(r[:2])
	case LevelPrefecture:
		return string(r[:4])
	case LevelCounty:
		return string(r)
	default:
		return ""
	}
}

// Contains reports whether other is r or lies inside r. The empty Region contains nothing.
func (r Region) Contains(other Region) bool {
	p := r.Prefix()
	return p != "" && len(other) == 6 && strings.HasPrefix(string(other), p)
}

// Parent is the region one level up; a province's parent is the empty Region.
func (r Region) Parent() Region {
	switch r.Level() {
	case LevelCounty:
		return r[:4] + "00"
	case LevelPrefecture:
		return r[:2] + "0000"
	default:
		return ""
	}
}
