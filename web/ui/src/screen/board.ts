import { computed, onScopeDispose, ref } from 'vue'
import { api, ApiError, ok, type Schemas } from '@/api/client'
import { useLive } from '@/live/store'

export type Overview = Schemas['Overview']

const soon = 2_000 // most often so much between two readings caused by events
const anyway = 60_000 // a reading even if nobody said anything
const staleAfter = 180_000

/**
 * The figures of the screen. They are read when something happened and once a minute besides, so that no single
 * road, socket or poll or timer, can freeze the picture; and they say so when they are old.
 */
export function useBoard() {
  const live = useLive()
  const board = ref<Overview>()
  const fault = ref<ApiError>()
  const readAt = ref(0)
  const now = ref(Date.now())
  const clock = setInterval(() => (now.value = Date.now()), 1000)
  let soonTimer: ReturnType<typeof setTimeout> | undefined
  let anywayTimer: ReturnType<typeof setTimeout> | undefined
  let reading: Promise<void> | undefined

  function read(): Promise<void> {
    reading ??= (async () => {
      clearTimeout(anywayTimer)
      try {
        const b = await ok(api.GET('/screen/overview', { signal: AbortSignal.timeout(30_000) }))
        board.value = b
        fault.value = undefined
        readAt.value = Date.now()
        live.resume()
      } catch (e) {
        fault.value = ApiError.from(e)
      } finally {
        reading = undefined
        anywayTimer = setTimeout(() => void read(), fault.value ? 10_000 : anyway)
      }
    })()
    return reading
  }

  function happened(): void {
    soonTimer ??= setTimeout(() => {
      soonTimer = undefined
      void read()
    }, Math.max(200, soon - (Date.now() - readAt.value)))
  }

  async function begin(): Promise<void> {
    await read()
    live.start()
    for (const topic of ['alerts', 'rounds', 'intake']) {
      leave.push(live.subscribe(topic, {
        event: happened,
        refetch: async () => {
          await read()
          return topic === 'alerts' ? board.value?.alertSeq : undefined
        },
      }, topic === 'alerts' ? board.value?.alertSeq : undefined))
    }
  }
  const leave: (() => void)[] = []
  void begin()
  onScopeDispose(() => {
    for (const f of leave) f()
    live.stop()
    clearInterval(clock)
    clearTimeout(soonTimer)
    clearTimeout(anywayTimer)
  })

  const age = computed(() => (readAt.value ? (now.value - readAt.value) / 1000 : 0))
  const stale = computed(() => readAt.value > 0 && now.value - readAt.value > staleAfter)
  return { board, fault, now, age, stale, live }
}
