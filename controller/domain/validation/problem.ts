/**
 * What is wrong with a manifest, as data, and as the one line that a condition holds. It must not know any rule.
 */

export interface Problem {
  /** Path from the object's root, for instance `spec.strategy.canary.steps[2].setWeight`. */
  readonly field: string
  readonly message: string
  /** What to write instead. */
  readonly fix?: string
}

const MOST_TOLD = 10
const LONGEST_MESSAGE = 500

/** The first problems in one line; bounded, because a condition is stored and shown. */
export function renderProblems(problems: readonly Problem[]): string {
  const told = problems.slice(0, MOST_TOLD).map(({ field, message, fix }) => {
    const bounded = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message
    return `${field}: ${bounded}${fix ? ` (${fix})` : ''}`
  })
  const rest = problems.length - told.length
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ')
}

/** The problem when the rule is broken, nothing when it is kept; for spreading into a list. */
export const when = (isBroken: boolean, field: string, message: string, fix?: string): readonly Problem[] =>
  isBroken ? [{ field, message, ...(fix === undefined ? {} : { fix }) }] : []

/** What the API server itself says of a negative number. */
export const whenNegative = (value: number | null | undefined, field: string): readonly Problem[] =>
  when((value ?? 0) < 0, field, 'must be greater than or equal to 0')

/** `path` below `root`: `['steps', 0, 'pause']` becomes `root.steps[0].pause`; keys with dots or slashes are quoted. */
export const renderPath = (root: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return /^[\w-]+$/.test(String(part)) ? `${text}.${String(part)}` : `${text}[${JSON.stringify(String(part))}]`
  }, root)
