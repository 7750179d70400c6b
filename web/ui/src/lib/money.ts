/** Yuan typed by a person as fen, without the errors of binary fractions. */
export function fenOf(yuan: number | null | undefined): number {
  return Math.round((yuan ?? 0) * 100)
}
