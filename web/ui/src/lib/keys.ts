import { onMounted, onScopeDispose } from 'vue'

/** Single keys for a page; they rest while somebody types, a dialog is open or a modifier is held. */
export function useKeys(keys: Record<string, () => void>): void {
  function press(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return
    const at = e.target as HTMLElement | null
    if (at?.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="combobox"]')) return
    if (e.key === 'Enter' && at?.closest('a, button, [role="button"]')) return
    if ([...document.querySelectorAll<HTMLElement>('.el-overlay')].some((o) => o.style.display !== 'none')) return
    const act = keys[e.key]
    if (!act) return
    e.preventDefault()
    act()
  }
  onMounted(() => addEventListener('keydown', press))
  onScopeDispose(() => removeEventListener('keydown', press))
}
