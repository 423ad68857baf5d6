/** The tree, as text against a file and as the `--json` document; redrawing; the words for what is missing. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { canaryObjects, canaryRollout } from './canary-objects.ts'
import { createFakeCli, createFakeCluster } from './fake-cluster.ts'

const golden = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')

describe('penstock get', () => {
  for (const unicode of [true, false])
    test(`draws the tree with ${unicode ? 'unicode' : 'plain'} symbols`, async () => {
      const { deps, output } = createFakeCli(createFakeCluster(canaryObjects()), { unicode })
      assert.equal(await runCli(['get', 'web'], deps), 0)
      assert.equal(output().out, golden(unicode ? 'canary-tree.txt' : 'canary-tree-plain.txt'))
    })

  test('--json is one line with the same facts', async () => {
    const { deps, output } = createFakeCli(createFakeCluster(canaryObjects()))
    assert.equal(await runCli(['get', 'rollout/web', '--json'], deps), 0)
    const lines = output().out.trimEnd().split('\n')
    assert.equal(lines.length, 1)
    const view = JSON.parse(lines[0] ?? '')
    assert.deepEqual(view.step, { index: 1, count: 4, text: 'pause 60s' })
    assert.deepEqual([view.setWeight, view.actualWeight], [5, 5])
    assert.deepEqual(view.images, [
      { image: 'web:2', roles: ['canary'] },
      { image: 'web:1', roles: ['stable'] },
    ])
    const sets = view.revisions.flatMap(
      (one: { replicaSets: { name: string; scaleDownInMs?: number }[] }) => one.replicaSets,
    )
    assert.deepEqual(
      sets.map((set: { name: string; scaleDownInMs?: number }) => [set.name, set.scaleDownInMs]),
      [
        ['web-bbb', undefined],
        ['web-aaa', 25_000],
        ['web-old', undefined],
      ],
    )
  })

  test('--watch redraws on change only, until interrupted', async () => {
    const cluster = createFakeCluster(canaryObjects())
    const { deps, output, clock, stopper, untilWaiting } = createFakeCli(cluster)
    const done = runCli(['get', 'web', '--watch', '--json'], deps)
    await untilWaiting()
    cluster.objects.set('rollouts', [
      { ...canaryRollout, status: { ...canaryRollout.status, phase: 'Healthy' } } as typeof canaryRollout,
    ])
    await clock.advance(1_000)
    stopper.abort()
    assert.equal(await done, 0)
    const phases = output()
      .out.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).phase)
    assert.deepEqual(phases, ['Paused', 'Healthy'])
  })

  test('a cluster without Experiments, as with the CRDs of a part only, is shown all the same', async () => {
    const cluster = createFakeCluster(canaryObjects())
    cluster.onRead = (plural) => {
      if (plural === 'experiments') throw new KubeError({ code: 404, message: 'not found' }, 'GET')
    }
    assert.equal(await runCli(['get', 'web'], createFakeCli(cluster).deps), 0)
  })

  test('a rollout that does not exist is named, with how to find the others', async () => {
    const { deps, output } = createFakeCli(createFakeCluster({}))
    assert.equal(await runCli(['get', 'nope', '-n', 'prod', '--json'], deps), 1)
    assert.match(output().err, /no rollout "nope" in namespace "prod"; list them with: penstock list -n prod/)
    assert.match(JSON.parse(output().out).error, /no rollout "nope"/)
  })

  test('text from the cluster cannot move the cursor', async () => {
    const hostile = { ...canaryRollout, status: { ...canaryRollout.status, message: 'ok\u001b[2J\r\nName: fake' } }
    const { deps, output } = createFakeCli(createFakeCluster(canaryObjects(hostile as typeof canaryRollout)))
    await runCli(['get', 'web'], deps)
    assert.match(output().out, /^Message: +ok \[2J Name: fake$/m)
  })
})

test('penstock list shows one line for each, and --json the same', async () => {
  const { deps, output } = createFakeCli(createFakeCluster(canaryObjects()))
  assert.equal(await runCli(['list', '-A'], deps), 0)
  assert.match(output().out, /^shop +web +Canary +॥ Paused +1\/4 +5 +5\/4 +1 +1h +CanaryPauseStep$/m)
  const again = createFakeCli(createFakeCluster(canaryObjects()))
  await runCli(['list', '--json'], again.deps)
  assert.equal(JSON.parse(again.output().out).rollouts[0].name, 'web')
})

test('a wrong command line ends with 2, help with 0', async () => {
  for (const [args, code] of [
    [['get'], 2],
    [['frobnicate'], 2],
    [['get', 'web', '--nope'], 2],
    [['get', '--help'], 0],
    [['status', 'web', '--wait', '--timeout', 'soon'], 2],
    [['undo', 'web', '--to-revision', 'x'], 2],
  ] as const)
    assert.equal(await runCli(args, createFakeCli(createFakeCluster(canaryObjects())).deps), code, args.join(' '))
})
