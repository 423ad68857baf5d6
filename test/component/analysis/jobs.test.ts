/** Metrics that are Jobs where Jobs run: the embedded cluster's Job controller and node, on templates as Argo's own tests have them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AnalysisRun, type AnalysisRunSpec, isCompleted } from '../../../controller/api/analysis.ts'
import type { Job } from '../../../controller/api/job.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { analysisRuns, jobs, pods } from '../../../controller/kube/kinds.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { noPodDelays } from '../../../sandbox/node/behaviour.ts'
import { createNodeStandIn } from '../../../sandbox/node/stand-in.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../unit/analysis/analysis-cluster.ts'
import { waitFor } from '../sandbox-node/waiting.ts'

const namespace = 'default'

interface Script {
  readonly duration?: string
  readonly exitCode?: string
  readonly image?: string
  readonly job?: object
  readonly metric?: object
}

function sleepJob({
  duration = '0',
  exitCode = '0',
  image = 'nginx:1.19-alpine',
  job,
  metric,
}: Script): AnalysisRunSpec {
  const args = ['sleep {{args.duration}} && exit {{args.exit-code}}']
  const container = { name: 'sleep-job', image, command: ['sh', '-c', '-x'], args }
  const template = { spec: { containers: [container], restartPolicy: 'Never' } }
  const provider = { job: { spec: { template, backoffLimit: 0, ...job } } }
  return {
    args: [
      { name: 'duration', value: duration },
      { name: 'exit-code', value: exitCode },
    ],
    metrics: [{ name: 'sleep-job', provider, ...metric }],
  }
}

describe('metrics that are Jobs, where Jobs run', () => {
  let cluster: AnalysisCluster
  let node: ReturnType<typeof createNodeStandIn>
  before(async () => {
    const http = { send: () => Promise.reject(new Error('nobody is asked')) }
    cluster = await createAnalysisCluster({ clock: systemClock, http })
    node = createNodeStandIn({
      client: cluster.client,
      clock: systemClock,
      random: seededRandom(1),
      log: silentLogger,
      podDelays: noPodDelays,
      controllers: 'all',
    })
    node.start()
    cluster.startController()
  })
  after(async () => {
    await node.stop()
    await cluster.close()
  })

  const jobsOf = async ({ metadata }: AnalysisRun): Promise<readonly Job[]> => {
    const { items } = await cluster.client.list<Job>(jobs, { namespace })
    return items.filter((job) => job.metadata.labels?.['analysisrun.argoproj.io/uid'] === metadata.uid)
  }
  async function until(name: string, what: string, holds: (run: AnalysisRun) => boolean): Promise<AnalysisRun> {
    let run: AnalysisRun | undefined
    const look = async (): Promise<boolean> => {
      run = await cluster.getRun(name)
      return run !== undefined && holds(run)
    }
    await waitFor(`${name} to be ${what}`, look, () => run?.status)
    assert.ok(run)
    return run
  }

  /** the script, the phase of its only measurement, the phase of the run */
  const rows: readonly (readonly [string, Script, string, string])[] = [
    ['passes', {}, 'Successful', 'Successful'],
    ['passes-later', { duration: '1' }, 'Successful', 'Successful'],
    ['fails', { exitCode: '1' }, 'Failed', 'Failed'],
    ['fails-later', { duration: '1', exitCode: '2' }, 'Failed', 'Failed'],
    ['is-put-up-with', { exitCode: '1', metric: { count: 1, failureLimit: 1 } }, 'Failed', 'Inconclusive'],
    ['takes-too-long', { duration: '60', job: { activeDeadlineSeconds: 1 } }, 'Failed', 'Failed'],
    ['lacks-its-image', { image: 'image-that-does-not-exist:latest' }, 'Inconclusive', 'Inconclusive'],
    ['tries-again', { exitCode: '1', job: { backoffLimit: 1, activeDeadlineSeconds: 2 } }, 'Failed', 'Failed'],
  ]
  for (const [name, script, measured, verdict] of rows)
    test(`a Job that ${name.replaceAll('-', ' ')}: ${verdict}`, async () => {
      await cluster.createRun(name, sleepJob(script))
      const run = await until(name, 'completed', ({ status }) => isCompleted(status?.phase))
      const [result] = run.status?.metricResults ?? []
      assert.deepEqual([result?.measurements?.map(({ phase }) => phase), run.status?.phase], [[measured], verdict])
      assert.equal((await jobsOf(run)).length, 1)
    })

  test('several measurements are several Jobs, one after the other', async () => {
    await cluster.createRun('thrice', sleepJob({ metric: { count: 3, interval: '1s' } }))
    const run = await until('thrice', 'completed', ({ status }) => isCompleted(status?.phase))
    assert.equal(run.status?.metricResults?.[0]?.successful, 3)
    assert.deepEqual(
      (await jobsOf(run)).map(({ metadata }) => metadata.name.split('.').at(-1)),
      ['1', '2', '3'],
    )
  })

  test('the end of its run ends a Job and its pod', async () => {
    const { metadata } = await cluster.createRun('ended', sleepJob({ duration: '600' }))
    const podsOf = async (): Promise<readonly KubeObject[]> =>
      (await cluster.client.list(pods, { namespace, labelSelector: `analysisrun.argoproj.io/uid=${metadata.uid}` }))
        .items
    await waitFor('its pod', async () => (await podsOf()).length === 1)
    await cluster.client.patch({ kind: analysisRuns, namespace, name: 'ended' }, 'merge', { spec: { terminate: true } })
    const run = await until('ended', 'completed', ({ status }) => isCompleted(status?.phase))
    assert.equal(run.status?.phase, 'Inconclusive')
    await waitFor('its pod to go', async () => (await podsOf()).length === 0 && (await jobsOf(run)).length === 0)
  })
})
