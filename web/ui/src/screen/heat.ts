/** Step of the colour scale for a count: 0 for none, 1 to 5 in even parts of the highest. */
export function heat(open: number, max: number): number {
  if (open <= 0 || max <= 0) return 0
  return Math.min(5, Math.max(1, Math.ceil((open / max) * 5)))
}

/** Columns in which the counties of a prefecture stand, so that cells of all prefectures are alike in size. */
export function columnsFor(cells: number): number {
  if (cells <= 4) return 2
  if (cells <= 6) return 3
  if (cells <= 8) return 4
  if (cells <= 10) return 5
  if (cells <= 12) return 6
  return Math.ceil(cells / 3)
}
