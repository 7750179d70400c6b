import { describe, expect, it } from 'vitest'
import { like } from './count'
import { columnsFor, heat } from './heat'

describe('heat', () => {
  it.each([[0, 10, 0], [1, 10, 1], [2, 10, 1], [3, 10, 2], [10, 10, 5], [11, 10, 5], [5, 0, 0], [1, 1, 5]])(
    '%i of %i is step %i', (open, max, step) => expect(heat(open, max)).toBe(step))
  it('never has more than three rows', () => {
    for (let n = 1; n <= 18; n++) expect(Math.ceil(n / columnsFor(n))).toBeLessThanOrEqual(3)
  })
})

describe('like', () => {
  it.each([['8,412.6', 8412.61, '8,412.6'], ['37', 36.7, '37'], ['96.4', 96.44, '96.4'], ['1,286', 1200.2, '1,200']])(
    '%s', (sample, n, want) => expect(like(sample, n)).toBe(want))
})
