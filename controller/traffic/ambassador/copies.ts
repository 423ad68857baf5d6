/**
 * One of the user's Mappings and its weighted copy: what weight the copy carries, and how it is brought to another. Without a copy, or with one of
 * weight 0, everything goes to the original. A copy that is not needed any more goes only when nothing comes to it.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { TrafficIntent, TrafficReading } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { covers } from '../codec/covers.ts'
import { missing } from '../codec/missing.ts'
import { createOf, isOwned, notOwned } from '../codec/owned.ts'
import { patchOf } from '../codec/patch.ts'
import type { RouterContext, RouterWrite } from '../router.ts'
import type { Mapping, MappingSpec } from './objects.ts'
import { canarySpec } from './specs.ts'

const FIELD = 'trafficRouting.ambassador.mappings'

export interface Pair {
  readonly ref: ObjectRef
  readonly copyRef: ObjectRef
  readonly base: Mapping | undefined
  readonly copy: Mapping | undefined
}

export const labelOf = ({ kind, namespace, name }: ObjectRef): string => `${kind.kind} "${namespace}/${name}"`

export const notFound = (ref: ObjectRef): TrafficReading => missing(labelOf(ref), FIELD)

/** Argo's copies have no owner: one that is nobody's and says just what ours would is taken over. */
function isOurs(copy: Mapping, wanted: MappingSpec | undefined, context: RouterContext): boolean {
  if (isOwned(copy, context)) return true
  return (copy.metadata.ownerReferences ?? []).length === 0 && isCopyOf(copy, wanted)
}

function isCopyOf({ spec }: Mapping, wanted: MappingSpec | undefined): boolean {
  if (!spec || !wanted) return false
  const { weight: _weight, ...rest } = spec
  return covers(rest, wanted) && covers(wanted, rest)
}

export function readCopy({ ref, copyRef, base, copy }: Pair, context: RouterContext): TrafficReading {
  const wanted = canarySpec(base?.spec, context)
  if (copy && !isOurs(copy, wanted, context))
    return {
      programmedCanary: undefined,
      confirmation: 'unknown',
      drivable: false,
      problem: notOwned(labelOf(copyRef), FIELD),
    }
  const problem = base ? problemOf(ref, base, wanted, context) : notFound(ref).problem
  return {
    programmedCanary: readWeight(copy, wanted, context),
    confirmation: 'unknown',
    drivable: copy !== undefined || problem === undefined,
    ...(copy?.spec?.weight === 0 ? { isUntidy: true } : {}),
    ...(problem === undefined ? {} : { problem }),
  }
}

/** A copy that says something else than its original shares nobody knows which requests. */
function readWeight(copy: Mapping | undefined, wanted: MappingSpec | undefined, context: RouterContext) {
  if (!copy) return 0
  const { weight } = copy.spec ?? {}
  const isSound = typeof weight === 'number' && Number.isInteger(weight) && weight >= 0 && weight <= context.maxWeight
  return isSound && isCopyOf(copy, wanted) ? weight : undefined
}

function problemOf(
  ref: ObjectRef,
  { spec }: Mapping,
  wanted: MappingSpec | undefined,
  { stableService }: RouterContext,
): string | undefined {
  if (!wanted) return `${labelOf(ref)}: spec.service has to be the stable Service "${stableService}"`
  const weight = spec?.weight
  return weight === undefined || weight === 0
    ? undefined
    : `${labelOf(ref)}: spec.weight must not be set, its copy for the canary has the weight`
}

export function renderCopy(pair: Pair, intent: TrafficIntent, context: RouterContext): readonly RouterWrite[] {
  const { ref, copyRef, base, copy } = pair
  const wanted = canarySpec(base?.spec, context)
  if (!copy) {
    const isPossible = base !== undefined && problemOf(ref, base, wanted, context) === undefined
    if (intent.canary === 0 || !isPossible) return []
    return [createOf(copyRef, context, { spec: { ...wanted, weight: intent.canary }, apiVersion: base.apiVersion })]
  }
  if (!isOurs(copy, wanted, context)) return []
  // Alone, a Mapping gets everything, whatever its weight.
  const isDone = intent.canary === 0 && (!base || (intent.tidy === true && copy.spec?.weight === 0))
  if (isDone) return [{ do: 'delete', ref: copyRef, object: copy }]
  return base ? patchOf(copyRef, copy, [...adoption(copy, context), ...change(copy, wanted, intent.canary)]) : []
}

function change(copy: Mapping, wanted: MappingSpec | undefined, weight: number) {
  if (wanted && !isCopyOf(copy, wanted)) return [{ op: 'add', path: '/spec', value: { ...wanted, weight } } as const]
  return copy.spec?.weight === weight ? [] : [{ op: 'add', path: '/spec/weight', value: weight } as const]
}

const adoption = (copy: KubeObject, context: RouterContext) =>
  isOwned(copy, context) ? [] : [{ op: 'add', path: '/metadata/ownerReferences', value: [context.owner] } as const]
