/** Writes of a pass over an Experiment: what the API server refuses for good becomes words, and nothing is taken from under traffic. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ExperimentAction } from '../../../controller/domain/experiment/plan.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import type { Fence } from '../../../controller/kube/fence.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { applyExperiment } from '../../../controller/reconcile/experiment/apply.ts'
import { experiment, template } from '../../builders/experiment.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createExperimentMachine } from '../../golden/experiment-machine.ts'

const fence: Fence = {
  recordWrite() {},
  recordDelete() {},
  recordUnknown() {},
  recordConflict() {},
  behind: () => [],
  catchUp: async () => {},
  forget() {},
}

async function setUp(weights?: object) {
  const kube = createMemoryKube()
  const machine = createExperimentMachine({
    experiment: experiment({
      duration: '10s',
      scaleDownDelaySeconds: 0,
      templates: [template('canary', { service: {} })],
    }),
  })
  machine.settle()
  const seen = machine.world()
  const rollout = await kube.client.create(kinds.rollouts, {
    metadata: { name: 'shop', namespace: 'web' },
    status: { canary: { weights } },
  } as KubeObject)
  const owner = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    name: 'shop',
    uid: rollout.metadata.uid ?? '',
    controller: true,
  }
  const replicaSets = await Promise.all(seen.replicaSets.map((rs) => kube.client.create(kinds.replicaSets, rs)))
  const services = await Promise.all(seen.services.map((service) => kube.client.create(kinds.services, service)))
  const owned = { ...seen.experiment, metadata: { ...seen.experiment.metadata, ownerReferences: [owner] } }
  const world = { ...seen, experiment: owned, replicaSets, services }
  const run = (...actions: ExperimentAction[]) =>
    applyExperiment('web/trial', world, { actions, status: {}, events: [], holds: [] }, { client: kube.client, fence })
  const [replicaSet] = replicaSets
  const [service] = services
  assert.ok(replicaSet && service)
  return { kube, run, replicaSet, service }
}

const weightsWith = (rest: object) => ({ canary: { weight: 10 }, stable: { weight: 80 }, verified: true, ...rest })

describe('before pods or a Service go, the Rollout is asked live', () => {
  const rows: readonly [string, object | undefined, boolean][] = [
    ['no weights at all', undefined, true],
    ['traffic goes there', weightsWith({ additional: [{ serviceName: 'trial-canary', weight: 10 }] }), false],
    ['a weight of 0', weightsWith({ additional: [{ serviceName: 'trial-canary', weight: 0 }] }), true],
    ['traffic goes elsewhere', weightsWith({ additional: [{ serviceName: 'other', weight: 10 }] }), true],
    ['taken back, but the gateway has not said so yet', weightsWith({ verified: false }), false],
  ]
  for (const [name, weights, goes] of rows)
    test(name, async () => {
      const { run, replicaSet, service } = await setUp(weights)
      const outcome = await run({ do: 'scale', replicaSet, to: 0, annotations: {} }, { do: 'deleteService', service })
      assert.deepEqual([outcome.done.length, outcome.deferred.length], goes ? [2, 0] : [0, 2])
    })

  test('scaling up asks nobody', async () => {
    const { run, replicaSet } = await setUp(weightsWith({ verified: false }))
    assert.equal((await run({ do: 'scale', replicaSet, to: 3, annotations: {} })).done.length, 1)
  })
})

describe('a creation that the API server refuses', () => {
  const refuse = (code: number, reason: string) => async () => {
    const { kube, run, replicaSet } = await setUp()
    kube.before((verb) => {
      if (verb === 'create') throw new KubeError({ code, reason, message: 'its words' }, 'create')
    })
    return run({ do: 'createReplicaSet', replicaSet, template: 'canary' })
  }
  for (const [code, reason] of [
    [422, 'Invalid'],
    [403, 'Forbidden'],
    [400, 'BadRequest'],
  ] as const)
    test(`for good (${code}) is told as the template's end`, async () => {
      const { refusals, failure } = await refuse(code, reason)()
      assert.deepEqual(refusals, [
        {
          of: 'template',
          name: 'canary',
          message: "Failed to create ReplicaSet for template 'canary': create: its words",
        },
      ])
      assert.equal(failure, undefined)
    })
  for (const [code, reason] of [
    [0, 'ConnectionLost'],
    [429, 'TooManyRequests'],
    [503, 'ServiceUnavailable'],
  ] as const)
    test(`for now (${code}) stops the pass and is tried again`, async () => {
      const { refusals, failure } = await refuse(code, reason)()
      assert.deepEqual(refusals, [])
      assert.ok(failure)
    })

  test('a run that cannot be made ends its analysis', async () => {
    const { kube, run } = await setUp()
    kube.before((verb) => {
      if (verb === 'create') throw new KubeError({ code: 422, reason: 'Invalid', message: 'its words' }, 'create')
    })
    const made = { metadata: { name: 'trial-errors', namespace: 'web' }, spec: { metrics: [] } }
    const { refusals } = await run({ do: 'createAnalysisRun', run: made, analysis: 'errors' })
    assert.deepEqual(refusals, [{ of: 'analysis', name: 'errors', message: 'create: its words' }])
  })
})
