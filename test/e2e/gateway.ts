/**
 * Stands for a gateway that obeys HTTPRoutes: it keeps the weights of every generation in order and confirms each in `status.parents`, at once
 * or when it is let. It carries no traffic.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import type { Informers } from '../../controller/kube/informers.ts'
import { httpRoutes, refOf } from '../../controller/kube/kinds.ts'

interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly rules: readonly { readonly backendRefs: readonly { readonly name: string; readonly weight?: number }[] }[]
  }
  readonly status?: { readonly parents?: readonly unknown[] }
}

export interface GatewayStandIn {
  /** The canary's weight of every generation of the namespace's route, without repetitions. */
  canaryWeights(namespace: string): readonly number[]
  /** When the namespace's route got the weight that it has now; epoch ms of this machine. */
  changedAtMs(namespace: string): number
  /** From now on weights of this namespace are not confirmed; the answer lets the gateway catch up. */
  lag(namespace: string): () => void
  stop(): void
}

export function createGatewayStandIn(informers: Informers, client: KubeClient): GatewayStandIn {
  const routes = informers.for<HttpRoute>(httpRoutes)
  const seen = new Map<string, { readonly weight: number; readonly atMs: number }[]>()
  const lagging = new Set<string>()

  function remember(namespace: string, weight: number): void {
    const history = seen.get(namespace) ?? []
    seen.set(namespace, history)
    if (history.at(-1)?.weight !== weight) history.push({ weight, atMs: Date.now() })
  }

  function confirm(route: HttpRoute): void {
    const condition = (type: string) => ({
      type,
      status: 'True',
      reason: type,
      message: '',
      observedGeneration: route.metadata.generation ?? 0,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    })
    const parents = [
      {
        parentRef: { name: 'edge' },
        controllerName: 'example.test/gateway',
        conditions: [condition('Accepted'), condition('ResolvedRefs')],
      },
    ]
    if (JSON.stringify(route.status?.parents) === JSON.stringify(parents)) return
    const options = { subresource: 'status' } as const
    client.patch(refOf(httpRoutes, route), 'merge', { status: { parents } }, options).catch(() => {})
  }

  const unsubscribe = routes.subscribe(({ type, object }) => {
    const namespace = object.metadata.namespace ?? ''
    if (type === 'deleted') return
    const canary = object.spec.rules[0]?.backendRefs.find(({ name }) => name.endsWith('canary'))
    remember(namespace, canary?.weight ?? 0)
    if (!lagging.has(namespace)) confirm(object)
  })

  return {
    canaryWeights: (namespace) => (seen.get(namespace) ?? []).map(({ weight }) => weight),
    changedAtMs: (namespace) => seen.get(namespace)?.at(-1)?.atMs ?? 0,
    lag(namespace) {
      lagging.add(namespace)
      return () => {
        lagging.delete(namespace)
        for (const route of routes.list(namespace)) confirm(route)
      }
    },
    stop: unsubscribe,
  }
}
