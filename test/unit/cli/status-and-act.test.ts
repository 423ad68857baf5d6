/** What `status` answers and waits for, and what the actions send, in which order, and what they do when somebody else was faster. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import type { Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { canaryObjects, canaryRollout } from './canary-objects.ts'
import { createFakeCli, createFakeCluster } from './fake-cluster.ts'

const withStatus = (status: RolloutStatus, extra: Partial<Rollout> = {}): Rollout => ({
  ...canaryRollout,
  ...extra,
  status: { ...canaryRollout.status, ...status },
})

describe('penstock status', () => {
  const rows: [string, Rollout, number, string][] = [
    ['paused', canaryRollout, 0, 'Paused - CanaryPauseStep'],
    [
      'degraded',
      withStatus({ phase: 'Degraded', message: 'RolloutAborted: why' }),
      1,
      'Degraded - RolloutAborted: why',
    ],
    ['healthy', withStatus({ phase: 'Healthy', message: '' }), 0, 'Healthy'],
    [
      'an unseen spec',
      withStatus({ observedGeneration: '6', phase: 'Healthy' }),
      0,
      'Progressing - waiting for rollout spec update to be observed',
    ],
    ['an unseen resume', withStatus({ pauseConditions: null }), 0, 'Progressing - waiting for rollout to unpause'],
  ]
  for (const [name, rollout, code, line] of rows)
    test(`${name}: ${line}, exit ${code}`, async () => {
      const { deps, output } = createFakeCli(createFakeCluster(canaryObjects(rollout)))
      assert.equal(await runCli(['status', 'web'], deps), code)
      assert.equal(output().out, `${line}\n`)
    })

  test('--wait prints each phase once and ends with the release', async () => {
    const cluster = createFakeCluster(canaryObjects())
    const { deps, output, clock, untilWaiting } = createFakeCli(cluster)
    const done = runCli(['status', 'web', '--wait'], deps)
    await untilWaiting()
    await clock.advance(6_000)
    cluster.objects.set('rollouts', [withStatus({ phase: 'Healthy', message: '' })])
    await clock.advance(2_000)
    assert.equal(await done, 0)
    assert.equal(output().out, 'Paused - CanaryPauseStep\nHealthy\n')
  })

  test('--wait outlives a restart of the API server, but not a loss of rights', async () => {
    const cluster = createFakeCluster(canaryObjects())
    const { deps, output, clock, untilWaiting } = createFakeCli(cluster)
    const done = runCli(['status', 'web', '--wait'], deps)
    await untilWaiting()
    for (const code of [0, 503, 429]) {
      cluster.onRead = () => {
        throw new KubeError({ code, reason: 'NotSent', message: 'gone for a moment' }, 'GET')
      }
      await clock.advance(2_000)
    }
    cluster.onRead = () => {
      throw new KubeError({ code: 403, message: 'forbidden' }, 'GET')
    }
    await clock.advance(2_000)
    assert.equal(await done, 1)
    assert.match(output().err, /you are not allowed to do that \(GET: forbidden\)/)
  })

  test('--wait gives up after --timeout with 1 and says so', async () => {
    const { deps, output, clock, untilWaiting } = createFakeCli(createFakeCluster(canaryObjects()))
    const done = runCli(['status', 'web', '--wait', '--timeout', '5s', '--json'], deps)
    await untilWaiting()
    await clock.advance(5_000)
    assert.equal(await done, 1)
    assert.match(output().err, /"web" was still Paused after 5s/)
    assert.equal(JSON.parse(output().out).timedOut, true)
  })
})

describe('actions', () => {
  const status = (body: object) => ({
    object: 'rollouts/web',
    kind: 'merge',
    subresource: 'status',
    body: { status: body },
  })
  const rows: [string[], Rollout, object[], RegExp][] = [
    [['promote'], canaryRollout, [status({ pauseConditions: null })], /"web" promoted/],
    [['promote', '--full'], canaryRollout, [status({ promoteFull: true })], /"web" fully promoted/],
    [['abort'], canaryRollout, [status({ abort: true })], /"web" aborted/],
    [['retry'], withStatus({ abort: true }), [status({ abort: false })], /"web" retried/],
    [
      ['pause'],
      canaryRollout,
      [{ object: 'rollouts/web', kind: 'merge', subresource: undefined, body: { spec: { paused: true } } }],
      /"web" paused/,
    ],
  ]
  for (const [args, rollout, patches, message] of rows)
    test(args.join(' '), async () => {
      const cluster = createFakeCluster(canaryObjects(rollout))
      const { deps, output } = createFakeCli(cluster)
      assert.equal(await runCli([args[0] ?? '', 'web', ...args.slice(1)], deps), 0)
      assert.deepEqual(cluster.patches, patches)
      assert.match(output().out, message)
    })

  test('promote of a paused spec unpauses after the status patch', async () => {
    const cluster = createFakeCluster(
      canaryObjects({ ...canaryRollout, spec: { ...canaryRollout.spec, paused: true } }),
    )
    await runCli(['promote', 'web'], createFakeCli(cluster).deps)
    assert.deepEqual(
      cluster.patches.map((patch) => patch.subresource),
      ['status', undefined],
    )
  })

  test('undo replaces the template by that of the revision before', async () => {
    const cluster = createFakeCluster(canaryObjects())
    assert.equal(await runCli(['undo', 'web'], createFakeCli(cluster).deps), 0)
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
    assert.deepEqual(cluster.patches[0]?.body, [{ op: 'replace', path: '/spec/template', value: template }])
  })

  test('retry of what is not aborted is refused and sends nothing', async () => {
    const cluster = createFakeCluster(canaryObjects())
    const { deps, output } = createFakeCli(cluster)
    assert.equal(await runCli(['retry', 'web'], deps), 1)
    assert.match(output().err, /cannot retry "web": its update is not aborted/)
    assert.deepEqual(cluster.patches, [])
  })

  describe('two people promote a running step at once', () => {
    const running = withStatus({ pauseConditions: null, controllerPause: false })
    const conflict = () => new KubeError({ code: 409, reason: 'Conflict' }, 'PATCH')

    test('the second one is told that the step has passed, and skips nothing', async () => {
      const cluster = createFakeCluster(canaryObjects(running))
      cluster.onPatch = () => {
        cluster.objects.set('rollouts', [
          withStatus({ pauseConditions: null, controllerPause: false, currentStepIndex: 2 }),
        ])
        throw conflict()
      }
      const { deps, output } = createFakeCli(cluster)
      assert.equal(await runCli(['promote', 'web'], deps), 1)
      assert.match(output().err, /moved on to another step meanwhile/)
      assert.deepEqual(cluster.patches, [])
    })

    test('a conflict over something else is tried again on the newer version', async () => {
      const cluster = createFakeCluster(canaryObjects(running))
      cluster.onPatch = () => {
        cluster.onPatch = () => {}
        cluster.objects.set('rollouts', [{ ...running, metadata: { ...running.metadata, resourceVersion: '42' } }])
        throw conflict()
      }
      assert.equal(await runCli(['promote', 'web'], createFakeCli(cluster).deps), 0)
      assert.deepEqual(cluster.patches[0]?.body, {
        metadata: { resourceVersion: '42' },
        status: { pauseConditions: null, currentStepIndex: 2 },
      })
    })
  })

  test('an API server that cannot be reached is said in one sentence with the way out', async () => {
    const cluster = createFakeCluster(canaryObjects())
    cluster.onPatch = () => {
      throw new KubeError({ code: 0, reason: 'NotSent', message: 'connect ECONNREFUSED' }, 'PATCH')
    }
    const { deps, output } = createFakeCli(cluster)
    assert.equal(await runCli(['abort', 'web'], deps), 1)
    assert.equal(
      output().err,
      'penstock: cannot reach the API server (PATCH: connect ECONNREFUSED); check --kubeconfig, --context and that it runs\n',
    )
  })
})
