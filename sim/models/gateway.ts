/**
 * A gateway and its data plane: obeys each HTTPRoute a while after it was written, and says so in the route's status. What it does and what it says can
 * come apart. It also knows which pods can get a request at any moment, which is what users feel.
 */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { type DataPlane, type HttpRoute, SERVICE_NAME, type World } from '../cluster/world.ts'
import { createDebounce } from './debounce.ts'
import type { ModelDeps } from './pods.ts'

export interface GatewayOptions {
  /** From the write of a route until the data plane obeys it. */
  readonly lagMs: readonly [number, number]
  /** Services that get requests without any route, such as the active one of blue-green. */
  readonly direct: readonly string[]
}

export interface GatewayModel {
  /** Brings `serving` up to date with what has changed; called after every event. */
  refresh(): void
}

const REFUSED_RETRY_MS = 1_000

function weightsOf({ spec }: HttpRoute): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { name, weight = 1 } of (spec?.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs))
    weights.set(name, Math.max(weight, weights.get(name) ?? 0))
  return weights
}

/** Hashes of the pods behind Services that get requests. */
function findServing({ dataPlane, endpointSlices, pods }: World, direct: readonly string[]): ReadonlySet<string> {
  const live = new Set(direct)
  for (const { weights } of dataPlane.routes.values())
    for (const [service, weight] of weights) if (weight > 0) live.add(service)
  const hashes = new Set<string>()
  for (const { metadata, endpoints = [] } of endpointSlices.values()) {
    if (!live.has(metadata.labels?.[SERVICE_NAME] ?? '')) continue
    for (const { targetRef } of endpoints) {
      const hash = pods.get(targetRef?.name ?? '')?.metadata.labels?.[POD_TEMPLATE_HASH]
      if (hash !== undefined) hashes.add(hash)
    }
  }
  return hashes
}

const isEqual = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((one) => b.has(one))

export function startGateway(deps: ModelDeps, { lagMs, direct }: GatewayOptions): GatewayModel {
  const { kernel, truth, client, board, random } = deps
  let seenVersion = -1

  function setDataPlane(change: Partial<DataPlane>): void {
    truth.setDataPlane({ ...truth.world().dataPlane, ...change })
    seenVersion = -1
  }

  function program(name: string): void {
    const route = truth.world().httpRoutes.get(name)
    const { routes } = truth.world().dataPlane
    if (!route) {
      setDataPlane({ routes: new Map([...routes].filter(([key]) => key !== name)) })
      return
    }
    const weights = weightsOf(route)
    const generation = route.metadata.generation ?? 0
    kernel.note(
      `gateway obeys ${name}@${generation}: ${[...weights].map(([key, value]) => `${key} ${value}`).join(', ')}`,
    )
    setDataPlane({ routes: new Map(routes).set(name, { generation, weights }) })
  }

  function say(name: string, isAccepted: boolean): void {
    const route = truth.world().httpRoutes.get(name)
    if (!route) return
    const condition = {
      type: 'Accepted',
      status: isAccepted ? 'True' : 'False',
      reason: isAccepted ? 'Accepted' : 'UnsupportedValue',
      message: isAccepted ? '' : 'the gateway does not take this route',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: route.metadata.generation ?? 0,
    }
    const parents = [
      { parentRef: { name: 'front' }, controllerName: 'sim.penstock.dev/gateway', conditions: [condition] },
    ]
    void client.patch(kinds.refOf(kinds.httpRoutes, route), 'merge', { status: { parents } }, { subresource: 'status' })
  }

  const obey = createDebounce(kernel, random, lagMs, (name) => {
    const trouble = board.find('gateway')
    if (trouble?.mode === 'refuse') {
      say(name, false)
      obey(name, REFUSED_RETRY_MS)
    } else if (trouble?.mode === 'early') {
      say(name, true)
      kernel.schedule(trouble.ms, undefined, () => program(name))
    } else {
      program(name)
      if (trouble?.mode === 'mute') obey(name, REFUSED_RETRY_MS)
      else say(name, true)
    }
  })

  const generations = new Map<string, number>()
  truth.subscribe('httpRoutes', (name) => {
    const generation = truth.world().httpRoutes.get(name)?.metadata.generation ?? -1
    if (generations.get(name) === generation) return
    generations.set(name, generation)
    const trouble = board.find('gateway')
    obey(name, trouble?.mode === 'lag' ? trouble.ms + random.between(...lagMs) : undefined)
  })

  return {
    refresh() {
      const world = truth.world()
      if (world.version === seenVersion) return
      seenVersion = world.version
      const serving = findServing(world, direct)
      const former = world.dataPlane.serving
      if (isEqual(serving, former)) return
      const stoppedMs = new Map(world.dataPlane.stoppedMs)
      for (const hash of former) if (!serving.has(hash)) stoppedMs.set(hash, kernel.now())
      truth.setDataPlane({ ...world.dataPlane, serving, stoppedMs })
      kernel.note(`served by ${[...serving].sort().join(', ') || 'nobody'}`)
    },
  }
}
