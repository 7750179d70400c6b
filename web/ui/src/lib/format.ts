/** How values are written for people. A missing value is always “—”. */

export const none = '—'

/** 2026-11-23 15:42, in the business's own time zone whatever the computer's is. */
export function dateTime(value: string | null | undefined, seconds = false): string {
  const p = parts(value)
  if (!p) return none
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}` + (seconds ? `:${p.second}` : '')
}

/** 2026-11-23 */
export function date(value: string | null | undefined): string {
  if (value && /^\d{4}-\d{2}-\d{2}$/.test(value)) return value
  const p = parts(value)
  return p ? `${p.year}-${p.month}-${p.day}` : none
}

/** Data is complete up to a moment or, at midnight, up to and including a business day. */
export function asOf(value: string | null | undefined): string {
  const s = dateTime(value)
  return s.endsWith(' 00:00') ? s.slice(0, 10) : s
}

/** 15:42 */
export function clock(value: string | null | undefined): string {
  const p = parts(value)
  return p ? `${p.hour}:${p.minute}` : none
}

/** 202611 or "202611" as 2026-11. */
export function month(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === '' || Number(value) === 0) return none
  const s = String(value)
  return /^\d{6}$/.test(s) ? `${s.slice(0, 4)}-${s.slice(4)}` : s
}

/** Whole numbers with thousands separators. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? none : grouping.format(value)
}

/** Fen as 万元 with two decimals, without the unit. */
export function wan(fen: number | null | undefined): string {
  return fen === null || fen === undefined ? none : two.format(fen / 1e6)
}

/** Fen as full yuan with the unit, for tooltips and details. */
export function yuan(fen: number | null | undefined): string {
  return fen === null || fen === undefined ? none : `${two.format(fen / 100)} 元`
}

/** 0.9731 as 97.3%; of two counts when a whole is given; never rounded up to 100%. */
export function percent(part: number | null | undefined, whole?: number): string {
  if (part === null || part === undefined || whole === 0) return none
  const share = whole === undefined ? part : part / whole
  // What falls short of the whole by little still falls short: it must not read as 100 %.
  return `${one.format(share < 1 && share > 0.999 ? 99.9 : share * 100)}%`
}

/** Seconds as 38 秒、2 分钟、3 小时、5 天. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return none
  const s = Math.max(0, seconds)
  if (s > 0 && s < 1) return '不足 1 秒'
  if (s < 60) return `${Math.round(s)} 秒`
  if (s < 3600) return `${Math.floor(s / 60)} 分钟`
  if (s < 86400) return `${Math.floor(s / 3600)} 小时`
  return `${Math.floor(s / 86400)} 天`
}

/** Milliseconds as 412 毫秒、3.2 秒、2 分 05 秒. */
export function elapsed(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return none
  if (ms < 1000) return `${Math.round(ms)} 毫秒`
  if (ms < 60_000) return `${one.format(ms / 1000)} 秒`
  return `${Math.floor(ms / 60_000)} 分 ${String(Math.round((ms % 60_000) / 1000)).padStart(2, '0')} 秒`
}

/** Bytes as 812 B、4.2 KB、3.1 MB. */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return none
  if (n < 1024) return `${n} B`
  if (n < 1024 ** 2) return `${one.format(n / 1024)} KB`
  if (n < 1024 ** 3) return `${one.format(n / 1024 ** 2)} MB`
  return `${one.format(n / 1024 ** 3)} GB`
}

export function text(value: unknown): string {
  return value === null || value === undefined || value === '' ? none : String(value)
}

const grouping = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 0 })
const two = new Intl.NumberFormat('zh-CN', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const one = new Intl.NumberFormat('zh-CN', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const shanghai = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Shanghai', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
})

function parts(value: string | null | undefined): Record<string, string> | null {
  if (!value || value.startsWith('0001-')) return null
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return null
  return Object.fromEntries(shanghai.formatToParts(at).map((p) => [p.type, p.value]))
}
