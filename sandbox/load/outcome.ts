/**
 * What one answer means for the user who asked. Pure. "Lost" is what we are to blame for: an error that the application did not make.
 *
 * | answer                                             | outcome  |
 * |----------------------------------------------------|----------|
 * | below 500                                          | ok       |
 * | 5xx without the gateway's mark                     | appError |
 * | any answer with the gateway's mark, no answer      | lost     |
 */
export type Outcome = 'ok' | 'appError' | 'lost'

export interface Answer {
  readonly code: number
  /** Value of the gateway's own header when it answered by itself. */
  readonly refusal?: string
}

/** `answer` is undefined when the connection was refused, lost or too slow. */
export function judgeAnswer(answer: Answer | undefined): Outcome {
  if (answer === undefined || answer.refusal !== undefined) return 'lost'
  return answer.code < 500 ? 'ok' : 'appError'
}
