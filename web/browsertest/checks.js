// What every page is held to, run inside the page by the tests. Each function returns a list of faults.
({
  /** Text that does not fit: cut off without an ellipsis, or outside the stage. */
  overflow(root) {
    const stage = document.querySelector(root)
    const bounds = stage.getBoundingClientRect()
    const faults = []
    for (const e of stage.querySelectorAll('*')) {
      const style = getComputedStyle(e)
      if (e.closest('svg, .sr-only') || style.display === 'none') continue
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim() !== '')
      if (!own) continue
      const r = e.getBoundingClientRect()
      const name = `${e.tagName.toLowerCase()}.${[...e.classList].join('.')} “${e.textContent.trim().slice(0, 24)}”`
      if (style.textOverflow !== 'ellipsis' && style.display !== 'inline' && e.scrollWidth > e.clientWidth + 1) faults.push(`${name}: ${e.scrollWidth} px of text in ${e.clientWidth} px`)
      if (r.left < bounds.left - 1 || r.right > bounds.right + 1 || r.top < bounds.top - 1 || r.bottom > bounds.bottom + 1) faults.push(`${name}: outside the stage`)
      const panel = e.closest('[data-panel]')
      if (panel && !e.closest('.tip')) {
        const p = panel.getBoundingClientRect()
        if (r.left < p.left - 1 || r.right > p.right + 1 || r.top < p.top - 1 || r.bottom > p.bottom + 1) faults.push(`${name}: outside its panel`)
      }
      if (parseFloat(style.fontSize) < 18) faults.push(`${name}: ${style.fontSize} is too small for a wall`)
    }
    return faults
  },
  /** Panels that lie on each other. */
  overlap(selector) {
    const panels = [...document.querySelectorAll(selector)].map((e) => ({ id: e.dataset.panel, r: e.getBoundingClientRect() }))
    const faults = panels.length < 2 ? ['no panels'] : []
    panels.forEach((a, i) => panels.slice(i + 1).forEach((b) => {
      if (a.r.left < b.r.right - 0.5 && b.r.left < a.r.right - 0.5 && a.r.top < b.r.bottom - 0.5 && b.r.top < a.r.bottom - 0.5) faults.push(`${a.id} lies on ${b.id}`)
    }))
    return faults
  },
  /** Chinese that the computer has no font for is drawn as boxes. */
  tofu() {
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const picture = (text) => {
      pen.canvas.width = pen.canvas.height = 40
      pen.font = '32px ' + getComputedStyle(document.body).fontFamily
      pen.fillText(text, 2, 34)
      return pen.getImageData(0, 0, 40, 40).data.join()
    }
    const box = picture('\uffff')
    return [...'贵州社保险'].filter((c) => picture(c) === box).map((c) => `${c} is drawn as a box`)
  },
  /** Accessibility faults that keep somebody from using the page. */
  async axe(impacts) {
    const result = await window.axe.run(document, { resultTypes: ['violations'] })
    return result.violations.filter((v) => impacts.includes(v.impact))
      .flatMap((v) => v.nodes.map((n) => `${v.impact} ${v.id}: ${n.target.join(' ')} ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`))
  },
  /** A table that hides columns behind its edge. */
  cramped() {
    return [...document.querySelectorAll('.el-table')].filter((t) => t.offsetParent !== null)
      .map((t) => [t, t.querySelector('.el-table__header')?.offsetWidth ?? 0]).filter(([t, w]) => w > t.clientWidth + 1)
      .map(([t, w]) => `a table of ${w} px in ${t.clientWidth} px: ${t.querySelector('thead').innerText.replace(/\s+/g, ' ')}`)
  },
  /** The page itself must not need to be moved sideways. */
  sideways() {
    const root = document.documentElement
    return root.scrollWidth > root.clientWidth + 1 ? [`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth} px`] : []
  },
})
