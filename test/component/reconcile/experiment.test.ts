/**
 * Experiments through the shipped controllers: what is left at the end, and the same after dying at every single write (S18). Names that belong
 * to somebody else, and what a former experiment of the same name left.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Service } from '../../../controller/api/rollout.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { experiment, template } from '../../builders/experiment.ts'
import { rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { type ExperimentEnding, type ExperimentStory, tellExperiment } from './experiment-cluster.ts'
import type { Crash } from './mortal-client.ts'

const named = (object: KubeObject, kind: string): KubeObject => ({
  ...object,
  apiVersion: 'argoproj.io/v1alpha1',
  kind,
})
const gateObject = named(gate, 'AnalysisTemplate')
const withoutUid = <T extends KubeObject>(object: T): T => {
  const { uid: _uid, ...metadata } = object.metadata
  return { ...object, metadata }
}

const alone: ExperimentStory = {
  objects: [
    gateObject,
    withoutUid(
      experiment({
        duration: '5s',
        scaleDownDelaySeconds: 2,
        templates: [template('baseline', { service: {} }), template('canary', { replicas: 2 })],
        analyses: [{ name: 'errors', templateName: 'gate' }],
      }),
    ),
  ],
  runsEnd: 'Successful',
}

const step = {
  experiment: {
    scaleDownDelaySeconds: 2,
    templates: [
      { name: 'baseline', specRef: 'stable' },
      { name: 'canary', specRef: 'canary' },
    ],
    analyses: [{ name: 'errors', templateName: 'gate', requiredForCompletion: true }],
  },
}
const inRollout: ExperimentStory = {
  objects: [gateObject, withoutUid(rollout({ replicas: 2, routed: false, steps: [step, { setWeight: 50 }] }))],
  runsEnd: 'Successful',
  act: async (client) => {
    const ref = { kind: kinds.rollouts, namespace: 'web', name: 'shop' }
    const { status, spec } = (await client.get<ReturnType<typeof rollout>>(ref)) ?? {}
    const isNew = JSON.stringify(spec?.template).includes('shop:2')
    if (status?.phase === 'Healthy' && !isNew)
      await client.patch(ref, 'merge', {
        spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } },
      })
    return isNew && status?.phase === 'Healthy'
  },
}

/** What must not depend on crashes. */
const essence = ({ experiments, replicaSets, services, runs, rollout: released, births }: ExperimentEnding) => ({
  experiments: experiments.map(({ metadata, status }) => ({
    name: metadata.name,
    phase: status?.phase,
    templates: status?.templateStatuses?.map(({ name, status: is, replicas }) => [name, is, replicas]),
    runs: status?.analysisRuns?.map(({ analysisRun, phase }) => [analysisRun, phase]),
  })),
  sizes: replicaSets.map((rs) => [rs.metadata.name, rs.spec.replicas]),
  services: services.map(({ metadata }) => metadata.name),
  runs: runs.map(({ metadata, status }) => [metadata.name, status?.phase]),
  rollout: [released?.status?.phase, released?.status?.currentStepIndex],
  births,
})

describe('an experiment alone', () => {
  test('leaves its record, and nothing that runs', async () => {
    const ending = await tellExperiment(alone)
    assert.deepEqual(essence(ending), {
      experiments: [
        {
          name: 'trial',
          phase: 'Successful',
          templates: [
            ['baseline', 'Successful', 0],
            ['canary', 'Successful', 0],
          ],
          runs: [['trial-errors', 'Successful']],
        },
      ],
      sizes: [
        ['trial-baseline', 0],
        ['trial-canary', 0],
      ],
      services: [],
      runs: [['trial-errors', 'Successful']],
      rollout: [undefined, undefined],
      births: [
        'create analysisruns/trial-errors',
        'create replicasets/trial-baseline',
        'create replicasets/trial-canary',
        'create services/trial-baseline',
        'delete services/trial-baseline',
      ],
    })
    assert.match(ending.metrics, /^experiment_info\{namespace="web",name="trial",phase="Successful"\} 1$/m)
    assert.match(ending.metrics, /^experiment_phase\{namespace="web",name="trial",phase="Running"\} 0$/m)
    assert.deepEqual(
      ending.events.filter((event) => event.startsWith('Experiment Experiment')),
      ['Experiment ExperimentPending', 'Experiment ExperimentRunning', 'Experiment ExperimentSuccessful'],
    )
  })

  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'trial-baseline', namespace: 'web' },
    spec: { selector: { app: 'another' }, ports: [{ port: 80 }] },
  } as Service

  test('a Service of somebody else is left alone, and named', async () => {
    const { experiments, services } = await tellExperiment({ ...alone, objects: [...alone.objects, service] })
    const words = 'service trial-baseline already exists and is not owned by experiment template baseline'
    assert.equal(experiments[0]?.status?.phase, 'Error')
    assert.equal(
      experiments[0].status.message,
      `Failed to create Service trial-baseline for template 'baseline': ${words}`,
    )
    assert.deepEqual(services[0]?.spec.selector, { app: 'another' })
  })

  test('what a former experiment of this name left is waited for, not taken over', async () => {
    const owner = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      name: 'trial',
      uid: 'former',
      controller: true,
    }
    const leftOver = { ...service, metadata: { ...service.metadata, ownerReferences: [owner] } } as Service
    let seconds = 0
    const { experiments } = await tellExperiment({
      ...alone,
      objects: [...alone.objects, leftOver],
      act: async (client: KubeClient) => {
        seconds += 1
        if (seconds === 10) await client.delete({ kind: kinds.services, namespace: 'web', name: 'trial-baseline' })
        return seconds > 10
      },
    })
    assert.equal(experiments[0]?.status?.phase, 'Successful')
  })
})

describe('an experiment as a step', () => {
  test('is made from the live ReplicaSets, and its pods belong to nobody else', async () => {
    const { experiments, replicaSets, rollout: released, runs } = await tellExperiment(inRollout)
    const [made] = experiments
    assert.match(made?.metadata.name ?? '', /^shop-\w+-2-0$/)
    assert.equal(released?.status?.canary?.currentExperiment, undefined)
    const hashes = replicaSets.map((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH])
    assert.equal(new Set(hashes).size, replicaSets.length, 'every ReplicaSet has a hash of its own')
    for (const rs of replicaSets)
      assert.equal(rs.spec.selector.matchLabels?.[POD_TEMPLATE_HASH], rs.metadata.labels?.[POD_TEMPLATE_HASH])
    assert.equal(runs[0]?.metadata.ownerReferences?.[0]?.kind, 'Experiment')
  })
})

describe('experiments survive a crash at every write (S18)', () => {
  for (const [name, story] of Object.entries({ alone, inRollout }))
    test(name, { timeout: 300_000 }, async () => {
      const whole = await tellExperiment(story)
      const expected = essence(whole)
      const crashes: Crash[] = whole.writes.flatMap((_write, at) => [
        { atWrite: at + 1, applied: true },
        { atWrite: at + 1, applied: false },
      ])
      for (const crash of crashes)
        assert.deepEqual(
          essence(await tellExperiment(story, crash)),
          expected,
          JSON.stringify([crash, whole.writes[crash.atWrite - 1]]),
        )
    })
})
