import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue'
import { api, ok, type Schemas } from '@/api/client'

/** Follows one background job until it ends, then tells the page. */
export function useJob(ended: (job: Schemas['Job']) => void): {
  job: Ref<Schemas['Job'] | undefined>
  running: ComputedRef<boolean>
  follow: (job: Schemas['Job']) => void
} {
  const job = ref<Schemas['Job']>()
  const running = computed(() => job.value !== undefined && !['done', 'dead'].includes(job.value.state))
  let timer: ReturnType<typeof setTimeout> | undefined

  function follow(j: Schemas['Job']): void {
    clearTimeout(timer)
    job.value = j
    if (running.value) timer = setTimeout(() => void ask(j.id), 1000)
    else ended(j)
  }
  async function ask(id: string): Promise<void> {
    try {
      follow(await ok(api.GET('/jobs/{id}', { params: { path: { id } } })))
    } catch {
      timer = setTimeout(() => void ask(id), 3000) // the job goes on without us
    }
  }
  onScopeDispose(() => clearTimeout(timer))
  return { job, running, follow }
}
