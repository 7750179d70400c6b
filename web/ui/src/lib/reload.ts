/**
 * After an upgrade an open page asks for parts that no longer exist. It reloads once; not again within half a
 * minute, so that a server which lacks the part for good does not make it reload for ever.
 */
export function reloadOnMissingChunk(): void {
  addEventListener('vite:preloadError', (e) => {
    const last = Number(sessionStorage.getItem('reloaded') ?? 0)
    if (Date.now() - last < 30_000) return
    e.preventDefault()
    sessionStorage.setItem('reloaded', String(Date.now()))
    location.reload()
  })
}
