/** A Job decides: analyses whose metric is a Job that a real control plane runs, in the middle of releases. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { type Job, readJobEnd } from '../../../controller/api/job.ts'
import { jobs } from '../../../controller/kube/kinds.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { canary, imageOf, type Shape } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const NO_IMAGE = 'image-that-does-not-exist:latest'

/** As Argo's own tests have it: `duration` seconds, then `exit-code`. */
const sleepJob = (image = 'nginx:1.19-alpine'): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'sleep-job' },
  spec: {
    args: [
      { name: 'duration', value: '0' },
      { name: 'exit-code', value: '0' },
    ],
    metrics: [
      {
        name: 'sleep-job',
        provider: {
          job: {
            metadata: { labels: { team: 'shop' } },
            spec: {
              template: {
                spec: {
                  containers: [
                    {
                      name: 'sleep-job',
                      image,
                      command: ['sh', '-c', '-x'],
                      args: ['sleep {{args.duration}} && exit {{args.exit-code}}'],
                    },
                  ],
                  restartPolicy: 'Never',
                },
              },
              backoffLimit: 0,
            },
          },
        },
      },
    ],
  },
})

const analysis = (duration: string, exitCode: string) => ({
  templates: [{ templateName: 'sleep-job' }],
  args: [
    { name: 'duration', value: duration },
    { name: 'exit-code', value: exitCode },
  ],
})
const inline = (duration: string, exitCode = '0') => [{ setWeight: 50 }, { analysis: analysis(duration, exitCode) }]

export function analysisJobPaths(stage: Stage): void {
  describe('analysis by Jobs', { concurrency: 4 }, () => {
    async function release(title: string, shape: Shape, template = sleepJob()): Promise<Workspace> {
      const space = await stage.workspace(title)
      await space.apply(template, ...canary(shape))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      return space
    }
    const jobsOf = async ({ namespace }: Workspace): Promise<readonly Job[]> =>
      (await stage.cluster().client.list<Job>(jobs, { namespace })).items
    const phasesOf = (runs: readonly AnalysisRun[]) =>
      runs.map(({ status }) => [status?.phase, status?.metricResults?.[0]?.measurements?.map(({ phase }) => phase)])

    test('one that passes lets the release go on', async () => {
      const space = await release('job-passes', { steps: inline('1') })
      await space.untilPhase('Healthy')
      assert.deepEqual(phasesOf(space.analysisRuns()), [['Successful', ['Successful']]])
      const [run] = space.analysisRuns()
      const [job, ...others] = await jobsOf(space)
      assert.equal(others.length, 0)
      assert.equal(job?.metadata.ownerReferences?.[0]?.uid, run?.metadata.uid)
      assert.equal(job?.metadata.labels?.team, 'shop')
      assert.deepEqual(run?.status?.metricResults?.[0]?.measurements?.[0]?.metadata, {
        'job-name': job?.metadata.name,
        'job-namespace': space.namespace,
      })
    })

    test('one that fails aborts', async () => {
      const space = await release('job-fails', { steps: inline('0', '1') })
      await space.untilPhase('Degraded', /RolloutAborted: .*Metric "sleep-job" assessed Failed due to failed \(1\)/)
      await space.until('stable to have all traffic', () => space.weights().at(-1) === 0)
      assert.deepEqual(phasesOf(space.analysisRuns()), [['Failed', ['Failed']]])
    })

    test('one whose image cannot be had pauses: that is nobody’s fault', async () => {
      const space = await release('job-image', { steps: inline('0') }, sleepJob(NO_IMAGE))
      await space.until('the inconclusive pause', () =>
        Boolean(space.rollout().status?.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun')),
      )
      assert.deepEqual(phasesOf(space.analysisRuns()), [['Inconclusive', ['Inconclusive']]])
      assert.equal(space.rollout().status?.abort ?? false, false)
    })

    test('one that runs beside a release is ended with it, and its pod with it', async () => {
      const steps = [{ setWeight: 50 }, { pause: {} }]
      const space = await release('job-beside', { steps, canary: { analysis: analysis('6000', '0') } })
      await space.untilPausedAt(1)
      await waitFor(async () => (await jobsOf(space)).length === 1, { what: 'the Job', timeoutMs: 10_000 })
      assert.deepEqual(phasesOf(space.analysisRuns()), [['Running', ['Running']]])
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPhase('Healthy')
      await space.until('the run to end', () => space.analysisRuns()[0]?.status?.phase === 'Inconclusive')
      assert.deepEqual(phasesOf(space.analysisRuns()), [['Inconclusive', ['Inconclusive']]])
      assert.deepEqual(await jobsOf(space), [])
      await space.until('only the pods of the release to be left', () => space.pods().length === 2)
      await space.untilPhase('Healthy')
    })

    test('an abort ends the one that it overtakes', async () => {
      const space = await release('job-abort', { steps: inline('6000') })
      await waitFor(async () => (await jobsOf(space)).length === 1, { what: 'the Job', timeoutMs: 10_000 })
      assert.equal((await space.cli('abort', 'web')).code, 0)
      await space.untilPhase('Degraded', /RolloutAborted/)
      await waitFor(async () => (await jobsOf(space)).length === 0, { what: 'the Job to go', timeoutMs: 10_000 })
    })
  })

  test('a Job that ends while no controller runs is read by the next one, and not run again', async () => {
    const space = await stage.workspace('job-away')
    await space.apply(sleepJob(), ...canary({ steps: inline('2') }))
    await space.untilPhase('Healthy')
    await space.setImage(imageOf(2))
    const jobsNow = async () => (await stage.cluster().client.list<Job>(jobs, { namespace: space.namespace })).items
    await space.until('the measurement to be recorded', () =>
      Boolean(space.analysisRuns()[0]?.status?.metricResults?.[0]?.measurements?.length),
    )
    await stage.whileAway(async () => {
      await waitFor(async () => (await jobsNow()).some(readJobEnd), { what: 'the Job to end', timeoutMs: 20_000 })
    })
    await space.untilPhase('Healthy')
    assert.equal((await jobsNow()).length, 1)
  })
}
