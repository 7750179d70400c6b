import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { reloadOnMissingChunk } from '../lib/reload'
import './screen.css'
import Screen from './Screen.vue'

reloadOnMissingChunk()
createApp(Screen).use(createPinia()).mount('#screen')
