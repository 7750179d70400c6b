package fundwatch

import "slices"

// Scope is how far an Actor may see (数据范围): regions with everything below them, and insurance lines.
// Its zero value sees nothing, so a forgotten Scope shows an empty page and never a foreign row.
type Scope struct {
	regions []Region
	lines   []Insurance
	clear   bool
}

// NewScope sees the given regions with all below them, in the given lines. Without regions or without lines
// it sees nothing. Codes that are no region are dropped.
func NewScope(regions []Region, lines []Insurance) Scope {
	var rs []Region
	for _, r := range regions {
		if r.Level() != LevelNone && !slices.Contains(rs, r) {
			rs = append(rs, r)
		}
	}
	return Scope{regions: rs, lines: slices.Clone(lines)}
}

// WithClear returns the scope with personal data unmasked. Only a system view or an audited reveal asks for it.
func (s Scope) WithClear() Scope {
	s.clear = true
	return s
}

// Empty reports whether the scope sees nothing.
func (s Scope) Empty() bool { return len(s.regions) == 0 || len(s.lines) == 0 }

// Clear reports whether personal data is shown unmasked.
func (s Scope) Clear() bool { return s.clear }

// Regions returns the roots the scope sees; everything below each is seen too.
func (s Scope) Regions() []Region { return slices.Clone(s.regions) }

// Lines returns the insurance lines the scope sees.
func (s Scope) Lines() []Insurance { return slices.Clone(s.lines) }

// Covers reports whether a row of the region and line lies inside the scope. An empty line means that the row
// belongs to no line.
func (s Scope) Covers(r Region, line Insurance) bool {
	if s.Empty() || (line != "" && !slices.Contains(s.lines, line)) {
		return false
	}
	for _, own := range s.regions {
		if own.Contains(r) {
			return true
		}
	}
	return false
}

// Within narrows the scope to one region: the part of s inside r.
func (s Scope) Within(r Region) Scope {
	var rs []Region
	for _, own := range s.regions {
		switch {
		case own.Contains(r):
			rs = append(rs, r)
		case r.Contains(own):
			rs = append(rs, own)
		}
	}
	out := NewScope(rs, s.lines)
	out.clear = s.clear
	return out
}
