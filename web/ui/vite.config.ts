import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const out = 'dist/app'
const here = fileURLToPath(new URL('.', import.meta.url))

/** The server sends the .gz twin as it lies on disk, so that no request pays for compression. */
function gzipTwins(): Plugin {
  return {
    name: 'gzip-twins',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(join(here, out), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
        const file = join(entry.parentPath, entry.name)
        const raw = readFileSync(file)
        if (raw.length > 1024) writeFileSync(file + '.gz', gzipSync(raw, { level: 9 }))
      }
    },
  }
}

/** In development the two entries answer the same addresses as in the binary. */
function screenEntry(): Plugin {
  return {
    name: 'screen-entry',
    configureServer(server) {
      server.middlewares.use((req, _res, next) => {
        if (req.url?.startsWith('/screen')) req.url = '/screen.html'
        next()
      })
    },
  }
}

export default defineConfig({
  plugins: [
    vue(),
    Components({ dirs: [], dts: 'src/components.d.ts', resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
    gzipTwins(),
    screenEntry(),
  ],
  resolve: { alias: { '@': join(here, 'src') } },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'chrome93',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: { index: 'index.html', screen: 'screen.html' } },
  },
  server: { proxy: { '/api': { target: process.env.FUNDWATCH_API ?? 'http://127.0.0.1:8080', ws: true } } },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
})
