/**
 * Requests and limits of a container: known names, readable quantities, requests within limits. Whether a node or a quota has that much is
 * found out when pods are made.
 */
import type { Resources } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { findLabelKeyProblem } from './names.ts'
import { isWhole, parseQuantity } from './quantity.ts'
import { invalid, required } from './server-words.ts'

const OVERCOMMITTABLE: readonly string[] = ['cpu', 'memory', 'ephemeral-storage']
const QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

export function validateResources({ limits, requests }: Resources, field: string): readonly Problem[] {
  return [
    ...validateAmounts(limits ?? {}, `${field}.limits`),
    ...validateAmounts(requests ?? {}, `${field}.requests`),
    ...Object.keys(requests ?? {})
      .sort()
      .flatMap((name) => compareAmounts(name, { limit: limits?.[name], request: requests?.[name] }, field)),
  ]
}

type Amounts = Readonly<Record<string, string | number>>

function validateAmounts(amounts: Amounts, field: string): readonly Problem[] {
  return Object.entries(amounts)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, amount]) => validateAmount(name, amount, `${field}[${name}]`))
}

function validateAmount(name: string, amount: string | number, field: string): readonly Problem[] {
  const nameProblem = findResourceNameProblem(name)
  if (nameProblem !== undefined) return [invalid(field, name, nameProblem)]
  const quantity = parseQuantity(amount)
  if (quantity === undefined) return [invalid(field, amount, QUANTITY_RULE)]
  if (quantity < 0n) return [invalid(field, amount, 'must be greater than or equal to 0')]
  return isExtended(name) && !isWhole(quantity) ? [invalid(field, amount, 'must be an integer')] : []
}

/** `example.com/gpu`: counted in whole units that are never shared. */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/')

function findResourceNameProblem(name: string): string | undefined {
  const syntax = findLabelKeyProblem(name)
  if (syntax !== undefined) return syntax
  const isKnown = name.includes('/') || OVERCOMMITTABLE.includes(name) || name.startsWith('hugepages-')
  return isKnown ? undefined : 'must be a standard resource for containers'
}

interface Pair {
  readonly limit: string | number | undefined
  readonly request: string | number | undefined
}

function compareAmounts(name: string, { limit, request }: Pair, field: string): readonly Problem[] {
  const isShared = !isExtended(name) && !name.startsWith('hugepages-')
  if (limit === undefined)
    return isShared ? [] : [required(`${field}.limits`, 'Limit must be set for non overcommitable resources')]
  const most = parseQuantity(limit)
  const wanted = request === undefined ? undefined : parseQuantity(request)
  if (most === undefined || wanted === undefined) return []
  if (!isShared && wanted !== most)
    return [invalid(`${field}.requests`, String(request), `must be equal to ${name} limit of ${limit}`)]
  return wanted > most
    ? [invalid(`${field}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`)]
    : []
}
