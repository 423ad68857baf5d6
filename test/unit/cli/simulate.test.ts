/** `penstock simulate`: what it refuses, what it says of many seeds and of one, and how it ends. The simulator is the real one where it matters. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import { renderReport } from '../../../cli/simulate/render-report.ts'
import type { SeedOutcome, Simulator } from '../../../cli/simulate/simulator.ts'
import { tallySeeds } from '../../../cli/simulate/tally.ts'
import { createFakeCli } from './fake-cluster.ts'

const manifest = (strategy: string, more = ''): string => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: shop, namespace: web }
spec:
  replicas: 2
  progressDeadlineSeconds: 60
${more}
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec: { containers: [{ name: app, image: shop:2 }] }
  strategy: ${strategy}
`
const plain = manifest('{ canary: { steps: [{ setWeight: 50 }, { pause: { duration: 30s } }] } }')

async function simulate(text: string, flags: readonly string[] = [], simulator?: Simulator) {
  const { deps, output, stopper } = createFakeCli(undefined, { files: { 'rollout.yaml': text } })
  const own = simulator ? { ...deps, loadSimulator: async () => simulator } : deps
  return { run: () => runCli(['simulate', '-f', 'rollout.yaml', ...flags], own), output, stopper }
}

async function end(text: string, ...flags: readonly string[]) {
  const { run, output } = await simulate(text, flags)
  return { exitCode: await run(), ...output() }
}

const outcome = (seed: number, change: Partial<SeedOutcome> = {}): SeedOutcome => ({
  seed,
  fate: 'turns bad',
  ending: 'rolled back',
  endMs: seed * 10_000,
  caughtBy: 'analysis',
  exposure: { ms: seed * 20_000, wholeMs: seed * 1_000, isOpen: false },
  broken: [],
  ...change,
})

/** Whatever is asked of it, each seed ends so. */
const simulatorOf = (make: (seed: number) => SeedOutcome | string): Simulator => ({
  prepare: () => ({
    assumptions: ['made up: Service shop'],
    async play(seed) {
      const made = make(seed)
      return typeof made === 'string' ? { refusal: made } : { outcome: made, cast: ['it is bad'], lines: [] }
    },
  }),
})

describe('penstock simulate refuses with 2 and a sentence', () => {
  const cases: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    [
      'a number of seeds that is none',
      plain,
      ['--seeds', 'many'],
      /^penstock: --seeds "many" is not a whole number from 1 to 1000\n$/,
    ],
    ['too many seeds', plain, ['--seeds', '1001'], /from 1 to 1000/],
    ['a seed that is none', plain, ['--seed', '-1'], /--seed "-1" is not a whole number from 0/],
    ['a seed and seeds', plain, ['--seed', '1', '--seeds', '2'], /give one of them/],
    ['an unknown option', plain, ['--sed', '1'], /unknown option '--sed'/],
    ['no Rollout', 'kind: Service\napiVersion: v1\nmetadata: { name: a }\n', [], /none of the files holds a Rollout/],
    ['no YAML', 'kind: [', [], /^rollout\.yaml:\d+:\d+: error: /],
    [
      'what lint refuses',
      manifest('{ canary: { steps: [{ setWeight: 500 }] } }'),
      [],
      /steps\[0\]\.setWeight: SetWeight needs to be/,
    ],
    [
      'a template that is not there',
      manifest('{ canary: { steps: [{ analysis: { templates: [{ templateName: gone }] } }] } }'),
      [],
      /^penstock: Rollout web\/shop: spec\.strategy\.canary\.steps\[0\]\.analysis.*AnalysisTemplate 'gone' not found/,
    ],
    [
      'a router without a model',
      manifest(
        '{ canary: { stableService: a, canaryService: b, trafficRouting: { nginx: { stableIngress: i } }, steps: [] } }',
      ),
      [],
      /trafficRouting\.nginx: the simulator has no model of this router \(it has models of Gateway API's HTTPRoutes/,
    ],
  ]
  for (const [what, text, flags, sentence] of cases)
    test(what, async () => {
      const { exitCode, err } = await end(text, ...flags)
      assert.match(err, sentence)
      assert.equal(exitCode, 2)
    })

  test('manifests that the simulated cluster does not take', async () => {
    const { run, output } = await simulate(
      plain,
      [],
      simulatorOf(() => 'it is not taken'),
    )
    assert.equal(await run(), 2)
    assert.equal(output().err, 'penstock: Rollout web/shop: it is not taken\n')
  })
})

describe('penstock simulate', () => {
  test('plays seeds, says how they ended, and says the same again', async () => {
    const [first, again] = [await end(plain, '--seeds', '4'), await end(plain, '--seeds', '4')]
    assert.deepEqual(first, again)
    assert.equal(first.exitCode, 0, first.err)
    for (const part of [
      'Rollout web/shop: canary without a router, 4 seeds',
      'no invariant broke',
      'made up: Service shop-users',
    ])
      assert.ok(first.out.includes(part), first.out)
    assert.equal(first.err, '')
  })

  test('tells one seed from the change to its end', async () => {
    const { exitCode, out } = await end(plain, '--seed', '1')
    assert.equal(exitCode, 0)
    assert.match(out, /the new version is good/)
    assert.match(out, /^ +0s +0 % +0 +the pod template changes$/m)
    assert.match(out, /^ +[\dms.]+ +100 % +2 +Healthy$/m)
    assert.match(out, /promoted after/)
  })

  test('--json is one document with the tally and every outcome', async () => {
    const { exitCode, out } = await end(plain, '--seeds', '2', '--json')
    assert.equal(exitCode, 0)
    const { rollouts } = JSON.parse(out) as { rollouts: readonly { name: string; outcomes: readonly SeedOutcome[] }[] }
    assert.deepEqual(
      rollouts.map(({ name, outcomes }) => [name, outcomes.map(({ seed }) => seed)]),
      [['web/shop', [1, 2]]],
    )
  })

  test('ends with 1 when an invariant broke, and names seeds to tell', async () => {
    const broken = [{ id: 'S1', words: 'No weight.', sentence: 'weight 5', atMs: 12_000 }]
    const { run, output } = await simulate(
      plain,
      ['--seeds', '3'],
      simulatorOf((seed) => outcome(seed, { broken: seed > 1 ? broken : [] })),
    )
    assert.equal(await run(), 1)
    assert.match(output().out, /S1: No weight\.\n +in 2 seeds \(2, 3\); seed 2, after 12s: weight 5\n/)
  })

  test('stops between two seeds when it is interrupted', async () => {
    const played: number[] = []
    const { run, output, stopper } = await simulate(
      plain,
      ['--seeds', '9'],
      simulatorOf((seed) => {
        played.push(seed)
        if (seed === 2) stopper.abort()
        return outcome(seed)
      }),
    )
    assert.equal(await run(), 1)
    assert.deepEqual(played, [1, 2])
    assert.match(output().err, /interrupted/)
  })
})

describe('the tally of seeds', () => {
  const outcomes = [
    outcome(1),
    outcome(2),
    outcome(3, { caughtBy: 'alert' }),
    outcome(4, { ending: 'promoted', caughtBy: 'nothing', exposure: { ms: 5_000, wholeMs: 5_000, isOpen: true } }),
    outcome(5, { ending: 'held', fate: 'never ready', caughtBy: 'progress deadline' }),
    outcome(6, { exposure: { ms: 0, wholeMs: 0, isOpen: false } }),
    outcome(7, { fate: 'good', ending: 'promoted', caughtBy: 'nothing' }),
    outcome(8, { fate: 'good', ending: 'paused', caughtBy: 'analysis' }),
  ].map(({ exposure, ...one }) => (one.fate === 'turns bad' && exposure ? { ...one, exposure } : one))

  test('leaves out of the times what users never felt, and what never ended', () => {
    const { exposed, caught, stopped } = tallySeeds(outcomes)
    assert.deepEqual(exposed.ms, { count: 3, least: 20_000, median: 40_000, p95: 60_000, most: 60_000, seedOfMost: 3 })
    assert.deepEqual([exposed.seeds, exposed.open], [4, [4]])
    assert.deepEqual(
      caught.map(({ by, seeds, ms }) => [by, seeds, ms?.most]),
      [
        ['analysis', 3, 40_000],
        ['alert', 1, 60_000],
        ['progress deadline', 1, undefined],
        ['nothing', 1, undefined],
      ],
    )
    assert.deepEqual(stopped, [{ seed: 8, by: 'analysis', ending: 'paused' }])
  })

  test('is told in a short table', () => {
    const report = { name: 'web/shop', strategy: 'canary', expected: 'it ends after 1m', assumptions: ['x'] }
    assert.equal(
      renderReport({ ...report, tally: tallySeeds(outcomes) }),
      `Rollout web/shop: canary, 8 seeds
  when all goes well it ends after 1m
  NEW VERSION  SEEDS  PROMOTED  ROLLED BACK  PAUSED  HELD
  good         2      1         0            1       0
  turns bad    5      1         4            0       0
  never ready  1      0         0            0       1

  no invariant broke

  users felt a bad version in 4 seeds; in 3 it was taken away, after 40s (median), 1m (p95), 1m (most, seed 3),
    which is as much as 2s (median), 3s (most) of all requests
  nothing took it away in 1 seed: 4
  CAUGHT BY          SEEDS  FELT FOR, MEDIAN  P95  MOST
  analysis           3      20s               40s  40s
  alert              1      1m                1m   1m
  progress deadline  1      -                 -    -
  nothing            1      -                 -    -

  good versions that did not get through: seed 8 paused (analysis)
  the update ended after 10s at the earliest, 40s (median), 1m20s at the latest (seed 8)
  taken for granted:
    x
`,
    )
  })

  test('of no bad version says so', () => {
    const tally = tallySeeds([outcome(1, { fate: 'good', ending: 'promoted', caughtBy: 'nothing' })])
    assert.match(
      renderReport({ name: 'a', strategy: 'b', expected: 'c', assumptions: [], tally }),
      /no seed had a bad version/,
    )
  })
})
