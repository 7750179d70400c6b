import { describe, expect, it } from 'vitest'
import * as f from './format'

describe('format', () => {
  it.each([
    [f.dateTime('2026-11-23T07:42:08Z'), '2026-11-23 15:42'],
    [f.dateTime('2026-11-23T15:42:08+08:00', true), '2026-11-23 15:42:08'],
    [f.dateTime(null), '—'],
    [f.dateTime('0001-01-01T00:00:00Z'), '—'],
    [f.dateTime('not a time'), '—'],
    [f.date('2026-11-01'), '2026-11-01'],
    [f.date('2026-10-31T16:00:00Z'), '2026-11-01'],
    [f.asOf('2026-12-02T00:00:00+08:00'), '2026-12-02'],
    [f.asOf('2026-12-02T09:30:00+08:00'), '2026-12-02 09:30'],
    [f.clock('2026-11-23T00:05:00+08:00'), '00:05'],
    [f.month(202611), '2026-11'],
    [f.month(''), '—'],
    [f.month(0), '—'],
    [f.count(1286), '1,286'],
    [f.count(0), '0'],
    [f.wan(123_456_789), '123.46'],
    [f.wan(-1_000_000), '-1.00'],
    [f.yuan(1), '0.01 元'],
    [f.percent(0.97312), '97.3%'],
    [f.percent(3, 4), '75.0%'],
    [f.percent(0.99987), '99.9%'],
    [f.percent(1), '100.0%'],
    [f.percent(0, 0), '—'],
    [f.span(38), '38 秒'],
    [f.span(119), '1 分钟'],
    [f.span(90_000), '1 天'],
    [f.elapsed(412), '412 毫秒'],
    [f.elapsed(3_240), '3.2 秒'],
    [f.elapsed(125_000), '2 分 05 秒'],
    [f.bytes(4300), '4.2 KB'],
    [f.text(''), '—'],
    [f.text(0), '0'],
  ])('%s', (got, want) => expect(got).toBe(want))
})
