// Fails when what a first visit downloads grows past its budget: the workbench entry with everything it imports at
// once, and the big screen.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const root = new URL('../dist/app/', import.meta.url)
if (!existsSync(root)) {
  console.error('nothing is built yet: npm run build')
  process.exit(1)
}
const read = (name) => readFileSync(new URL(name, root))
const size = (name) => gzipSync(read(name), { level: 9 }).length
const sum = (names) => [...names].reduce((n, name) => n + size(name), 0)

/** Files that a page loads before anything is clicked. */
function closure(html) {
  const found = new Set()
  const visit = (name) => {
    if (found.has(name)) return
    found.add(name)
    if (!name.endsWith('.js')) return
    for (const m of read(name).toString().matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) visit(`assets/${m[1]}`)
  }
  for (const m of read(html).toString().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) visit(m[1])
  return found
}

const all = readdirSync(new URL('assets/', root)).filter((n) => !n.endsWith('.gz')).map((n) => `assets/${n}`)
const rows = [
  ['workbench entry', sum(closure('index.html')), 450],
  ['big screen', sum(closure('screen.html')), 400],
  ['everything', sum(all), 1200],
]
let over = false
for (const [what, bytes, limit] of rows) {
  const kb = bytes / 1000
  if (kb > limit) over = true
  console.log(`${kb > limit ? 'OVER' : 'ok  '} ${what.padEnd(16)} ${kb.toFixed(1).padStart(7)} kB gz of ${limit}`)
}
const text = all.filter((n) => /\.(js|css)$/.test(n)).map((n) => [n, read(n).toString()])
// Only what would be fetched or run: names in licence notices and XML namespaces are neither.
for (const [name, body] of text) {
  if (/\beval\(|new Function\(/.test(body)) {
    console.log(`EVAL ${name}`)
    over = true
  }
  for (const m of body.matchAll(/(?:url\(|src=|href=|import\()\s*["']?https?:\/\/[^"')\s]+/g)) {
    console.log(`HOST ${name}: ${m[0]}`)
    over = true
  }
}
process.exit(over ? 1 : 0)
