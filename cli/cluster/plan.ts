/**
 * The controller's own next decision about a rollout, told as it tells it: the same World, the same `decide`, nothing written. The only file of
 * the CLI that knows the decision core.
 */

import { INSTANCE_ID } from '../../controller/api/labels.ts'
import { decide } from '../../controller/domain/decide.ts'
import { renderPlan, renderWorld } from '../../controller/domain/story.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { observe } from '../../controller/reconcile/observe.ts'
import { snapshotCaches } from '../../controller/reconcile/snapshot.ts'
import type { Picture } from './picture.ts'

/** Lines: what is seen, then what would be done and why. One line with the reason when the cluster does not let us look. */
export async function tellPlan(client: KubeClient, { rollout, atMs }: Picture): Promise<readonly string[]> {
  const { namespace = '', name } = rollout.metadata
  try {
    const caches = await snapshotCaches(client, namespace)
    const instanceId = rollout.metadata.labels?.[INSTANCE_ID]
    const world = observe(`${namespace}/${name}`, {
      caches,
      now: () => atMs,
      compat: 'strict',
      notices: false,
      ...(instanceId === undefined ? {} : { instanceId }),
    })
    if (!world) return [`rollout "${name}" is gone`]
    return [`world  ${renderWorld(world)}`, ...renderPlan(decide(world)).map((line) => `plan   ${line}`)]
  } catch (error) {
    return [`the plan cannot be told: ${error instanceof Error ? error.message : String(error)}`]
  }
}
