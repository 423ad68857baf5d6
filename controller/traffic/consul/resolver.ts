/**
 * The ServiceResolver: two of its subsets are the canary and the stable part, told apart by their filters. The two filters and the mark of the Rollout
 * are ours; other subsets, `defaultSubset`, redirects and the like stay.
 */
import { MANAGED_BY, MANAGED_SUBSETS } from '../../api/labels.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { refOf, serviceResolvers } from '../../kube/kinds.ts'
import { annotateAll } from '../codec/annotations.ts'
import { patchOf, pointer } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext, RouterWrite, SubsetKeeper } from '../router.ts'
import { filterFor, findConfusion, type Revisions, revisionTaken } from './filter.ts'
import type { ServiceResolver } from './objects.ts'
import type { SubsetNames } from './splitter.ts'

export function subsetKeeper(
  ref: ObjectRef,
  names: SubsetNames,
  metaKey: string,
  { revisions, rollout }: RouterContext,
): SubsetKeeper {
  const known: Revisions = { key: metaKey, revisions }
  return {
    ref,
    read(object) {
      const { stableSubsetName, canarySubsetName, serviceName } = names
      const stable = findSubset(object, stableSubsetName)
      const canary = findSubset(object, canarySubsetName)
      if (!object || !stable || !canary) return undefined
      const owner = object.metadata.annotations?.[MANAGED_BY]
      return {
        service: serviceName,
        stable: { name: stableSubsetName, podHash: revisionTaken(stable.filter, known) },
        canary: { name: canarySubsetName, podHash: revisionTaken(canary.filter, known) },
        ...(owner === undefined ? {} : { owner }),
        ...(findConfusion(known) === undefined ? {} : { isFixed: true }),
      }
    },
    select(object, name, podHash) {
      const filter = filterFor(podHash, known)
      const subset = findSubset(object, name)
      if (!subset || filter === undefined) return []
      const path = pointer('spec', 'subsets', name, 'filter')
      const change = subset.filter === filter ? [] : [{ op: 'add', path, value: filter } as const]
      const ours = [names.canarySubsetName, names.stableSubsetName].sort().join()
      const marks = annotateAll(object, { [MANAGED_BY]: rollout, [MANAGED_SUBSETS]: ours })
      return patchOf(ref, object, [...change, ...marks])
    },
  }
}

/** Without the marks and filters every subset that was the Rollout's takes any pod. */
export function releaseResolver(object: ServiceResolver): RouterWrite[] {
  const ours = object.metadata.annotations?.[MANAGED_SUBSETS]?.split(',') ?? []
  const filters = ours.flatMap((name): JsonPatchOperation[] =>
    findSubset(object, name)?.filter
      ? [{ op: 'add', path: pointer('spec', 'subsets', name, 'filter'), value: '' }]
      : [],
  )
  const marks = annotateAll(object, { [MANAGED_BY]: undefined, [MANAGED_SUBSETS]: undefined })
  return patchOf(refOf(serviceResolvers, object), object, [...filters, ...marks])
}

/** A subset may be written without anything in it. */
function findSubset(object: ServiceResolver | undefined, name: string): { readonly filter?: unknown } | undefined {
  const subsets = object?.spec?.subsets
  const subset =
    typeof subsets === 'object' && subsets !== null && Object.hasOwn(subsets, name) ? subsets[name] : undefined
  return typeof subset === 'object' && subset !== null ? subset : undefined
}

/** Why the resolver cannot be used; undefined when it can. */
export function findResolverProblem(
  label: string,
  object: ServiceResolver,
  { stableSubsetName, canarySubsetName }: SubsetNames,
  metaKey: string,
  context: RouterContext,
): string | undefined {
  const missing = [stableSubsetName, canarySubsetName].find((name) => !findSubset(object, name))
  if (missing !== undefined) return `${label} has no subset "${missing}": add it to spec.subsets, with a filter`
  const owner = object.metadata.annotations?.[MANAGED_BY]
  if (owner !== undefined && owner !== context.rollout) return `${label} is managed by another Rollout, "${owner}"`
  const confusion = findConfusion({ key: metaKey, revisions: context.revisions })
  return confusion === undefined ? undefined : `${label}: ${confusion}`
}
