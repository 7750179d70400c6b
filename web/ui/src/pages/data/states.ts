type Tone = 'grey' | 'blue' | 'green' | 'orange' | 'red' | 'yellow'

export const intakeTones: Record<string, Tone> = { level: 'green', loading: 'blue', waiting: 'grey', failed: 'red', behind: 'orange', empty: 'grey' }
export const tableStates: Record<string, string> = { level: '一致', behind: '落后', loading: '入库中', failed: '失败', empty: '无数据' }
export const gradeTones: Record<string, Tone> = { 废弃: 'red', 待调整: 'orange', 可转换: 'blue' }
export const checkStates: Record<string, { name: string; tone: Tone }> = {
  passed: { name: '通过', tone: 'green' }, failed: { name: '未通过', tone: 'orange' },
  broken: { name: '未能执行', tone: 'red' }, never: { name: '未运行', tone: 'grey' },
}
export const problemStates: Record<string, { name: string; tone: Tone }> = {
  open: { name: '待处理', tone: 'orange' }, assigned: { name: '已指派', tone: 'blue' },
  fixed: { name: '已改正', tone: 'green' }, accepted: { name: '确认保留', tone: 'grey' },
}
export const kindNames: Record<string, string> = {
  key: '编号', text: '文字', date: '日期', month: '年月', money: '金额', int: '整数', ratio: '比率', time: '时间',
}
