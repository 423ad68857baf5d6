/**
 * Crash-equivalence (S18): the controller dies after every single write of a story, once with the write applied and once with it lost, and is
 * started again with an empty memory. The end is the same and nothing is created or deleted twice.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStep, RolloutStatus } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import { type Story, tell } from './crash-cluster.ts'

const service = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'web' },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
  }) as KubeObject
const backends = [
  { name: 'stable', port: 80 },
  { name: 'canary', port: 80 },
]
const route = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: 'web' },
  spec: { rules: [{ backendRefs: backends }] },
} as KubeObject
const gate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
} as KubeObject
const objects = [service('stable'), service('canary'), route, gate]

const shop = (steps: readonly CanaryStep[]) =>
  rollout({ replicas: 2, steps, canary: { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 } })
const paced = shop([{ setWeight: 50 }, { pause: {} }])
const judged = shop([{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'gate' }] } }])

const isHealthy = ({ phase }: RolloutStatus): boolean => phase === 'Healthy'
const isPaused = ({ phase }: RolloutStatus): boolean => phase === 'Paused'
const isAborted = ({ phase, abort }: RolloutStatus): boolean => phase === 'Degraded' && abort === true
const update = {
  when: isHealthy,
  act: (cluster: Parameters<Story['stages'][number]['act']>[0]) => cluster.setImage('shop:2'),
}

const stories: Readonly<Record<string, Story>> = {
  promote: {
    rollout: paced,
    objects,
    stages: [update, { when: isPaused, act: (cluster) => cluster.patchStatus({ pauseConditions: null }) }],
    isOver: isHealthy,
  },
  abort: {
    rollout: paced,
    objects,
    stages: [update, { when: isPaused, act: (cluster) => cluster.patchStatus({ abort: true }) }],
    isOver: isAborted,
  },
  supersede: {
    rollout: paced,
    objects,
    stages: [update, { when: isPaused, act: (cluster) => cluster.setImage('shop:3') }],
    isOver: isPaused,
  },
  undo: {
    rollout: paced,
    objects,
    stages: [update, { when: isPaused, act: (cluster) => cluster.setImage('shop:1') }],
    isOver: isHealthy,
  },
  'analysis fails': {
    rollout: judged,
    objects,
    stages: [
      update,
      {
        when: ({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined,
        act: (cluster) => cluster.endRuns('Failed'),
      },
    ],
    isOver: isAborted,
  },
}

describe('a controller that dies at any write', () => {
  for (const [name, story] of Object.entries(stories)) {
    test(name, async () => {
      const undisturbed = await tell(story)
      assert.ok(undisturbed.writes.length > 10)
      // The first deploy is the same in every story: one of them dies in it.
      const from = name === 'promote' ? 1 : undisturbed.deployWrites
      for (let atWrite = from; atWrite <= undisturbed.writes.length; atWrite++) {
        for (const applied of [true, false]) {
          const where = `write ${atWrite} (${undisturbed.writes[atWrite - 1]}), ${applied ? 'applied' : 'lost'}`
          const crashed = await tell(story, { atWrite, applied })
          assert.deepEqual(crashed.state, undisturbed.state, where)
          assert.deepEqual(crashed.births, undisturbed.births, where)
        }
      }
    })
  }
})
