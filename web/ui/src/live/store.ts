import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ok } from '@/api/client'
import { Live, type State, type Topic } from './client'

const stateNames: Record<State, string> = {
  connecting: '正在连接', live: '实时', retrying: '重连中', polling: '轮询', offline: '离线', denied: '无权接收',
}

/**
 * The one live connection of the tab. It belongs to the application, not to a page or a toolbar, so that hiding
 * either never stops the flow.
 */
export const useLive = defineStore('live', () => {
  const state = ref<State>('offline')
  const heardAt = ref(0)
  const newBuild = ref(false)
  const live = new Live(
    {
      socket: () => {
        const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
        return new WebSocket(`${scheme}//${location.host}/api/v1/live`, 'sbf.live.v1')
      },
      async changes(after, epoch, signal) {
        const topics = Object.entries(after).map(([t, seq]) => `${t}:${seq}`)
        if (topics.length === 0) topics.push('progress:-1')
        return ok(api.GET('/live/changes', { params: { query: { topics, epoch, wait: 25 } }, signal }))
      },
      random: Math.random,
      now: Date.now,
    },
    {
      state: (s) => (state.value = s),
      build: () => (newBuild.value = true),
      heard: (at) => (heardAt.value = at),
    },
  )

  const seen = () => live.visible(!document.hidden)
  const online = () => live.reconnectNow()

  function start(): void {
    live.start()
    document.addEventListener('visibilitychange', seen)
    addEventListener('online', online)
  }

  function stop(): void {
    live.stop()
    document.removeEventListener('visibilitychange', seen)
    removeEventListener('online', online)
  }

  const stateName = computed(() => stateNames[state.value])
  return {
    state, stateName, heardAt, newBuild, start,
    stop,
    /** Tries again after the server had refused, for example when somebody has logged in anew. */
    resume: () => (state.value === 'denied' ? live.start() : undefined),
    subscribe: (name: string, topic: Topic, seq?: number) => live.subscribe(name, topic, seq),
  }
})
