/**
 * Whether the routers' objects still say what a decision took them to say: a Service without weight may be pointed anywhere, and a watch that has
 * fallen silent shows no weight that somebody else has given it. Routers whose objects are found by other objects, or lie outside the cluster, have
 * only their caches. It must not decide anything new.
 */
import type { KubeObject } from '../api/meta.ts'
import type { World } from '../domain/world.ts'
import type { KubeClient } from '../kube/client.ts'
import { isOutside } from '../traffic/outside.ts'
import { type Router, refKey } from '../traffic/router.ts'
import { routersOf } from './routers.ts'

/** The first router whose weights have moved, as a sentence. */
export async function findMovedWeight(
  client: Pick<KubeClient, 'get'>,
  { rollout, replicaSets, routes }: World,
): Promise<string | undefined> {
  for (const { id, router } of routersOf(rollout, replicaSets)) {
    const seen = routes.find((route) => route.router === id)
    if ('problem' in router || !seen || !isReadAlone(router)) continue
    const objects = await Promise.all(
      router.targets.map(async (ref) => [refKey(ref), await client.get<KubeObject>(ref)] as const),
    )
    const { programmedCanary, isGone } = router.read(Object.fromEntries(objects))
    if (!isGone && programmedCanary !== seen.programmedCanary)
      return `the canary weight of ${id} is ${programmedCanary ?? 'not readable'} meanwhile`
  }
  return undefined
}

const isReadAlone = ({ targets, selections = [], witnesses = [] }: Router): boolean =>
  selections.length === 0 && witnesses.length === 0 && targets.every(({ kind }) => !isOutside(kind))
