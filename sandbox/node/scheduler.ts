/**
 * Binds every pod that has no node yet to the one node there is. It weighs nothing: gates are honoured, everything else fits.
 */
import { KubeError } from '../../controller/kube/client.ts'
import { pods, refOf } from '../../controller/kube/kinds.ts'
import type { NodeContext, Runnable } from './context.ts'
import { splitKey } from './keys.ts'
import { bindings } from './kinds.ts'
import { isFinished, isTerminating, keyOf, type Pod } from './objects.ts'
import { createReconcileLoop } from './reconcile-loop.ts'
import type { Sources } from './sources.ts'

const isUnbound = (pod: Pod): boolean =>
  !pod.spec.nodeName && !pod.spec.schedulingGates?.length && !isTerminating(pod) && !isFinished(pod)

/** Servers without the `bindings` resource answer with one of these. */
const isUnserved = (error: unknown): boolean => error instanceof KubeError && (error.code === 404 || error.code === 405)

export function createScheduler(context: NodeContext, sources: Pick<Sources, 'pods'>, nodeName: string): Runnable {
  const { client, log } = context

  /** A real API server takes the node's name only through a Binding; a simpler one may only know the field. */
  async function bind(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    }
    try {
      await client.create(bindings, binding)
    } catch (error) {
      if (!isUnserved(error)) throw error
      await client.patch(refOf(pods, pod), 'merge', { metadata: { uid }, spec: { nodeName } })
    }
  }

  const loop = createReconcileLoop({
    ...context,
    name: 'scheduler',
    async reconcile(key) {
      const pod = sources.pods.get(...splitKey(key))
      if (!pod || !isUnbound(pod)) return undefined
      await bind(pod)
      log.debug('pod bound', { pod: key })
      return undefined
    },
  })
  const unsubscribe = sources.pods.subscribe((change) => {
    if (change.type !== 'deleted' && isUnbound(change.object)) loop.add(keyOf(change.object))
  })
  return {
    start: () => loop.start(),
    async stop() {
      unsubscribe()
      await loop.stop()
    },
  }
}
