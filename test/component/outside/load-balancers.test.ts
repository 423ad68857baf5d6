/**
 * Whether AWS serves what the annotations of an ALB's Ingress ask for: AWS' own client against answers in the XML of its reference, the store that
 * asks again, and the verdict of the router.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrafficReading } from '../../../controller/api/traffic.ts'
import { createElbReader } from '../../../controller/outside/aws/elb.ts'
import { createLoadBalancers, type IngressFacts } from '../../../controller/outside/aws/load-balancers.ts'
import { type LoadBalancerObject, loadBalancers } from '../../../controller/traffic/alb/load-balancer.ts'
import { refKey } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { waitFor } from '../sandbox-node/waiting.ts'
import { arnOfGroup, arnOfLoadBalancer, type ElbFacts, startElb } from './elb-server.ts'

const HOST = 'k8s-shop.eu-west-1.elb.amazonaws.com'
const INGRESS = 'ingresses.networking.k8s.io/web/shop'
const ref = { kind: loadBalancers, name: 'web/shop' }

/** Two listeners; each has the weighted rule, one a header route beside it. Another Ingress shares the load balancer. */
const facts = (): ElbFacts => ({
  hostnames: ['other.example.com', 'another.example.com', HOST],
  groups: [
    { name: 'k8s-other', tag: 'web/other-stable:80', targets: ['unhealthy'] },
    { name: 'k8s-canary', tag: 'web/shop-canary:80', targets: ['healthy', 'draining'] },
    { name: 'k8s-stable', tag: 'web/shop-stable:80', targets: ['healthy', 'healthy'] },
  ],
  listeners: [
    [{ 'k8s-canary': 100 }, { 'k8s-canary': 20, 'k8s-stable': 80 }, { 'k8s-other': 1 }],
    [{ 'k8s-canary': 20, 'k8s-stable': 80 }],
  ],
  pageSize: 2,
})

const router = openRouter('alb', { ingress: 'shop', rootService: 'root', servicePort: 80 }, routerContext())
const written = writeTraffic(
  router,
  {
    [INGRESS]: {
      metadata: { name: 'shop', namespace: 'web', resourceVersion: '5' },
      spec: {
        rules: [{ http: { paths: [{ backend: { service: { name: 'root', port: { name: 'use-annotation' } } } }] } }],
      },
    } as IngressFacts,
  },
  trafficIntent(20),
)
const read = (object: LoadBalancerObject | undefined): TrafficReading =>
  router.read({ ...written, [refKey(ref)]: object })

interface Setting {
  readonly facts: ElbFacts
  readonly asked: string[]
  /** The router's reading once the store has looked again. */
  look(): Promise<TrafficReading>
  /** Lets time go by, and whatever is asked meanwhile be answered. */
  pass(ms: number): Promise<void>
  setIngress(resourceVersion: string, hostnames: readonly string[]): void
}

async function given(check: (setting: Setting) => Promise<void>): Promise<void> {
  const now = facts()
  const server = await startElb(now)
  const clock = createFakeClock()
  let source: IngressFacts | undefined
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'of-a-test' }
  const connection = { endpoint: server.endpoint, region: 'eu-west-1', credentials }
  const elb = createElbReader({ resourceTag: 'ingress.k8s.aws/resource', connection })
  let open = 0
  const counting: typeof elb = {
    describe(...args) {
      open += 1
      return elb.describe(...args).finally(() => {
        open -= 1
      })
    },
  }
  const store = createLoadBalancers({ kind: loadBalancers, elb: counting, clock, ingress: () => source })
  const setIngress = (resourceVersion: string, hostnames: readonly string[]): void => {
    const ingress = hostnames.map((hostname) => ({ hostname }))
    source = { metadata: { name: 'shop', namespace: 'web', resourceVersion }, status: { loadBalancer: { ingress } } }
  }
  setIngress('5', [HOST])
  async function pass(ms: number): Promise<void> {
    await clock.advance(ms)
    await waitFor('AWS to answer', () => open === 0)
    await clock.settle()
  }
  try {
    store.follow([ref])
    await check({
      facts: now,
      asked: server.asked,
      setIngress,
      pass,
      async look() {
        await pass(10_000)
        const reading = store.read(ref)
        return read(
          reading.known
            ? (reading.object as LoadBalancerObject)
            : { metadata: { name: ref.name }, unknown: reading.why },
        )
      },
    })
  } finally {
    await store.stop()
    await server.stop()
  }
}

describe('the load balancer of an Ingress', () => {
  test('is confirmed when every rule to both Services has the weights, and told in status as Argo does', () =>
    given(async ({ look }) => {
      const { confirmation, problem, albs } = await look()
      assert.deepEqual([confirmation, problem], ['confirmed', undefined])
      assert.deepEqual(albs, [
        {
          loadBalancer: { name: 'k8s-shop-2', arn: arnOfLoadBalancer(2), fullName: 'k8s-shop-2/50dc6c495c0c9188' },
          canaryTargetGroup: {
            name: 'k8s-canary',
            arn: arnOfGroup('k8s-canary'),
            fullName: 'k8s-canary/73e2d6bc24d8a067',
          },
          stableTargetGroup: {
            name: 'k8s-stable',
            arn: arnOfGroup('k8s-stable'),
            fullName: 'k8s-stable/73e2d6bc24d8a067',
          },
          ingress: 'shop',
        },
      ])
    }))

  const pending: Readonly<Record<string, (now: ElbFacts) => void>> = {
    'one listener lags behind': ({ listeners }) => listeners.splice(1, 1, [{ 'k8s-canary': 10, 'k8s-stable': 90 }]),
    'no rule leads to both': ({ listeners }) => listeners.splice(0, 2, [{ 'k8s-canary': 20 }, { 'k8s-stable': 80 }]),
    'the target group of stable is not there': ({ groups }) => groups.pop(),
    'nobody in the canary is healthy': ({ groups }) =>
      groups.splice(1, 1, { name: 'k8s-canary', tag: 'web/shop-canary:80', targets: ['initial'] }),
    'no load balancer has the name': ({ hostnames }) => hostnames.pop(),
  }
  for (const [what, spoil] of Object.entries(pending))
    test(`is pending while ${what}`, () =>
      given(async ({ facts: now, look }) => {
        spoil(now)
        const { confirmation, problem } = await look()
        assert.deepEqual([confirmation, problem], ['pending', undefined])
      }))

  test('is pending, with a sentence, while AWS refuses, and comes back', () =>
    given(async ({ facts: now, look }) => {
      now.refusal = 'AccessDenied'
      const refused = await look()
      assert.equal(refused.confirmation, 'pending')
      assert.equal(
        refused.problem,
        'the load balancer of Ingress "web/shop" is not known: AWS does not answer (AccessDenied: no <right> to do this)',
      )
      assert.deepEqual([refused.drivable, refused.programmedCanary], [true, 20], 'an abort is written all the same')
      delete now.refusal
      assert.equal((await look()).confirmation, 'confirmed')
    }))

  test('an Ingress without a host name has none yet', () =>
    given(async ({ look, setIngress }) => {
      setIngress('5', [])
      assert.equal((await look()).confirmation, 'pending')
      setIngress('6', [HOST])
      assert.equal((await look()).confirmation, 'confirmed')
    }))

  test('is looked at often after a change, seldom at rest, and again at once when the Ingress changes', () =>
    given(async ({ asked, look, pass, setIngress }) => {
      await look()
      const once = asked.length
      assert.deepEqual(
        asked.filter((action) => action === 'DescribeLoadBalancers'),
        ['DescribeLoadBalancers', 'DescribeLoadBalancers'],
        'two pages',
      )
      await look()
      assert.ok(asked.length > once)
      assert.equal(asked.filter((action) => action === 'DescribeLoadBalancers').length, 2, 'its identity is remembered')
      for (let minute = 0; minute < 6; minute += 1) await pass(60_000)
      const rested = asked.length
      await pass(120_000)
      assert.equal(asked.length, rested)
      setIngress('6', [HOST])
      await look()
      assert.ok(asked.length > rested)
    }))
})

test('without a store nothing is confirmed and nothing is wrong', () => {
  const { confirmation, problem, albs } = read(undefined)
  assert.deepEqual([confirmation, problem, albs], ['unknown', undefined, undefined])
})
