/**
 * Problems in the words of the Kubernetes API server, which people search for and which the ReplicaSet would be refused with. Wording only;
 * it must not know any rule.
 */
import type { Problem } from '../problem.ts'

const explain = (kind: string, detail: string): string => (detail === '' ? kind : `${kind}: ${detail}`)

export const required = (field: string, detail = ''): Problem => ({ field, message: explain('Required value', detail) })

export const forbidden = (field: string, detail: string): Problem => ({ field, message: `Forbidden: ${detail}` })

export const invalid = (field: string, value: unknown, detail: string): Problem => ({
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
})

export const duplicate = (field: string, value: string): Problem => ({
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
})

export const notFound = (field: string, value: string): Problem => ({
  field,
  message: `Not found: ${JSON.stringify(value)}`,
})

const notSupported = (field: string, value: string, supported: readonly string[]): Problem => ({
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
})

/** Nothing, when the value is absent or empty (the server fills in its default) or one of the list. */
export const requireOneOf = (
  field: string,
  value: string | null | undefined,
  supported: readonly string[],
): readonly Problem[] => (!value || supported.includes(value) ? [] : [notSupported(field, value, supported)])

export const requireNatural = (field: string, value: number | null | undefined): readonly Problem[] =>
  (value ?? 0) < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []

export const requireRange = (
  field: string,
  value: number | null | undefined,
  [least, most]: readonly [number, number],
): readonly Problem[] =>
  value === undefined || value === null || (value >= least && value <= most)
    ? []
    : [invalid(field, value, `must be between ${least} and ${most}, inclusive`)]

/** The rule of a name, applied; nothing when the name is absent or empty. */
export function requireSyntax(
  field: string,
  value: string | null | undefined,
  findProblem: (value: string) => string | undefined,
): readonly Problem[] {
  const detail = value ? findProblem(value) : undefined
  return detail === undefined ? [] : [invalid(field, value, detail)]
}

/** As {@link requireSyntax}, and an absent or empty name is a problem too. */
export const requireName = (
  field: string,
  value: string | null | undefined,
  findProblem: (value: string) => string | undefined,
): readonly Problem[] => (value ? requireSyntax(field, value, findProblem) : [required(field)])
