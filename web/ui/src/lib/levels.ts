/** Alert levels: always colour, shape and word together, so that none depends on seeing colour. */
export interface Level { id: string; word: string; shape: string }

export const levels: readonly Level[] = [
  { id: 'red', word: '红色', shape: 'triangle' },
  { id: 'orange', word: '橙色', shape: 'diamond' },
  { id: 'yellow', word: '黄色', shape: 'square' },
  { id: 'blue', word: '蓝色', shape: 'circle' },
]

export function levelOf(id: string): Level {
  return levels.find((l) => l.id === id) ?? { id: 'blue', word: id || '—', shape: 'circle' }
}

/** Outlines in a 12×12 box. */
export const shapes: Record<string, string> = {
  triangle: 'M6 0.800L11.800 11H0.200Z',
  diamond: 'M6 0L12 6L6 12L0 6Z',
  square: 'M1 1H11V11H1Z',
  circle: 'M6 0.500A5.500 5.500 0 1 1 6 11.500A5.500 5.500 0 1 1 6 0.500Z',
}
