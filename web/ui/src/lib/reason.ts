import { ElMessageBox } from 'element-plus'

/** Asks once more before an act, with the reason that goes into the audit chain; undefined when called off. */
export async function askReason(title: string, says: string): Promise<string | undefined> {
  try {
    const answer = await ElMessageBox.prompt(says, title, {
      confirmButtonText: '确定', cancelButtonText: '取消', inputPlaceholder: '理由（记入审计日志）',
      inputValidator: (v: string) => (v?.trim() ? true : '请填写理由'),
    })
    return answer.value.trim()
  } catch {
    return undefined
  }
}
