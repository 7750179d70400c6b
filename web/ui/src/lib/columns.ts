import { computed, ref, watch, type Ref } from 'vue'

export interface Column { key: string; title: string; fixed?: boolean; hidden?: boolean }

/** Which columns of a table a person wants, kept in the browser per person and table. */
export function useColumns(table: string, person: string, all: readonly Column[]): {
  chosen: Ref<string[]>
  shown: (key: string) => boolean
  reset: () => void
} {
  const key = `columns:${table}:${person}`
  const usual = all.filter((c) => !c.hidden).map((c) => c.key)
  const chosen = ref(read(key, all) ?? usual)
  watch(chosen, (v) => {
    try {
      localStorage.setItem(key, JSON.stringify(v))
    } catch {
      // A browser that keeps nothing only forgets the choice.
    }
  })
  const set = computed(() => new Set(chosen.value))
  const fixed = new Set(all.filter((c) => c.fixed).map((c) => c.key))
  return { chosen, shown: (k) => fixed.has(k) || set.value.has(k), reset: () => (chosen.value = [...usual]) }
}

function read(key: string, all: readonly Column[]): string[] | undefined {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    if (!Array.isArray(v)) return undefined
    const known = new Set(all.map((c) => c.key))
    return v.filter((k): k is string => typeof k === 'string' && known.has(k))
  } catch {
    return undefined
  }
}
