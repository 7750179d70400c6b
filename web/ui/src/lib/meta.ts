import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ok, type Schemas } from '@/api/client'

/** The product and how ready its parts are; asked again while something is still starting. */
export const useMeta = defineStore('meta', () => {
  const meta = ref<Schemas['Meta']>()
  const unready = ref(0) // answers in a row that said so
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    clearTimeout(timer)
    try {
      meta.value = await ok(api.GET('/meta'))
      unready.value = meta.value.ready ? 0 : unready.value + 1
    } catch {
      // Known to the page by its own reads; this one only tries again.
    }
    if (!meta.value?.ready) timer = setTimeout(() => void load(), 3000)
  }

  /** One sentence on what is not ready; a day's data coming in takes a moment and is not worth one. */
  const blocked = computed(() => {
    if (!meta.value || unready.value < 3) return ''
    const parts = meta.value.parts.filter((p) => p.state !== 'ready' && p.blocking)
    if (parts.length === 0) return ''
    return '系统正在准备：' + parts.map((p) => `${p.title}${p.note ? `（${p.note}${progress(p)}）` : progress(p)}`).join('；')
  })

  function progress(p: Schemas['Part']): string {
    return p.total > 0 ? ` ${Math.floor((p.done / p.total) * 100)}%` : ''
  }
  return { meta, blocked, load }
})
