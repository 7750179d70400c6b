import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ok, type Schemas } from '@/api/client'

type Region = Schemas['Region']

/** The choices and the region tree, read once for all pages. */
export const useWords = defineStore('words', () => {
  const words = ref<Schemas['Words']>()
  const regions = ref<Region[]>([])
  let asked: Promise<void> | undefined

  function load(): Promise<void> {
    asked ??= Promise.all([ok(api.GET('/words')), ok(api.GET('/regions'))]).then(
      ([w, r]) => {
        words.value = w
        regions.value = r.items
      },
      (e: unknown) => {
        asked = undefined
        throw e
      },
    )
    return asked
  }

  interface Node { value: string; label: string; children?: Node[] }
  const tree = computed<Node[]>(() => {
    const nodes = new Map(regions.value.map((r) => [r.code, { value: r.code, label: r.name } as Node]))
    const roots: Node[] = []
    for (const r of regions.value) {
      const node = nodes.get(r.code)!
      const parent = r.parent ? nodes.get(r.parent) : undefined
      if (parent) (parent.children ??= []).push(node)
      else roots.push(node)
    }
    return roots
  })

  const regionShort = (code: string, name: string): string => regions.value.find((r) => r.code === code)?.short ?? name
  return { words, regions, tree, regionShort, load }
})
