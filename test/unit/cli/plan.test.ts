/** The plan of a manifest is what the controller's own decisions make of it: tables are goldens, sums are checked by hand, bad manifests are refused. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { PlannedRollout } from '../../../cli/plan/plan-rollouts.ts'
import { renderTime } from '../../../cli/plan/playback.ts'
import { joinPlays } from '../../../cli/plan/timeline.ts'
import { runCli } from '../../../cli/program.ts'
import { createFakeCli } from './fake-cluster.ts'

const manifest = (name: string): string => readFileSync(new URL(`plans/${name}.yaml`, import.meta.url), 'utf8')

async function run(files: Readonly<Record<string, string>>, args: readonly string[]) {
  const { deps, output } = createFakeCli(undefined, { files })
  return { exitCode: await runCli(['plan', ...args], deps), ...output() }
}

const plan = (files: Readonly<Record<string, string>>, ...flags: readonly string[]) =>
  run(files, [...Object.keys(files).flatMap((file) => ['-f', file]), ...flags])

const planJson = async (text: string, ...flags: readonly string[]): Promise<readonly PlannedRollout[]> => {
  const { exitCode, out, err } = await plan({ 'a.yaml': text }, '-o', 'json', ...flags)
  assert.equal(exitCode, 0, err)
  return (JSON.parse(out) as { readonly rollouts: readonly PlannedRollout[] }).rollouts
}

describe('penstock plan prints the timeline', () => {
  for (const name of ['canary', 'canary-without-router', 'dynamic', 'blue-green', 'steps']) {
    test(name, async () => {
      const { exitCode, out, err } = await plan({ [`${name}.yaml`]: manifest(name) })
      assert.deepEqual([exitCode, err], [0, ''])
      const golden = new URL(`golden/plan-${name}.txt`, import.meta.url)
      if (process.env.PENSTOCK_UPDATE_GOLDEN === '1') writeFileSync(golden, out)
      assert.equal(out, readFileSync(golden, 'utf8'))
    })
  }
})

describe('penstock plan plays the manifests of the guides', () => {
  for (const name of ['canary', 'coloring']) {
    test(name, async () => {
      const folder = new URL(`../../../docs/guides/${name}/`, import.meta.url)
      const files = Object.fromEntries(
        readdirSync(folder).map((file) => [`guide/${file}`, readFileSync(new URL(file, folder), 'utf8')]),
      )
      const { exitCode, err } = await run(files, ['-f', 'guide'])
      assert.deepEqual([exitCode, err], [0, ''])
    })
  }
})

describe('penstock plan -o json', () => {
  test('times are sums of what the manifest says', async () => {
    const [{ timeline } = assert.fail()] = await planJson(manifest('canary'), '--pod-ready', '20s')
    // Three times pods: 20 s to be ready, 5 s of minReadySeconds; the pause of 30 s; the gate's 5 minutes, held for 2 more at most.
    assert.deepEqual(timeline.end, {
      earliestMs: 3 * 25_000 + 30_000 + 300_000,
      latestMs: 3 * 25_000 + 30_000 + 420_000,
    })
    assert.deepEqual(timeline.unknown, ['a person who promotes it (step 5)'])
    assert.deepEqual(
      timeline.rows.map(({ newWeightPercent }) => newWeightPercent),
      [0, 20, 20, 50, 50, 50, 100, 100],
    )
  })

  test('pods that are ready at once leave the waits alone', async () => {
    const [{ timeline } = assert.fail()] = await planJson(manifest('dynamic'), '--pod-ready', '0s')
    assert.deepEqual(timeline.end, { earliestMs: 120_000, latestMs: 120_000 })
  })

  test('templates may come from another file', async () => {
    const [rollout = '', ...templates] = manifest('canary').split('\n---\n')
    const { exitCode } = await plan({ 'a.yaml': rollout, 'b.yaml': templates.join('\n---\n') })
    assert.equal(exitCode, 0)
  })

  test('an analysis of a single measurement takes no time', async () => {
    const metric = '- { name: once, provider: { prometheus: { address: http://prometheus, query: vector(0) } } }\n'
    const [{ timeline } = assert.fail()] = await planJson(manifest('canary').replace(/- name: p99[\s\S]*$/, metric))
    assert.equal(timeline.end?.latestMs, 3 * 15_000 + 30_000)
    assert.ok(
      timeline.rows.some(({ waitsFor }) => waitsFor.some(({ text }) => text === 'analysis of once, one measurement')),
    )
  })

  test('a gate that may pass early can be through with three ticks after its warm-up', async () => {
    const early = manifest('canary').replace('duration: 5m,', 'duration: 5m, earlyPass: true, warmup: 30s, tick: 20s,')
    const [{ timeline } = assert.fail()] = await planJson(early)
    // Beside it the other metric of the run takes 2m30s.
    assert.equal(timeline.end?.earliestMs, 15_000 + 30_000 + 15_000 + 150_000 + 15_000)
  })

  test('an update that its deadline takes back does not end', async () => {
    const text = manifest('canary').replace(
      'minReadySeconds: 5',
      'progressDeadlineSeconds: 30\n  progressDeadlineAbort: true',
    )
    const [{ timeline } = assert.fail()] = await planJson(text, '--pod-ready', '1m')
    assert.equal(timeline.end, undefined)
    assert.match(timeline.standsStill ?? '', /timed out progressing/)
  })
})

describe('penstock plan refuses', () => {
  const rows: readonly [string, string, RegExp][] = [
    [
      'what lint calls an error, in its words',
      manifest('dynamic').replace('setWeight: 30', 'setWeight: 130'),
      /^a\.yaml:18:22: error: Rollout shop: spec\.strategy\.canary\.steps\[0\]\.setWeight: SetWeight needs to be between 0 and 100/,
    ],
    [
      'a template that is in none of the files',
      manifest('canary').split('\n---\n')[0] ?? '',
      /^penstock: .*\.analysis\.templates\[0\]\.templateName: AnalysisTemplate 'errors' not found .*\n.*steps\[3\].*'gates' not found.*\n$/,
    ],
    [
      'a workload that is in none of the files',
      manifest('steps').replace(
        'kind: Deployment\nmetadata: { name: worker,',
        'kind: Deployment\nmetadata: { name: other,',
      ),
      /^penstock: Rollout web\/worker: spec\.workloadRef\.name: Deployment "worker" is in none of the files \(give it with -f as well\)\n$/,
    ],
    ['a file without a Rollout', 'kind: ConfigMap\n', /^penstock: none of the files holds a Rollout\n$/],
    ['what is no YAML', 'a: [\n', /^a\.yaml:2:1: error: Flow sequence/],
  ]
  for (const [what, text, message] of rows) {
    test(what, async () => {
      const { exitCode, out, err } = await plan({ 'a.yaml': text })
      assert.deepEqual([exitCode, out], [2, ''])
      assert.match(err, message)
    })
  }

  for (const [flags, message] of [
    [['-o', 'yaml'], /-o "yaml" is no format; write json or text/],
    [['--pod-ready', 'soon'], /--pod-ready "soon" is not a time/],
  ] as const) {
    test(flags.join(' '), async () => {
      const { exitCode, err } = await plan({ 'a.yaml': manifest('dynamic') }, ...flags)
      assert.equal(exitCode, 2)
      assert.match(err, message)
    })
  }
})

test('a moment that the longest play does not show has no latest time', () => {
  const count = { wanted: 1, available: 1 }
  const at = (atMs: number, text: string) => {
    const pods = { oldPods: count, newPods: count }
    return { atMs, text, newWeightPercent: 0, otherWeights: {}, ...pods, waitsFor: [] }
  }
  const play = (...moments: readonly ReturnType<typeof at>[]) => ({
    moments,
    doneAtMs: moments.at(-1)?.atMs,
    notes: [],
  })
  const { rows, end } = joinPlays(play(at(0, 'a'), at(5, 'b'), at(9, 'c')), play(at(0, 'a'), at(19, 'c')))
  assert.deepEqual(
    rows.map(({ earliestMs, latestMs }) => [earliestMs, latestMs]),
    [
      [0, 0],
      [5, undefined],
      [9, 19],
    ],
  )
  assert.deepEqual(end, { earliestMs: 9, latestMs: 19 })
})

test('times are exact', () => {
  assert.deepEqual([0, 500, 90_000, 3_600_000, 3_690_500].map(renderTime), ['0s', '0.5s', '1m30s', '1h', '1h1m30.5s'])
})
