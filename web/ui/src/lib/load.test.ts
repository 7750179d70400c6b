import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { ApiError } from '@/api/client'
import { useLoad } from './load'

/** Reads that end when the test says so. */
function reads() {
  const open: { give(v: string): void; fail(e: unknown): void; signal: AbortSignal }[] = []
  const read = (signal: AbortSignal) => new Promise<string>((give, fail) => open.push({ give, fail, signal }))
  return { open, read }
}
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('useLoad', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('never lets a late answer replace a newer one', async () => {
    const { open, read } = reads()
    const page = ref(1)
    const load = effectScope().run(() => useLoad(read, [page]))!
    page.value = 2
    await nextTick()
    expect(open[0]!.signal.aborted).toBe(true)
    open[1]!.give('two')
    open[0]!.give('one')
    await settle()
    expect(load.data).toBe('two')
    expect(load.state).toBe('ok')
  })

  it('keeps the old answer when a quiet read fails and shows the error of one asked for', async () => {
    const { open, read } = reads()
    const load = effectScope().run(() => useLoad(read))!
    open[0]!.give('old')
    await settle()
    void load.reload(true)
    open[1]!.fail(new ApiError({ status: 500, detail: '出错' }))
    await settle()
    expect([load.state, load.data]).toEqual(['ok', 'old'])
    void load.reload()
    open[2]!.fail(new ApiError({ status: 500, detail: '出错' }))
    await settle()
    expect(load.state).toBe('failed')
  })

  it('comes back by itself when a part is still starting', async () => {
    const { open, read } = reads()
    const load = effectScope().run(() => useLoad(read))!
    open[0]!.fail(new ApiError({ status: 503, detail: '正在启动', retryAfter: 3 }))
    await settle()
    expect(load.state).toBe('failed')
    await vi.advanceTimersByTimeAsync(3000)
    open[1]!.give('ready')
    await settle()
    expect([load.state, load.data]).toEqual(['ok', 'ready'])
  })

  it('stops with its page', async () => {
    const { open, read } = reads()
    const scope = effectScope()
    const load = scope.run(() => useLoad(read))!
    scope.stop()
    expect(open[0]!.signal.aborted).toBe(true)
    open[0]!.give('late')
    await settle()
    expect(load.data).toBeUndefined()
  })
})
