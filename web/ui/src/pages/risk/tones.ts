type Tone = 'grey' | 'blue' | 'green' | 'orange' | 'red' | 'yellow'

const alertTones: Record<string, Tone> = {
  new: 'orange', accepted: 'orange', dispatched: 'blue', verifying: 'blue', answered: 'yellow', confirmed: 'red',
  rectifying: 'yellow', closed: 'green', dismissed: 'grey', cleared: 'grey',
}

/** Tone of an alert's state; the word beside it says the state. */
export function alertTone(state: string): Tone {
  return alertTones[state] ?? 'grey'
}

/** Tone of the result of a rule or a round. */
export function runTone(state: string): Tone {
  switch (state) {
    case 'ok':
    case 'done':
      return 'green'
    case 'failed':
      return 'red'
    case 'held':
    case 'partial':
      return 'orange'
    case 'running':
      return 'blue'
    default:
      return 'grey'
  }
}

export const runNames: Record<string, string> = { ok: '正常', failed: '失败', held: '待复核', '': '未运行' }

/** Where a rule's alerts start, in the words of the catalogue. */
export const severityTones: Record<string, Tone> = { 高: 'red', 中: 'orange', 低: 'blue' }
