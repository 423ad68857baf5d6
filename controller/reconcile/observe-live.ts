/**
 * The part of the World that is read live, and only when a decision needs it: the workload of a Rollout while its kind is not cached, and pods that
 * have to be restarted or relabelled. What cannot be read is told in the World and stops nothing else: an abort must not wait for it (L2).
 */
import type { Workload } from '../api/workload.ts'
import type { World } from '../domain/world.ts'
import type { KubeClient } from '../kube/client.ts'
import type { RolloutCaches } from './caches.ts'
import { listPods, needsPods } from './pods.ts'
import { workloadRefOf } from './workloads.ts'

interface LiveDeps {
  readonly client: Pick<KubeClient, 'get' | 'list'>
  readonly caches: RolloutCaches
}

export async function observeLive(world: World, deps: LiveDeps): Promise<World> {
  return readPods(await readWorkload(world, deps), deps)
}

async function readWorkload(world: World, { client, caches }: LiveDeps): Promise<World> {
  const ref = workloadRefOf(world.rollout)
  if (!ref || caches.workloads.filled(ref.kind)) return world
  try {
    const live = await client.get<Workload>(ref)
    return live ? { ...world, workload: { ...live, kind: ref.kind.kind } } : world
  } catch (error) {
    return { ...world, workloadProblem: describe(error) }
  }
}

async function readPods(world: World, { client }: LiveDeps): Promise<World> {
  if (!needsPods(world)) return world
  try {
    return { ...world, pods: await listPods(world, client) }
  } catch (error) {
    return { ...world, podsProblem: describe(error) }
  }
}

/** Bounded: it is stored in a condition. */
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300)
