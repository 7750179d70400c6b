import { describe, expect, it } from 'vitest'
import { flag, list, number, readAll, word, writeAll } from './query'

const fields = { q: word(), page: number(1), open: flag(true), line: list() }

describe('query', () => {
  it('leaves usual values out of the address', () => {
    expect(writeAll(fields, { q: '', page: 1, open: true, line: [] })).toEqual({})
  })
  it('reads back what it wrote', () => {
    const values = { q: '王 & 李', page: 3, open: false, line: ['110', '170'] }
    expect(readAll(fields, writeAll(fields, values))).toEqual(values)
  })
  it.each(['-1', '0', 'abc', '1e9', ''])('takes the usual page for %s', (page) => {
    expect(readAll(fields, { page }).page).toBe(1)
  })
  it('takes the first of repeated values', () => {
    expect(readAll(fields, { q: ['a', 'b'], line: null }).q).toBe('a')
  })
})
