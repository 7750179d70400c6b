import { onScopeDispose, reactive, watch, type WatchSource } from 'vue'
import { ApiError } from '@/api/client'

export interface Load<T> {
  data: T | undefined
  /** failed only when nothing can be shown; an old answer stays while a newer one is fetched. */
  state: 'loading' | 'ok' | 'failed'
  busy: boolean
  error: ApiError | undefined
  /** quiet keeps an old answer when the new one fails, for reads nobody asked for by hand. */
  reload(quiet?: boolean): Promise<void>
}

/** Reads something for a page, again whenever a source changes; a late answer never replaces a newer one. */
export function useLoad<T>(read: (signal: AbortSignal) => Promise<T>, sources: WatchSource[] = []): Load<T> {
  let turn = 0
  let control: AbortController | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  const load = reactive({ data: undefined, state: 'loading', busy: false, error: undefined, reload }) as Load<T>

  async function reload(quiet = false): Promise<void> {
    const mine = ++turn
    control?.abort()
    clearTimeout(again)
    control = new AbortController()
    load.busy = true
    if (load.state === 'failed' && !quiet) load.state = 'loading'
    try {
      const data = await read(control.signal)
      if (mine !== turn) return
      load.data = data
      load.error = undefined
      load.state = 'ok'
    } catch (e) {
      if (mine !== turn) return
      load.error = ApiError.from(e)
      if (!quiet || load.data === undefined) load.state = 'failed'
      // A part that is still starting says when to come back; nobody should have to press a button for that.
      const wait = load.error.problem.retryAfter
      if (load.error.status === 503 && wait) again = setTimeout(() => void reload(true), wait * 1000)
    } finally {
      if (mine === turn) load.busy = false
    }
  }

  watch(sources, () => void reload(), { deep: true })
  onScopeDispose(() => {
    turn++
    control?.abort()
    clearTimeout(again)
  })
  void reload()
  return load
}
