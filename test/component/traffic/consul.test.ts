/**
 * Whole canaries through Consul's custom resources, with the shipped reconciler on a real store. What it writes goes on to a real Consul agent, whose
 * discovery chain says where requests would go, and which instances of the service the filters take.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MANAGED_BY } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStep, RolloutStatus } from '../../../controller/api/rollout.ts'
import type { ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { type ConsulAgent, startConsulAgent } from '../../consul/agent.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from '../reconcile/live-cluster.ts'
import { playConsulK8s } from './consul-k8s.ts'

const META = 'consul.hashicorp.com/service-meta-version'
const BETA = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { prefix: 'y' } }] }
const steps: CanaryStep[] = [
  { setWeight: 20 },
  { setHeaderRoute: BETA },
  { pause: {} },
  { setWeight: 50 },
  { pause: {} },
]

const objectOf = (kind: ResourceKind, spec: object): KubeObject =>
  ({
    apiVersion: kinds.apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: 'shop', namespace: NAMESPACE },
    spec,
  }) as KubeObject

/** As the public plugin's manual has it: no canary and no stable Service. */
function rolloutOf(version: string | undefined) {
  const annotations: Record<string, string> = version === undefined ? {} : { [META]: version }
  const whole = shop({
    replicas: 2,
    template: {
      metadata: { labels: { app: 'shop' }, annotations },
      spec: { containers: [{ name: 'app', image: 'shop:1' }] },
    },
    strategy: {
      canary: {
        scaleDownDelaySeconds: 0,
        abortScaleDownDelaySeconds: 1,
        trafficRouting: {
          managedRoutes: [{ name: 'beta' }],
          plugins: {
            'hashicorp/consul': { serviceName: 'shop', stableSubsetName: 'stable', canarySubsetName: 'canary' },
          },
        },
        steps,
      },
    },
  })
  return { ...whole, metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } } }
}

interface Chain {
  readonly StartNode: string
  readonly Nodes: Readonly<
    Record<
      string,
      {
        readonly Splits?: readonly { readonly Weight?: number; readonly NextNode: string }[]
        readonly Routes?: readonly {
          readonly Definition?: { readonly Match?: { readonly HTTP?: { readonly Header?: readonly object[] } } }
          readonly NextNode: string
        }[]
      }
    >
  >
  readonly Targets: Readonly<Record<string, { readonly Subset?: { readonly Filter?: string } }>>
}

describe('consul: a whole canary', () => {
  let agent: ConsulAgent
  before(async () => {
    agent = await startConsulAgent()
    for (const version of ['1.0.0', '2', '3']) {
      const instance = { ID: `shop-${version}`, Service: 'shop', Port: 80, Meta: { version } }
      const node = { Node: `node-${version}`, Address: '10.0.0.1', Service: instance }
      await agent.call('PUT', '/v1/catalog/register', JSON.stringify(node))
    }
  })
  after(() => agent?.stop())

  const chain = async (): Promise<Chain> => JSON.parse((await agent.call('GET', '/v1/discovery-chain/shop')).body).Chain

  /** The instances that a subset of the real agent takes. */
  async function versionsOf(subset: string): Promise<readonly string[]> {
    const { Targets } = await chain()
    const filter = Object.entries(Targets).find(([target]) => target.startsWith(`${subset}.shop.`))?.[1].Subset?.Filter
    if (filter === undefined) return []
    const { body } = await agent.call('GET', `/v1/health/service/shop?filter=${encodeURIComponent(filter)}`)
    const found = JSON.parse(body) as readonly { readonly Service: { readonly Meta: { readonly version: string } } }[]
    return found.map(({ Service }) => Service.Meta.version).sort()
  }

  /** What the real agent makes of requests that bear no header: percent by subset. */
  async function shares(): Promise<Readonly<Record<string, number>>> {
    const { Nodes } = await chain()
    const splits = Object.values(Nodes).flatMap((node) => node.Splits ?? [])
    const subsetOf = (next: string) => next.replace(/^resolver:/, '').replace(/\.shop\..*$/, '')
    return Object.fromEntries(splits.map(({ Weight = 0, NextNode }) => [subsetOf(NextNode), Weight]))
  }
  const untilShares = (stable: number, canary: number) =>
    waitFor(`shares of ${stable} and ${canary}`, async () => {
      const found = await shares()
      return (found.stable ?? 0) === stable && (found.canary ?? 0) === canary
    })
  const untilVersions = (stable: string, canary: string) =>
    waitFor(`versions ${stable} and ${canary}`, async () => {
      const found = [await versionsOf('stable'), await versionsOf('canary')]
      return JSON.stringify(found) === JSON.stringify([[stable], [canary]])
    })
  /** Where the header route leads, if there is one. */
  async function headerTarget(): Promise<string | undefined> {
    const { Nodes } = await chain()
    const routes = Object.values(Nodes).flatMap((node) => node.Routes ?? [])
    return routes.find(({ Definition }) => (Definition?.Match?.HTTP?.Header ?? []).length > 0)?.NextNode
  }

  const until = (live: Live, what: string, holds: (status: RolloutStatus) => boolean) => {
    let last: RolloutStatus | undefined
    const isTrue = async () => {
      last = (await live.rollout()).status
      return last !== undefined && holds(last)
    }
    return waitFor(what, isTrue, () => [last?.phase, last?.message, last?.currentStepIndex, live.told.slice(-5)])
  }
  const untilPausedAt = (live: Live, step: number) =>
    until(live, `the pause at step ${step}`, (status) => status.phase === 'Paused' && status.currentStepIndex === step)
  const untilPromoted = (live: Live) =>
    until(live, 'the promotion', (status) => status.phase === 'Healthy' && status.stableRS === status.currentPodHash)
  const commit = (live: Live, version: string, image = version) =>
    live.patch(kinds.rollouts, 'shop', {
      spec: {
        template: { metadata: { annotations: { [META]: version } }, spec: { containers: [{ name: 'app', image }] } },
      },
    })
  const patchStatus = (live: Live, status: object) =>
    live.client.patch(
      { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' },
      'merge',
      { status },
      {
        subresource: 'status',
      },
    )
  const promote = (live: Live) => patchStatus(live, { pauseConditions: null })
  const read = (live: Live, kind: ResourceKind) =>
    live.client.get<KubeObject & { readonly spec: Readonly<Record<string, unknown>> }>({
      kind,
      namespace: NAMESPACE,
      name: 'shop',
    })

  async function withConsul(
    play: (live: Live) => Promise<void>,
    filter = 'Service.Meta.version == "1.0.0"',
  ): Promise<void> {
    const whole = async (live: Live): Promise<void> => {
      await live.create(kinds.services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'shop', namespace: NAMESPACE },
        spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
      } as KubeObject)
      const subsets = { stable: { filter, onlyPassing: true }, canary: { filter: '' } }
      await live.create(kinds.serviceResolvers, objectOf(kinds.serviceResolvers, { defaultSubset: 'stable', subsets }))
      const splits = [
        { weight: 100, serviceSubset: 'stable' },
        { weight: 0, serviceSubset: 'canary' },
      ]
      await live.create(kinds.serviceSplitters, objectOf(kinds.serviceSplitters, { splits }))
      const routes = [
        { match: { http: { pathPrefix: '/up' } }, destination: { service: 'shop', serviceSubset: 'stable' } },
      ]
      await live.create(kinds.serviceRouters, objectOf(kinds.serviceRouters, { routes }))
      const end = await playConsulK8s(live.client, agent, NAMESPACE, 'shop')
      try {
        await play(live)
      } finally {
        await end()
      }
    }
    await withController(whole, (client) => client, ['../../crds/consul.hashicorp.com.yaml'])
  }

  test('is promoted and aborted: the agent splits as the steps say, and each subset takes one version', async () => {
    await withConsul(async (live) => {
      await live.create(kinds.rollouts, rolloutOf('1.0.0'))
      await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
      await untilVersions('1.0.0', '1.0.0')
      await untilShares(100, 0)
      assert.equal((await read(live, kinds.serviceResolvers))?.metadata.annotations?.[MANAGED_BY], 'shop')

      await commit(live, '2')
      await untilPausedAt(live, 2)
      await untilShares(80, 20)
      await untilVersions('1.0.0', '2')
      await waitFor(
        'the header route',
        async () => (await headerTarget())?.startsWith('resolver:canary.shop.') === true,
      )

      // As the public plugin would have left it, in the middle of an update.
      await live.patch(kinds.serviceResolvers, 'shop', { metadata: { annotations: null } })
      await promote(live)
      await untilPausedAt(live, 4)
      await untilShares(50, 50)
      await promote(live)
      await untilPromoted(live)
      await untilShares(100, 0)
      await untilVersions('2', '2')
      await waitFor('no header route', async () => (await headerTarget()) === undefined)

      await commit(live, '3')
      await untilPausedAt(live, 2)
      await untilVersions('2', '3')
      await untilShares(80, 20)
      await patchStatus(live, { abort: true })
      await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
      await untilShares(100, 0)
      await untilVersions('2', '2')
      await waitFor('no header route', async () => (await headerTarget()) === undefined)

      const { spec: routes, metadata } = (await read(live, kinds.serviceRouters)) ?? {}
      assert.deepEqual(routes, {
        routes: [{ match: { http: { pathPrefix: '/up' } }, destination: { service: 'shop', serviceSubset: 'stable' } }],
      })
      assert.equal(metadata?.annotations, undefined)
      const resolver = await read(live, kinds.serviceResolvers)
      assert.deepEqual(resolver?.spec, {
        defaultSubset: 'stable',
        subsets: {
          stable: { filter: 'Service.Meta.version == 2', onlyPassing: true },
          canary: { filter: 'Service.Meta.version == 2' },
        },
      })
    })
  })

  test('a revision that says the same of itself as stable gets no traffic, until it says something else', async () => {
    await withConsul(async (live) => {
      await live.create(kinds.rollouts, rolloutOf('1.0.0'))
      await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
      await untilVersions('1.0.0', '1.0.0')
      await commit(live, '1.0.0', 'another')
      await waitFor('pods of both', async () => {
        const sets = await live.replicaSets()
        return sets.filter(({ status }) => (status?.availableReplicas ?? 0) > 0).length === 2
      })
      await new Promise((resolve) => setTimeout(resolve, 500))
      assert.deepEqual(await shares(), { stable: 100, canary: 0 })
      const switched = live.told.filter((words) => words.includes("Subset 'canary'"))
      assert.ok(switched.length <= 1, switched.join('; '))

      await commit(live, '2')
      await untilPausedAt(live, 2)
      await untilShares(80, 20)
      await untilVersions('1.0.0', '2')
    })
  })
})
