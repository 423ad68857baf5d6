/** Faults: every kind has a recipe, every kind really hits something in some run, and a run without faults and actors ends well. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Fault } from '../../sim/faults/fault.ts'
import { makeFaults } from '../../sim/faults/make-faults.ts'
import { createRandom } from '../../sim/kernel/random.ts'
import { makePlan, type Plan } from '../../sim/run/plan.ts'
import { run } from '../../sim/run/run.ts'
import type { Scenario } from '../../sim/run/scenario.ts'

/** A routed canary with analysis, watched from the first deploy into an update. */
const base: Plan = {
  seed: 1,
  scenario: makeBase(),
  actions: [{ atMs: 12_500, kind: 'setImage', image: 'shop:2' }],
  faults: [],
  processes: 1,
  skewMs: [0],
  healAtMs: 40_000,
}

function makeBase(): Scenario {
  for (let seed = 1; ; seed += 1) {
    const { scenario } = makePlan(seed)
    const { canary } = scenario.rollout.spec.strategy ?? {}
    if (!canary?.trafficRouting || canary.pingPong) continue
    const { stableService, canaryService, trafficRouting } = canary
    const steps = [{ setWeight: 20 }, { analysis: { templates: [{ templateName: 'gate' }] } }]
    const spec = {
      ...scenario.rollout.spec,
      replicas: 3,
      strategy: { canary: { stableService, canaryService, trafficRouting, steps } },
    } as Rollout['spec']
    return { ...scenario, rollout: { ...scenario.rollout, spec }, podReadyMs: [400, 900], gatewayLagMs: [10, 200] }
  }
}

const soon = 12_400
const ofTheNetwork: readonly Fault[] = [
  { atMs: soon, kind: 'answer', code: 500, applied: true, match: { verb: 'patch' }, count: 2 },
  { atMs: soon, kind: 'cut', applied: false, match: { verb: 'create' }, count: 1 },
  { atMs: soon, kind: 'slow', ms: 12_000, match: { verb: 'patch', plural: 'services' }, count: 1 },
  { atMs: 1, kind: 'staleList', plural: 'replicasets', versions: 3, count: 1 },
  { atMs: soon, kind: 'dropEvents', plural: 'replicasets', count: 1 },
  { atMs: soon, kind: 'duplicateEvents', plural: 'rollouts', count: 2 },
  { atMs: soon, kind: 'delayEvents', plural: 'replicasets', ms: 3_000, forMs: 20_000 },
  { atMs: 14_000, kind: 'silence', plural: 'endpointslices' },
  { atMs: 14_000, kind: 'breakWatches', plural: 'rollouts' },
  { atMs: 14_500, kind: 'compact' },
  { atMs: 15_000, kind: 'crash', process: 0, restartAfterMs: 500 },
  { atMs: 16_800, kind: 'stop', process: 0, restartAfterMs: 300 },
  { atMs: 18_000, kind: 'pause', process: 0, forMs: 2_000 },
  { atMs: 18_500, kind: 'jumpWall', process: 0, ms: 5_000 },
]
const ofTheWorld: readonly Fault[] = [
  { atMs: 25_000, kind: 'partition', process: 1, forMs: 8_000 },
  { atMs: soon, kind: 'gateway', mode: 'lag', ms: 2_000, forMs: 30_000 },
  { atMs: soon, kind: 'pods', mode: 'slow', ms: 1_000, forMs: 5_000 },
  { atMs: 22_000, kind: 'pod', mode: 'evict', index: 0, ms: 0 },
  { atMs: soon, kind: 'metrics', mode: 'nan', forMs: 70_000 },
  { atMs: soon, kind: 'sink', mode: 'error', forMs: 5_000 },
]

const after = (line: string, ms: number): boolean => Number(line.split(' ', 1)[0]) > ms

describe('faults', () => {
  test('of every kind hit something', async () => {
    const network = await run({ ...base, faults: ofTheNetwork })
    // Two, because who leads talks to the API server all the time.
    const world = await run({ ...base, faults: ofTheWorld, processes: 2, skewMs: [0, 0], healAtMs: 90_000 })
    const missed = [...ofTheNetwork, ...ofTheWorld]
      .map(({ kind }) => kind)
      .filter((kind) => !network.hits.has(kind) && !world.hits.has(kind))
    assert.deepEqual(missed, [])
  })

  test('that lose an answer lose it every time', async () => {
    const lose: Fault = {
      atMs: soon,
      kind: 'cut',
      applied: true,
      match: { verb: 'patch', plural: 'services' },
      count: 9,
    }
    const { lines, hits } = await run({ ...base, faults: [lose] })
    const answers = lines.filter((line) => / ← patch services\/.* (ok|ConnectionLost)$/.test(line) && after(line, soon))
    assert.ok((hits.get('cut') ?? 0) > 1)
    assert.deepEqual(
      answers.slice(0, hits.get('cut')).filter((line) => line.endsWith(' ok')),
      [],
    )
  })

  test('of every kind are made from seeds', () => {
    const made = new Set<string>()
    for (let seed = 1; seed <= 400; seed += 1)
      for (const { kind } of makeFaults(createRandom(seed), { untilMs: 60_000, momentsMs: [20_000], processes: 2 }))
        made.add(kind)
    assert.deepEqual([...made].sort(), [...ofTheNetwork, ...ofTheWorld].map(({ kind }) => kind).sort())
  })

  test('are absent when there are none', async () => {
    const { hits, violations } = await run(base)
    assert.equal(hits.size, 0)
    assert.deepEqual(violations, [])
  })
})
