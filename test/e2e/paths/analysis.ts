/** Evidence decides: an inline or background analysis that a local HTTP server answers passes, aborts or pauses the release. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { canary, imageOf, webTemplate } from '../manifests.ts'
import { type MetricSource, startMetricSource } from '../metric-source.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const inline = [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'health' }] } }]

export function analysisPaths(stage: Stage): void {
  describe('analysis', { concurrency: 4 }, () => {
    let source: MetricSource
    before(async () => {
      source = await startMetricSource()
    })
    after(() => source.stop())

    async function release(title: string, verdict: string, metric: object = {}): Promise<Workspace> {
      source.answer(`/${title}`, verdict)
      const space = await stage.workspace(title)
      await space.apply(webTemplate('health', source.url(`/${title}`), metric), ...canary({ steps: inline }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      return space
    }
    const phases = (space: Workspace) => space.analysisRuns().map((run) => run.status?.phase)

    test('good answers pass', async () => {
      const space = await release('good', 'ok')
      await space.untilPhase('Healthy')
      assert.deepEqual(phases(space), ['Successful'])
      assert.equal(source.asked('/good'), 2)
    })

    test('a bad answer aborts, with the reason on the Rollout', async () => {
      const space = await release('bad', 'bad')
      await space.untilPhase('Degraded', /RolloutAborted: .*Metric "health" assessed Failed/)
      await space.until('stable to have all traffic', () => space.weights().at(-1) === 0)
      assert.deepEqual(phases(space), ['Failed'])
    })

    for (const [title, verdict, cause] of [
      ['no-data', 'empty', 'NoData'],
      ['source-down', 'down', 'ProviderError'],
    ] as const)
      test(`${cause} pauses: it neither passes nor aborts, and promoting goes on`, async () => {
        const space = await release(title, verdict, { interval: '200ms', count: 3, consecutiveErrorLimit: 0 })
        await space.until('the inconclusive pause', () =>
          Boolean(space.rollout().status?.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun')),
        )
        const [run] = space.analysisRuns()
        assert.equal(run?.status?.phase, 'Inconclusive')
        assert.ok(run.status?.message?.startsWith(`${cause}: `), run.status?.message)
        assert.equal(space.rollout().status?.abort ?? false, false)
        assert.deepEqual(space.weights(), [0, 50])
        const promoted = await space.cli('promote', 'web')
        assert.equal(promoted.code, 0, promoted.stderr)
        await space.untilPhase('Healthy')
        assert.equal(space.analysisRuns().length, 1, 'promoting past the step asks no second time')
      })

    test('a background analysis takes the release back in the middle of a pause', async () => {
      const space = await stage.workspace('background')
      const endless = { interval: '300ms', count: undefined }
      const analysis = { templates: [{ templateName: 'health' }], startingStep: 1 }
      await space.apply(
        webTemplate('health', source.url('/background'), endless),
        ...canary({ steps: [{ setWeight: 50 }, { pause: {} }], canary: { analysis } }),
      )
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      await space.until('the analysis to run', () => source.asked('/background') > 0)
      source.answer('/background', 'bad')
      await space.untilPhase('Degraded', /RolloutAborted/)
      await space.until('stable to have all traffic', () => space.weights().at(-1) === 0)
    })

    test('a template that is missing or names itself is told on the Rollout and waited for', async () => {
      const space = await stage.workspace('template')
      await space.apply(...canary({ steps: inline }))
      await space.untilPhase('Degraded', /InvalidSpec: .*steps\[1\].analysis.*AnalysisTemplate 'health' not found/)
      await space.apply({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AnalysisTemplate',
        metadata: { name: 'health' },
        spec: { templates: [{ templateName: 'health' }] },
      })
      await space.untilPhase('Degraded', /InvalidSpec: .*steps\[1\].analysis.*refers to itself/)
      await space.apply(webTemplate('health', source.url('/template')))
      await space.untilPhase('Healthy')
    })
  })
}
