type Tone = 'grey' | 'blue' | 'green' | 'orange' | 'red' | 'yellow'

/** Tone of an alert's state; the word beside it says the state. */
export function alertTone(state: string, open: boolean): Tone {
  if (!open) return /false|exempt|cancel|gone|reject/.test(state) ? 'grey' : 'green'
  if (/new|pending/.test(state)) return 'orange'
  if (/answer|feedback/.test(state)) return 'yellow'
  return 'blue'
}

/** Tone of the result of a rule or a round. */
export function runTone(state: string): Tone {
  if (state === 'ok' || state === 'done' || state === 'passed') return 'green'
  if (state === 'failed' || state === 'broken' || state === 'dead') return 'red'
  if (state === 'blocked' || state === 'behind') return 'orange'
  if (state === 'running' || state === 'loading') return 'blue'
  return 'grey'
}

export const runNames: Record<string, string> = {
  ok: '正常', done: '完成', failed: '失败', blocked: '未执行', running: '执行中', '': '未运行', skipped: '跳过',
}
