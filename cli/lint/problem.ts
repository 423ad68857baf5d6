/** A finding about one manifest. Data only. */
export interface Problem {
  /** Path from the object's root, such as `spec.strategy.canary.steps[0].setWeight`. */
  readonly field: string
  /** What is wrong, without the field's name: `must be a whole number, is a string`. */
  readonly message: string
  /** What to write instead. */
  readonly fix?: string
  /** A warning does not fail the lint; absent means `error`. */
  readonly severity?: 'error' | 'warning'
}

export interface LocatedProblem extends Problem {
  readonly file: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
  readonly kind: string
  readonly name: string
  readonly severity: 'error' | 'warning'
}

/** `spec.steps[0].plugins["a/b"]` → its keys; text that it cannot read ends the path there. */
export function parseField(field: string): readonly (string | number)[] {
  const parts = field.matchAll(/([\w-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)
  return [...parts].map((part) => {
    if (part[2] !== undefined) return Number(part[2])
    return part[3] === undefined ? (part[1] ?? '') : String(JSON.parse(part[3]))
  })
}
