/** Releases of users' manifests: equal seeds give equal stories, a bad version is measured as long as it has requests, and what has no model is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SeedStory, SimulationOrder } from '../../cli/simulate/simulator.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStrategy, Rollout } from '../../controller/api/rollout.ts'
import { emptyWorld, type World } from '../../sim/cluster/world.ts'
import { createNewVersion } from '../../sim/user/new-version.ts'
import { simulator } from '../../sim/user/simulator.ts'

const rollout = (strategy: Rollout['spec']['strategy'], spec: Partial<Rollout['spec']> = {}): Rollout =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'checkout', namespace: 'prod' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'checkout' } },
      template: {
        metadata: { labels: { app: 'checkout' } },
        spec: { containers: [{ name: 'app', image: 'c:1-bad' }] },
      },
      progressDeadlineSeconds: 60,
      strategy,
      ...spec,
    },
  }) as Rollout

const routed = (canary: CanaryStrategy): Rollout =>
  rollout({
    canary: {
      stableService: 'checkout',
      canaryService: 'checkout-next',
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'checkout' } } },
      ...canary,
    },
  })

const order = (given: Rollout, more: Partial<SimulationOrder> = {}): SimulationOrder => ({
  rollout: given,
  templates: [],
  objects: [],
  compat: 'strict',
  expected: { momentsMs: [0, 30_000], endMs: 60_000 },
  steps: (given.spec.strategy?.canary?.steps ?? []).map((_, index) => `step ${index}`),
  ...more,
})

function prepare(asked: SimulationOrder) {
  const simulation = simulator.prepare(asked)
  if ('problems' in simulation) return assert.fail(simulation.problems.map(({ message }) => message).join())
  return simulation
}

async function play(asked: SimulationOrder, seed: number): Promise<SeedStory> {
  const story = await prepare(asked).play(seed)
  return 'refusal' in story ? assert.fail(story.refusal) : story
}

const judged = order(
  routed({ steps: [{ setWeight: 30 }, { analysis: { templates: [{ templateName: 'errors' }] } }] }),
  {
    templates: [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AnalysisTemplate',
        metadata: { name: 'errors' },
        spec: {
          metrics: [
            {
              name: 'errors',
              interval: '10s',
              count: 12,
              successCondition: 'result[0] < 0.01',
              provider: { prometheus: { address: 'http://elsewhere', query: 'errors' } },
            },
          ],
        },
      },
    ],
  },
)
const waiting = order(routed({ steps: [{ setWeight: 30 }, { pause: {} }] }))

describe('a release', () => {
  test('is the same for the same seed, and another for another', async () => {
    const [first, again, other] = [await play(judged, 6), await play(judged, 6), await play(judged, 16)]
    assert.deepEqual(first, again)
    assert.notDeepEqual(first.lines, other.lines)
  })

  test("of a bad version is ended by the user's own analysis, and breaks nothing", async () => {
    const outcomes = []
    for (const seed of [4, 10, 14]) outcomes.push((await play(judged, seed)).outcome)
    for (const { fate, broken } of outcomes) assert.deepEqual([fate, broken], ['turns bad', []])
    const caught = outcomes.filter(({ caughtBy }) => caughtBy === 'analysis')
    assert.ok(caught.length > 0)
    for (const { ending, exposure } of caught) {
      assert.equal(ending, 'rolled back')
      assert.ok(exposure && !exposure.isOpen && exposure.ms < 120_000)
    }
  })

  test('without analysis or alert keeps a bad version', async () => {
    const { outcome, lines } = await play(waiting, 4)
    assert.deepEqual([outcome.ending, outcome.caughtBy, outcome.exposure?.isOpen], ['promoted', 'nothing', true])
    assert.ok(lines.some(({ text }) => text === 'a person promotes it'))
  })

  test('that never gets ready is held by its deadline, or taken back where the user asks for it', async () => {
    const steps = { canary: { steps: [{ setWeight: 50 }] } }
    const held = (await play(order(rollout(steps)), 3)).outcome
    const back = (await play(order(rollout(steps, { progressDeadlineAbort: true })), 3)).outcome
    assert.deepEqual([held.fate, held.ending, held.caughtBy], ['never ready', 'held', 'progress deadline'])
    assert.deepEqual([back.ending, back.caughtBy], ['rolled back', 'progress deadline'])
  })

  test('of blue-green is played, too', async () => {
    const blueGreen = order(rollout({ blueGreen: { activeService: 'checkout', autoPromotionEnabled: false } }))
    const { outcome } = await play(blueGreen, 1)
    assert.deepEqual([outcome.fate, outcome.ending, outcome.broken], ['good', 'promoted', []])
  })
})

describe('what was taken for granted', () => {
  const service = (name: string, app: string): KubeObject =>
    ({
      kind: 'Service',
      metadata: { name, namespace: 'prod' },
      spec: { selector: { app }, ports: [{ port: 80 }] },
    }) as KubeObject

  test('names what the files lack, and what was left out of them', () => {
    const objects = [service('checkout', 'checkout'), service('other', 'other')]
    const { assumptions } = prepare(order(waiting.rollout, { objects }))
    assert.ok(assumptions.includes('made up: Service checkout-next, HTTPRoute checkout'), assumptions.join('\n'))
    assert.ok(assumptions.includes('left out: Service other'), assumptions.join('\n'))
    assert.ok(assumptions.some((one) => one.startsWith('people promote')))
  })

  test('names changes of the Rollout', () => {
    const steps = [{ plugin: { name: 'penstock/webhook', config: {} } }, { setWeight: 10 }]
    const { assumptions } = prepare(order(rollout({ canary: { steps } }, { replicas: 5000, paused: true })))
    const told = assumptions.join('\n')
    for (const part of ['there are 100 pods instead of 5000', 'spec.paused is false', '1 (penstock/webhook)'])
      assert.ok(told.includes(part), told)
  })

  test('a Service that does not fit is a refusal, in the words of the controller', async () => {
    const objects = [service('checkout', 'another')]
    const story = await prepare(order(waiting.rollout, { objects })).play(1)
    assert.match('refusal' in story ? story.refusal : '', /Service "checkout" has unmatch label "app"/)
  })
})

describe('what has no model is refused', () => {
  const gateway = (config: Record<string, unknown>) =>
    routed({ trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': config } } })
  const cases: readonly (readonly [string, SimulationOrder])[] = [
    ['spec.strategy.canary.trafficRouting.istio', order(routed({ trafficRouting: { istio: {} } }))],
    [
      'spec.strategy.canary.trafficRouting.plugins["a/b"]',
      order(routed({ trafficRouting: { plugins: { 'a/b': {} } } })),
    ],
    [
      'spec.strategy.canary.trafficRouting.plugins["argoproj-labs/gatewayAPI"].grpcRoute',
      order(gateway({ grpcRoute: 'g' })),
    ],
    [
      'spec.strategy.canary.trafficRouting.plugins["argoproj-labs/gatewayAPI"].namespace',
      order(gateway({ httpRoute: 'checkout', namespace: 'gateways' })),
    ],
    ['spec.replicas', order(rollout({ canary: {} }, { replicas: 0 }))],
  ]
  for (const [field, asked] of cases)
    test(field, () => {
      const refused = simulator.prepare(asked)
      assert.deepEqual('problems' in refused ? refused.problems.map((problem) => problem.field) : [], [field])
    })
})

describe('how long users have a bad version', () => {
  const pod = (name: string, image: string) =>
    [name, { metadata: { name }, spec: { containers: [{ image }] } }] as const
  const slice = {
    metadata: { name: 's', labels: { 'kubernetes.io/service-name': 'users' } },
    endpoints: ['old', 'new'].map((name) => ({ targetRef: { name } })),
  }
  const worldAt = (atMs: number, isThere: boolean): World => ({
    ...emptyWorld,
    atMs,
    pods: new Map([pod('old', 'simulated:1'), ...(isThere ? [pod('new', 'simulated:2')] : [])]),
    endpointSlices: new Map([['s', slice]]),
  })

  test('counts from when it is bad and has requests, weighed by its share', () => {
    const version = createNewVersion({ direct: ['users'], preview: undefined, metricLagMs: 4_000 })
    version.observe(worldAt(1_000, true))
    assert.deepEqual([version.sharePercent(), version.isFelt()], [50, false])
    version.turnBad()
    version.observe(worldAt(5_000, true))
    assert.deepEqual([version.isFelt(), version.isShown(8_999), version.isShown(9_000)], [true, false, true])
    version.observe(worldAt(11_000, false))
    assert.equal(version.isShown(20_000), false)
    version.observe(worldAt(30_000, false))
    const { ms, wholeMs, isOpen } = version.readExposure()
    assert.deepEqual([ms, wholeMs, isOpen], [10_000, 5_000, false])
  })
})
