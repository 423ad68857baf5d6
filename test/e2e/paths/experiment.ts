/** Experiments: alone, and as a step of a release whose evidence a local HTTP server gives. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Experiment } from '../../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import { canary, imageOf, webTemplate } from '../manifests.ts'
import { type MetricSource, startMetricSource } from '../metric-source.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const template = (name: string, rest: object = {}): object => ({
  name,
  selector: { matchLabels: { app: 'trial' } },
  template: {
    metadata: { labels: { app: 'trial' } },
    spec: { containers: [{ name: 'app', image: imageOf(1), ports: [{ containerPort: 8080 }] }] },
  },
  ...rest,
})
const trial = (spec: object): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Experiment',
  metadata: { name: 'trial' },
  spec: { scaleDownDelaySeconds: 1, ...spec },
})

const step = {
  experiment: {
    scaleDownDelaySeconds: 1,
    templates: [
      { name: 'baseline', specRef: 'stable' },
      { name: 'canary', specRef: 'canary', metadata: { labels: { role: 'trial' } } },
    ],
    analyses: [
      {
        name: 'health',
        templateName: 'health',
        requiredForCompletion: true,
        args: [
          { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' as const } },
          { name: 'trial', value: '{{templates.canary.podTemplateHash}}' },
        ],
      },
    ],
  },
}

export function experimentPaths(stage: Stage): void {
  describe('experiments', { concurrency: 4 }, () => {
    let source: MetricSource
    before(async () => {
      source = await startMetricSource()
    })
    after(() => source.stop())

    const newest = (space: Workspace): Experiment => {
      const experiment = space.experiments().at(-1)
      assert.ok(experiment, 'there is an Experiment')
      return experiment
    }
    const phase = (space: Workspace): string => newest(space).status?.phase ?? ''
    const podsOf = (space: Workspace, name: string): number =>
      space.replicaSets().find((rs) => rs.metadata.name === name)?.status?.availableReplicas ?? 0
    const untilGone = (space: Workspace, names: readonly string[]): Promise<void> =>
      space.until('the pods to go', () =>
        names.every((name) => {
          const rs = space.replicaSets().find(({ metadata }) => metadata.name === name)
          return rs?.spec.replicas === 0 && (rs.status?.replicas ?? 0) === 0
        }),
      )

    test('two templates run for their time, and nothing is left but the record', async () => {
      const space = await stage.workspace('trial')
      const templates = [template('first', { service: {} }), template('second', { replicas: 2 })]
      await space.apply(trial({ duration: '2s', templates }))
      await space.until('the experiment to run', () => phase(space) === 'Running')
      assert.deepEqual([podsOf(space, 'trial-first'), podsOf(space, 'trial-second')], [1, 2])
      await space.until('its Service', () => space.services().some(({ metadata }) => metadata.name === 'trial-first'))
      await space.until('the end', () => phase(space) === 'Successful')
      await untilGone(space, ['trial-first', 'trial-second'])
      await space.until('the Service to go', () => space.services().length === 0)
      await space.until('the record', () =>
        Boolean(newest(space).status?.templateStatuses?.every(({ replicas }) => replicas === 0)),
      )
      const { status } = newest(space)
      assert.deepEqual(
        status?.templateStatuses?.map(({ name, status: is }) => [name, is]),
        [
          ['first', 'Successful'],
          ['second', 'Successful'],
        ],
      )
    })

    test('a spec that cannot be obeyed says which field, and starts once it is repaired', async () => {
      const space = await stage.workspace('trial-invalid')
      await space.apply(trial({ templates: [template('same'), template('same')] }))
      await space.until('the refusal', () => phase(space) === 'Error')
      assert.match(newest(space).status?.message ?? '', /spec\.templates\[1\]\.name: .*repeated template name 'same'/)
      assert.deepEqual(space.replicaSets(), [])
      await space.apply(trial({ templates: [template('one')] }))
      await space.until('the experiment to run', () => phase(space) === 'Running')
    })

    async function release(title: string, verdict: string): Promise<Workspace> {
      source.answer(`/${title}`, verdict)
      const space = await stage.workspace(title)
      const health = webTemplate('health', source.url(`/${title}`)) as { spec: object }
      await space.apply(
        { ...health, spec: { ...health.spec, args: [{ name: 'stable' }, { name: 'trial' }] } },
        ...canary({ steps: [step, { setWeight: 50 }] }),
      )
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      return space
    }
    const trialNames = (space: Workspace): readonly string[] =>
      ['baseline', 'canary'].map((name) => `${newest(space).metadata.name}-${name}`)

    test('a step whose experiment passes goes on, and takes its pods away', async () => {
      const space = await release('trial-passes', 'ok')
      const before = space.rollout().status?.stableRS
      await space.until('the pods of the experiment', () =>
        trialNames(space).every((name) => podsOf(space, name) === 1),
      )
      assert.equal(space.rollout().status?.replicas, 2, 'pods of the experiment are not the Rollout’s')
      await space.untilPhase('Healthy')
      const { metadata, status } = newest(space)
      assert.equal(status?.phase, 'Successful')
      assert.match(metadata.name, /^web-[a-z0-9]+-2-0$/)
      await untilGone(space, trialNames(space))
      const [run] = space.analysisRuns()
      const trialHash = space.replicaSets().find((rs) => rs.metadata.name === trialNames(space)[1])?.metadata.labels
      assert.deepEqual(
        run?.spec.args?.map(({ value }) => value),
        [before, trialHash?.[POD_TEMPLATE_HASH]],
      )
      assert.equal(run?.metadata.ownerReferences?.[0]?.kind, 'Experiment')
    })

    test('a step whose experiment fails takes the release back, and its pods go too', async () => {
      const space = await release('trial-fails', 'bad')
      await space.untilPhase(
        'Degraded',
        /RolloutAborted: .*Experiment analysis phase is error\/failed: .*Metric "health"/,
      )
      assert.equal(phase(space), 'Failed')
      await untilGone(space, trialNames(space))
    })

    test('an experiment without a verdict pauses, and promoting goes past it', async () => {
      const space = await release('trial-no-data', 'empty')
      await space.until('the inconclusive pause', () =>
        Boolean(space.rollout().status?.pauseConditions?.some(({ reason }) => reason === 'InconclusiveExperiment')),
      )
      assert.match(newest(space).status?.message ?? '', /^NoData: /)
      const promoted = await space.cli('promote', 'web')
      assert.equal(promoted.code, 0, promoted.stderr)
      await space.untilPhase('Healthy')
      assert.equal(space.experiments().length, 1)
    })

    test('traffic goes to the pods of an experiment while it runs, and has gone before they go', async () => {
      const space = await stage.workspace('trial-weighted')
      const templates = [{ name: 'trial', specRef: 'canary', weight: 10 }]
      const weighted = { experiment: { duration: '3s', scaleDownDelaySeconds: 1, templates } }
      const release = (version: number) =>
        space.apply(...canary({ image: imageOf(version), steps: [{ setWeight: 20 }, weighted, { pause: {} }] }))
      await release(1)
      await space.untilPhase('Healthy')
      await release(2)
      const trialService = () => `${newest(space).metadata.name}-trial`
      const additional = () =>
        (space.rollout().status?.canary?.weights?.additional ?? []).map(({ serviceName, weight }) => [
          serviceName,
          weight,
        ])
      await space.until('the weight of the experiment', () => additional().length > 0)
      assert.deepEqual(additional(), [[trialService(), 10]])
      assert.deepEqual([space.rollout().status?.canary?.weights?.stable.weight, podsOf(space, trialService())], [70, 1])
      const route = JSON.parse((await space.kubectl('get', 'httproute', 'web', '-o', 'json')).stdout)
      const backends = route.spec.rules[0].backendRefs.map((one: { name: string; port: number; weight: number }) => [
        one.name,
        one.port,
        one.weight,
      ])
      assert.deepEqual(backends, [
        ['web-stable', 80, 70],
        ['web-canary', 80, 20],
        [trialService(), 8080, 10],
      ])
      await space.untilPausedAt(2)
      assert.deepEqual(
        [additional(), podsOf(space, trialService())],
        [[], 1],
        'the weight goes first, the pods after it',
      )
      await untilGone(space, [trialService()])
      await space.until('its Service to go', () =>
        space.services().every(({ metadata }) => metadata.name !== trialService()),
      )
    })

    test('an abort ends the experiment that runs', async () => {
      const space = await release('trial-aborted', 'down')
      await space.until('the pods of the experiment', () =>
        trialNames(space).every((name) => podsOf(space, name) === 1),
      )
      await space.patch({ status: { abort: true } }, { status: true })
      await space.untilPhase('Degraded', /RolloutAborted/)
      await space.until('the experiment to end', () => ['Inconclusive', 'Failed', 'Error'].includes(phase(space)))
      await untilGone(space, trialNames(space))
    })
  })
}
