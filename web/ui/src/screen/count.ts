import { onScopeDispose, ref, watch, type Ref } from 'vue'

const duration = 600

/** Runs a number from its old value to its new one in 600 ms; at once for those who want no motion. */
export function useCount(target: () => number): Ref<number> {
  const shown = ref(target())
  let frame = 0
  watch(target, (to) => {
    cancelAnimationFrame(frame)
    const from = shown.value
    if (from === to) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden) {
      shown.value = to
      return
    }
    const start = performance.now()
    const step = (at: number): void => {
      const share = Math.min(1, (at - start) / duration)
      shown.value = share === 1 ? to : from + (to - from) * (1 - (1 - share) ** 3)
      if (share < 1) frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  })
  onScopeDispose(() => cancelAnimationFrame(frame))
  return shown
}

/** Writes n the way the sample is written: as many decimals, and grouped only if the sample is. */
export function like(sample: string, n: number): string {
  const decimals = /\.(\d+)/.exec(sample)?.[1]?.length ?? 0
  return new Intl.NumberFormat('zh-CN', {
    minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: true,
  }).format(n)
}
