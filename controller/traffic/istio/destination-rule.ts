/**
 * The DestinationRule: two of its subsets are the canary and the stable part, told apart by the pod hash among their labels. That label, the mark of
 * the Rollout and subsets for experiments are ours; every other subset and field stays.
 */
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../api/labels.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { AdditionalWeight } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { destinationRules, refOf } from '../../kube/kinds.ts'
import { readLedger, renderLedger } from '../codec/ledger.ts'
import { annotate, patchOf, pointer } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext, RouterWrite, SubsetKeeper } from '../router.ts'
import type { DestinationRuleRef } from './config.ts'
import { isSameService, serviceOf } from './hosts.ts'
import { type Destination, type DestinationRuleSpec, parseDestinationRule } from './objects.ts'

/** What routes are compared with. */
export interface HostRule {
  readonly canary: string
  readonly stable: string
  readonly additional: readonly string[]
  readonly namespace: string
  /** Undefined: the rule is not there, so that names of subsets are all there is. */
  readonly host: string | undefined
}

export const hostRule = (ref: DestinationRuleRef, object: KubeObject | undefined, namespace: string): HostRule => ({
  canary: ref.canarySubsetName,
  stable: ref.stableSubsetName,
  additional: ref.additionalSubsetNames ?? [],
  namespace,
  host: object && parseDestinationRule(object)?.host,
})

/** A subset is one of its rule's host: another host may have one of the same name. */
export function isSubsetOf(
  { host, namespace }: HostRule,
  destination: Destination | undefined,
  subset: string,
  from: string,
): boolean {
  if (destination?.subset !== subset) return false
  const isSame = isSameService(serviceOf(destination.host, from), serviceOf(host, namespace))
  return host === undefined || destination.host === host || isSame
}

/** Why the rule cannot be used; nothing when it can. */
export function findRuleProblem(
  label: string,
  ref: DestinationRuleRef,
  object: KubeObject,
  context: RouterContext,
): string | undefined {
  const spec = parseDestinationRule(object)
  if (!spec) return `${label} cannot be read: correct spec.host and spec.subsets`
  const missing = [ref.canarySubsetName, ref.stableSubsetName].find((name) => !findSubset(spec, name))
  if (missing !== undefined) return `${label} has no subset "${missing}": add it to spec.subsets`
  if (serviceOf(spec.host, context.namespace)?.namespace !== context.namespace)
    return `${label}: spec.host "${spec.host}" is no Service of namespace "${context.namespace}": name the one in front of the pods`
  const owner = object.metadata.annotations?.[MANAGED_BY]
  if (owner !== undefined && owner !== context.rollout) return `${label} is managed by another Rollout, "${owner}"`
  return undefined
}

const findSubset = ({ subsets }: DestinationRuleSpec, name: string) => subsets.find((subset) => subset.name === name)

export const subsetKeeper = (
  ref: ObjectRef,
  config: DestinationRuleRef,
  { namespace, rollout }: RouterContext,
): SubsetKeeper => ({
  ref,
  read(object) {
    const spec = object && parseDestinationRule(object)
    const service = spec && serviceOf(spec.host, namespace)
    const [stable, canary] = [config.stableSubsetName, config.canarySubsetName].map(
      (name) => spec && findSubset(spec, name),
    )
    if (!object || !stable || !canary || service?.namespace !== namespace) return undefined
    const owner = object.metadata.annotations?.[MANAGED_BY]
    const subset = ({ name, labels }: typeof stable) => ({ name, podHash: labels?.[POD_TEMPLATE_HASH] ?? '' })
    return {
      service: service.name,
      stable: subset(stable),
      canary: subset(canary),
      destinationRule: object.metadata.name,
      ...(owner === undefined ? {} : { owner }),
    }
  },
  select: (object, subset, podHash) =>
    patchOf(ref, object, [...labelSubset(object, subset, podHash), ...annotate(object, MANAGED_BY, rollout)]),
})

function labelSubset(object: KubeObject, name: string, podHash: string): JsonPatchOperation[] {
  const subsets = parseDestinationRule(object)?.subsets ?? []
  return subsets.flatMap(({ name: found, labels }, at): JsonPatchOperation[] => {
    if (found !== name || labels?.[POD_TEMPLATE_HASH] === podHash) return []
    if (!labels) return [{ op: 'add', path: `/spec/subsets/${at}/labels`, value: { [POD_TEMPLATE_HASH]: podHash } }]
    return [{ op: 'add', path: pointer('spec', 'subsets', at, 'labels', POD_TEMPLATE_HASH), value: podHash }]
  })
}

/** Without the mark and the pod hashes every subset takes the pods of its other labels. */
export function releaseRule(object: KubeObject): RouterWrite[] {
  const subsets = parseDestinationRule(object)?.subsets ?? []
  const labels = subsets.flatMap(({ labels: found }, at): JsonPatchOperation[] =>
    found?.[POD_TEMPLATE_HASH] === undefined
      ? []
      : [{ op: 'remove', path: pointer('spec', 'subsets', at, 'labels', POD_TEMPLATE_HASH) }],
  )
  const ref = refOf(destinationRules, object)
  return patchOf(ref, object, [...labels, ...annotate(object, MANAGED_BY, undefined)])
}

/** The Services of experiments for which a subset was added. */
export const addedSubsets = (object: KubeObject, context: RouterContext): readonly string[] =>
  readLedger(object, context).backends

/** A subset for each experiment's pods, as Argo adds them, named like its Service; those that are not wanted any more go. */
export function renderAddedSubsets(
  ref: ObjectRef,
  object: KubeObject,
  context: RouterContext,
  additional: readonly AdditionalWeight[],
): RouterWrite[] {
  const owner = object.metadata.annotations?.[MANAGED_BY]
  const spec = parseDestinationRule(object)
  if (!spec || (owner !== undefined && owner !== context.rollout)) return []
  const wanted = additional.flatMap(({ service, podHash }) => (podHash === undefined ? [] : [{ service, podHash }]))
  const names = new Set(wanted.map(({ service }) => service))
  const gone = new Set(addedSubsets(object, context).filter((name) => !names.has(name)))
  const removals = spec.subsets.flatMap(({ name }, at) => (gone.has(name) ? [at] : [])).reverse()
  const changes: JsonPatchOperation[] = wanted.flatMap(({ service, podHash }) => {
    if (findSubset(spec, service)) return labelSubset(object, service, podHash)
    const value = { name: service, labels: { [POD_TEMPLATE_HASH]: podHash } }
    return [{ op: 'add', path: '/spec/subsets/-', value } as const]
  })
  return patchOf(ref, object, [
    ...changes,
    ...removals.map((at) => ({ op: 'remove', path: `/spec/subsets/${at}` }) as const),
    ...renderLedger(object, context, { routes: [], backends: [...names] }),
  ])
}
