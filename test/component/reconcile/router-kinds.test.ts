/**
 * A Rollout whose router's CRD is not there when the controller starts: its update holds and says what to install, and once the CRD is installed and
 * the route is made it goes on by itself.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { tellPlan } from '../../../cli/cluster/plan.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'

const file = '../../../sandbox/crds/gateway-api.yaml'

const service = (name: string): KubeObject & { readonly spec: object } => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
})
const route: KubeObject & { readonly spec: object } = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: NAMESPACE },
  spec: {
    parentRefs: [{ name: 'web' }],
    rules: [{ backendRefs: ['stable', 'canary'].map((name) => ({ name, port: 80 })) }],
  },
}
const routed = shop({
  replicas: 1,
  strategy: {
    canary: {
      stableService: 'stable',
      canaryService: 'canary',
      steps: [{ setWeight: 20 }, { pause: {} }],
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
    },
  },
})

const weights = (live: KubeObject | undefined): string =>
  [...JSON.stringify(live ?? {}).matchAll(/"weight":(\d+)/g)].map(([, weight]) => weight).join()

test('a CRD that comes after the Rollout', { timeout: 60_000 }, async () => {
  await withController(async ({ client, rollout, create, patch, unready }) => {
    const ref = { kind: kinds.httpRoutes, namespace: NAMESPACE, name: 'shop' }
    const plan = async () =>
      (
        await tellPlan(client, {
          rollout: await rollout(),
          atMs: Date.now(),
          replicaSets: [],
          pods: [],
          analysisRuns: [],
          experiments: [],
        })
      ).join('\n')
    const phase = async () => (await rollout()).status?.phase
    for (const name of ['stable', 'canary']) await create(kinds.services, service(name))
    await create(kinds.rollouts, routed)
    await waitFor('the first revision runs', async () => (await phase()) === 'Healthy')
    await patch(kinds.rollouts, 'shop', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } },
    })
    await waitFor('the canary runs', async () => (await rollout()).status?.updatedReplicas === 1)
    assert.match(await plan(), /install the CustomResourceDefinition \\?"httproutes\.gateway\.networking\.k8s\.io/)
    assert.equal((await rollout()).status?.currentStepIndex, 0)
    assert.ok(!unready().includes('httproutes'), 'nothing else is kept from working')

    for (const manifest of parseManifests(readFileSync(new URL(file, import.meta.url), 'utf8'), file))
      await applyManifest(client, manifest, 'test')
    await create(kinds.httpRoutes, route)
    await waitFor('the route is driven', async () => weights(await client.get(ref)) === '100,0')
    assert.doesNotMatch(await plan(), /TrafficRoutingError/)
  })
})
