/** How a mistake in a metric's definition is told: the field and what is wrong with it. */
export interface AnalysisProblem {
  /** Path within the spec, such as `metrics[0].interval`. */
  readonly field: string
  readonly message: string
}

/** Text that still holds `{{args.x}}` is judged once arguments are known. */
export const hasPlaceholder = (text: string): boolean => text.includes('{{')

export const when = (isWrong: boolean, field: string, message: string): readonly AnalysisProblem[] =>
  isWrong ? [{ field, message }] : []
