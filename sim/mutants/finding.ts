/** What a check has found: where, and the first thing that is not as it should be. */
export interface Finding {
  readonly where: string
  readonly why: string
}
