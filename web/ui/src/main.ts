import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { onSessionLost } from './api/client'
import { reloadOnMissingChunk } from './lib/reload'
import { useSession } from './lib/session'
import { makeRouter } from './router'
import './style/tokens.css'
import './style/base.css'

reloadOnMissingChunk()

const app = createApp(App)
app.use(createPinia())
const session = useSession()
const router = makeRouter(session)
onSessionLost(() => {
  if (!session.here) return
  session.session = undefined
  void router.push({ name: 'login', query: { next: router.currentRoute.value.fullPath, lost: '1' } })
})
app.use(router)
app.mount('#app')
