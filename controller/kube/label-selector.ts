/**
 * Matching of labels, for LabelSelector objects and for selector strings. Pure. An expression that cannot be understood throws:
 * a selector must never match more than its author meant.
 */
import type { LabelSelector } from '../api/meta.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelMatcher = (labels: Labels | undefined) => boolean

const own = (labels: Labels | undefined, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined

/** `NotIn` and `!=` also match objects that lack the label, as Kubernetes defines them. */
function requirement(key: string, operator: string, values: readonly string[]): LabelMatcher {
  switch (operator) {
    case 'In':
      return (labels) => values.includes(own(labels, key) ?? '\0')
    case 'NotIn':
      return (labels) => !values.includes(own(labels, key) ?? '\0')
    case 'Exists':
      return (labels) => own(labels, key) !== undefined
    case 'DoesNotExist':
      return (labels) => own(labels, key) === undefined
    default:
      throw new TypeError(`label selector: unknown operator "${operator}" for "${key}"`)
  }
}

const every =
  (matchers: readonly LabelMatcher[]): LabelMatcher =>
  (labels) =>
    matchers.every((matches) => matches(labels))

/** An absent selector matches nothing, an empty one everything, as in Kubernetes. */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return () => false
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, 'In', [value]))
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
      throw new TypeError(`label selector: operator ${operator} for "${key}" needs values`)
    }
    return requirement(key, operator, values)
  })
  return every([...exact, ...expressions])
}

/** The string form of a LabelSelector, for the `labelSelector` query parameter. Keys are sorted. */
export function renderLabelSelector(selector: LabelSelector): string {
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    if (operator === 'In') return `${key} in (${values.join(',')})`
    if (operator === 'NotIn') return `${key} notin (${values.join(',')})`
    throw new TypeError(`label selector: unknown operator "${operator}" for "${key}"`)
  })
  return [...exact.sort(), ...expressions.sort()].join(',')
}

const KEY = '[A-Za-z0-9][\\w./-]*'
const VALUE = '[\\w.-]*'
const setBased = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const equality = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`)
const absence = new RegExp(`^!\\s*(${KEY})$`)
const presence = new RegExp(`^(${KEY})$`)

function parseTerm(term: string): LabelMatcher {
  const set = setBased.exec(term)
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return requirement(set[1] ?? '', set[2] === 'in' ? 'In' : 'NotIn', values)
  }
  const equal = equality.exec(term)
  if (equal) return requirement(equal[1] ?? '', equal[2] === '!=' ? 'NotIn' : 'In', [equal[3] ?? ''])
  const absent = absence.exec(term)
  if (absent) return requirement(absent[1] ?? '', 'DoesNotExist', [])
  const present = presence.exec(term)
  if (present) return requirement(present[1] ?? '', 'Exists', [])
  throw new TypeError(`label selector: cannot read "${term}"`)
}

/** Matcher for `a=b,c!=d,e in (f,g),h,!i`; the empty string matches everything. Throws TypeError on anything else. */
export function parseLabelSelector(text: string): LabelMatcher {
  if (text.trim() === '') return () => true
  // Commas inside parentheses belong to a set.
  return every(text.split(/,(?![^(]*\))/).map((term) => parseTerm(term.trim())))
}
