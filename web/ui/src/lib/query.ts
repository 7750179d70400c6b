import { computed, type WritableComputedRef } from 'vue'
import type { LocationQuery } from 'vue-router'
import { useRoute, useRouter } from 'vue-router'

/** A field of the address: its text form and its usual value, which is left out of the address. */
interface Field<T> { read(raw: string | undefined): T; write(value: T): string; usual: string }

export const word = (usual = ''): Field<string> => ({ read: (r) => r ?? usual, write: (v) => v, usual })
export const number = (usual: number): Field<number> => ({
  read: (r) => (r !== undefined && /^\d{1,6}$/.test(r) && Number(r) > 0 ? Number(r) : usual),
  write: String, usual: String(usual),
})
export const flag = (usual = false): Field<boolean> => ({
  read: (r) => (r === undefined ? usual : r === 'true'), write: String, usual: String(usual),
})
export const list = (): Field<string[]> => ({
  read: (r) => (r ? r.split(',').filter(Boolean) : []), write: (v) => v.join(','), usual: '',
})

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, Field<any>>
type Values<F extends Fields> = { [K in keyof F]: ReturnType<F[K]['read']> }

/**
 * Filters, order and page live in the address, so that a reload, a bookmark and a link to a colleague show the
 * same rows. Changing anything but the page goes back to page 1.
 */
export function useQuery<F extends Fields>(fields: F): {
  values: WritableComputedRef<Values<F>>
  set: (change: Partial<Values<F>>) => void
  clear: () => void
  dirty: WritableComputedRef<boolean>
} {
  const route = useRoute()
  const router = useRouter()
  const at = route.path
  let kept: Values<F> | undefined

  const values = computed({
    get: () => {
      // A page that is being left must not read the next page's address as its own.
      if (route.path === at || !kept) kept = readAll(fields, route.query)
      return kept
    },
    set: (v: Values<F>) => void router.replace({ query: writeAll(fields, v), hash: route.hash }),
  })
  function set(change: Partial<Values<F>>): void {
    const next = { ...values.value, ...change }
    if ('page' in fields && !('page' in change)) (next as Record<string, unknown>).page = 1
    values.value = next
  }
  const dirty = computed({
    get: () => Object.keys(writeAll(fields, values.value)).some((k) => !['page', 'size', 'sort'].includes(k)),
    set: () => undefined,
  })
  return { values, set, clear: () => void router.replace({ query: {} }), dirty }
}

export function readAll<F extends Fields>(fields: F, query: LocationQuery): Values<F> {
  return Object.fromEntries(
    Object.entries(fields).map(([k, f]) => {
      const raw = query[k]
      return [k, f.read((Array.isArray(raw) ? raw[0] : raw) ?? undefined)]
    }),
  ) as Values<F>
}

export function writeAll<F extends Fields>(fields: F, values: Values<F>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [k, f] of Object.entries(fields)) {
    const s = f.write(values[k])
    if (s !== f.usual) out[k] = s
  }
  return out
}
