/**
 * Binds every pod that has no node yet to the one node there is. It weighs nothing: gates are honoured, everything else fits.
 */
import { KubeError } from '../../controller/kube/client.ts'
import { pods, refOf } from '../../controller/kube/kinds.ts'
import type { NodeContext, Runnable } from './context.ts'
import { splitKey } from './keys.ts'
import { bindings } from './kinds.ts'
import { isFinished, isTerminating, keyOf, type Pod } from './objects.ts'
import { createController } from './reconcile-loop.ts'
import type { Sources } from './sources.ts'

const isUnbound = (pod: Pod): boolean =>
  !pod.spec.nodeName && !pod.spec.schedulingGates?.length && !isTerminating(pod) && !isFinished(pod)

/** The answer of a server without the `bindings` resource; a pod that is gone is a 404 as well, with another sentence. */
const isUnserved = (error: unknown): boolean =>
  error instanceof KubeError &&
  (error.code === 405 || (error.code === 404 && error.message.includes('could not find the requested resource')))

export function createScheduler(context: NodeContext, sources: Pick<Sources, 'pods'>, nodeName: string): Runnable {
  const { client, log } = context

  let bindingsAreServed = true

  /** A real API server takes the node's name only through a Binding; a simpler one may only know the field. */
  async function bind(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target }
    if (bindingsAreServed) {
      try {
        await client.create(bindings, binding)
        return
      } catch (error) {
        if (!isUnserved(error)) throw error
        bindingsAreServed = false
      }
    }
    await client.patch(refOf(pods, pod), 'merge', { metadata: { uid }, spec: { nodeName } })
  }

  return createController({
    ...context,
    name: 'scheduler',
    async reconcile(key) {
      const pod = sources.pods.get(...splitKey(key))
      if (!pod || !isUnbound(pod)) return undefined
      await bind(pod)
      log.debug('pod bound', { pod: key })
      return undefined
    },
    watch: (add) => [
      sources.pods.subscribe((change) => {
        if (change.type !== 'deleted' && isUnbound(change.object)) add(keyOf(change.object))
      }),
    ],
  })
}
