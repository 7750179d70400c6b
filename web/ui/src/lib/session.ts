import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ApiError, ok, type Schemas } from '@/api/client'

/** Who is logged in. The pages only offer what the permissions allow; the server decides. */
export const useSession = defineStore('session', () => {
  const session = ref<Schemas['Session']>()
  const known = ref(false)

  async function load(): Promise<void> {
    try {
      session.value = await ok(api.GET('/session'))
      known.value = true
    } catch (e) {
      session.value = undefined
      if (ApiError.from(e).status !== 401) throw e
      known.value = true
    }
  }

  async function login(login: string, password: string): Promise<void> {
    session.value = await ok(api.POST('/session', { body: { login, password } }))
    known.value = true
  }

  async function logout(): Promise<void> {
    try {
      await ok(api.DELETE('/session'))
    } finally {
      session.value = undefined
    }
  }

  const can = (permission: string): boolean => session.value?.permissions.includes(permission) ?? false
  const here = computed(() => session.value !== undefined)
  const scopeText = computed(() => session.value?.scope.regions.map((r) => r.name).join('、') || '无数据范围')
  return { session, known, here, scopeText, load, login, logout, can }
})
