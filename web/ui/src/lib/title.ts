import { onScopeDispose, watch, type WatchSource } from 'vue'

const product = '社保基金监管智能工作台'

/** Names the browser tab while the page is open. */
export function useTitle(title: WatchSource<string>): void {
  watch(title, (t) => (document.title = t ? `${t} - ${product}` : product), { immediate: true })
  onScopeDispose(() => (document.title = product))
}
