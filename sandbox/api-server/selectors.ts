/**
 * Label and field selectors: text in, a predicate out. A selector that cannot be parsed is a 400, never "matches all".
 */
import { badRequest } from './errors.ts'
import { asString, isObject, type JsonObject, readPath, renderScalar, type Stored } from './json.ts'

export type Predicate = (object: Stored) => boolean

type Labels = Readonly<Record<string, string>>
type LabelRule = (labels: Labels) => boolean

const setRule = (key: string, values: readonly string[], wanted: boolean): LabelRule => {
  const known = new Set(values)
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    if (value === undefined) return !wanted
    return known.has(value) === wanted
  }
}

const keyPattern = '[A-Za-z0-9][A-Za-z0-9._/-]*'
const setForm = new RegExp(`^(${keyPattern})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const equalForm = new RegExp(`^(${keyPattern})\\s*(==|=|!=)\\s*([A-Za-z0-9._-]*)$`)
const existsForm = new RegExp(`^(!?)\\s*(${keyPattern})$`)

const parseLabelTerm = (term: string): LabelRule => {
  const inSet = setForm.exec(term)
  if (inSet) {
    const values = asString(inSet[3]).split(',')
    return setRule(
      asString(inSet[1]),
      values.map((value) => value.trim()),
      inSet[2] === 'in',
    )
  }
  const equal = equalForm.exec(term)
  if (equal) return setRule(asString(equal[1]), [asString(equal[3])], equal[2] !== '!=')
  const exists = existsForm.exec(term)
  if (exists) return (labels) => Object.hasOwn(labels, asString(exists[2])) === (exists[1] === '')
  throw badRequest(`unable to parse requirement: found '${term}', expected: a label requirement`)
}

/** Splits at commas that are not inside parentheses. */
const splitTerms = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')

/** `a=b,c!=d,e in (f,g),!h` */
export const parseLabelSelector = (text: string): Predicate => {
  const rules = splitTerms(text).map(parseLabelTerm)
  return (object) => rules.every((rule) => rule(object.metadata.labels ?? {}))
}

/** A metav1.LabelSelector as it stands in a spec; an empty one matches everything. */
export const matchesSelector = (selector: unknown, labels: Labels): boolean => {
  if (!isObject(selector)) return false
  const exact = isObject(selector.matchLabels) ? Object.entries(selector.matchLabels) : []
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : []
  return (
    exact.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    expressions.filter(isObject).every((expression) => matchesExpression(expression, labels))
  )
}

const matchesExpression = (expression: JsonObject, labels: Labels): boolean => {
  const key = asString(expression.key)
  const values = Array.isArray(expression.values) ? expression.values.map(asString) : []
  switch (expression.operator) {
    case 'In':
      return setRule(key, values, true)(labels)
    case 'NotIn':
      return setRule(key, values, false)(labels)
    case 'Exists':
      return Object.hasOwn(labels, key)
    case 'DoesNotExist':
      return !Object.hasOwn(labels, key)
    default:
      return false
  }
}

const universalFields = ['metadata.name', 'metadata.namespace']

const parseFieldTerm = (term: string, fields: readonly string[]): Predicate => {
  const parts = /^([^=!]+)(==|=|!=)(.*)$/.exec(term)
  if (!parts) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`)
  const field = asString(parts[1]).trim()
  if (!universalFields.includes(field) && !fields.includes(field))
    throw badRequest(
      fields.length > 0
        ? `field label not supported: ${field}`
        : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  const wanted = parts[2] !== '!='
  return (object) => {
    const value = readPath(object, field)
    return (renderScalar(value) === asString(parts[3])) === wanted
  }
}

/** `metadata.name=a,status.phase!=Running`; `fields` are the paths this kind offers besides name and namespace. */
export const parseFieldSelector = (text: string, fields: readonly string[]): Predicate => {
  const rules = splitTerms(text).map((term) => parseFieldTerm(term, fields))
  return (object) => rules.every((rule) => rule(object))
}
