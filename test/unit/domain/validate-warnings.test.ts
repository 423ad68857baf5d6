/** What is valid and surely not meant: told, never refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { manifestRules } from '../../../controller/domain/validation/manifests.ts'
import { checkRouterConfigs } from '../../../controller/traffic/check-configs.ts'
import { blueGreen, canary, spec } from './validation-table.ts'

const warn = (kind: string, object: KubeObject): readonly string[] =>
  (manifestRules(checkRouterConfigs)[kind]?.warn(object) ?? []).map(({ field, message }) => `${field}: ${message}`)
const ofTemplate = (more: object): KubeObject =>
  ({ metadata: { name: 't' }, spec: { metrics: [{ name: 'm', provider: {}, ...more }] } }) as KubeObject
const jobSpec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } }
const pods = (more: object) =>
  spec({
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'a', image: 'b' }], ...more } },
  })

const EXPECTED = 'has no effect without trafficRouting'
const NO_CONDITION = 'has no condition: Argo passes whatever it answers, here it is no evidence and the update pauses'

const rows: readonly (readonly [string, string, KubeObject, readonly string[]])[] = [
  ['nothing odd', 'Rollout', canary({ minPodsPerReplicaSet: 2, abortScaleDownDelaySeconds: 5 }), []],
  [
    'a floor without a router',
    'Rollout',
    canary({ minPodsPerReplicaSet: 2 }, false),
    [`spec.strategy.canary.minPodsPerReplicaSet: ${EXPECTED}`],
  ],
  [
    'an abort delay without a router',
    'Rollout',
    canary({ abortScaleDownDelaySeconds: 5 }, false),
    [`spec.strategy.canary.abortScaleDownDelaySeconds: ${EXPECTED}`],
  ],
  [
    'a background analysis that no step starts',
    'Rollout',
    canary({ steps: [{ setWeight: 10 }], analysis: { startingStep: 2, templates: [{ templateName: 't' }] } }),
    ['spec.strategy.canary.analysis.startingStep: is behind the last step: the background analysis never starts'],
  ],
  [
    'more delayed revisions than are kept',
    'Rollout',
    canary({ scaleDownDelayRevisionLimit: 11 }),
    ['spec.strategy.canary.scaleDownDelayRevisionLimit: is more than revisionHistoryLimit keeps'],
  ],
  [
    'seconds that nobody waits',
    'Rollout',
    blueGreen({ autoPromotionEnabled: false, autoPromotionSeconds: 5 }),
    ['spec.strategy.blueGreen.autoPromotionSeconds: has no effect while autoPromotionEnabled is false'],
  ],
  ['seconds that are waited', 'Rollout', blueGreen({ autoPromotionSeconds: 5 }), []],
  [
    'an old name',
    'Rollout',
    pods({ serviceAccount: 'x' }),
    ['spec.template.spec.serviceAccount: is the old name of serviceAccountName'],
  ],
  ['both names, as a server returns them', 'Rollout', pods({ serviceAccount: 'x', serviceAccountName: 'x' }), []],
  ['fields of pods that no schema of ours names', 'Rollout', pods({ schedulerName: 'x' }), []],
  [
    'a field that nobody knows',
    'Rollout',
    canary({ maxSurg: 1 }),
    ['spec.strategy.canary.maxSurg: is not a field that Penstock knows; it has no effect'],
  ],
  [
    'a wrong shape has unknown fields only',
    'Rollout',
    spec({ replicas: 'x', foo: 1, minReadySeconds: 1 }),
    ['spec.foo: is not a field that Penstock knows; it has no effect'],
  ],
  ['a metric without a condition', 'AnalysisTemplate', ofTemplate({}), [`spec.metrics[0]: ${NO_CONDITION}`]],
  ['a metric that a Job decides', 'AnalysisTemplate', ofTemplate({ provider: { job: { spec: jobSpec } } }), []],
  ['a metric with one', 'ClusterAnalysisTemplate', ofTemplate({ successCondition: 'result > 0' }), []],
  ['no spec', 'Rollout', { metadata: { name: 'x' } }, []],
]

describe('a warning is told of', () => {
  for (const [name, kind, object, expected] of rows) test(name, () => assert.deepEqual(warn(kind, object), expected))

  test('no warning is told of a metric that decides nothing', () => {
    const object = ofTemplate({}) as KubeObject & { spec: object }
    const dry = { ...object, spec: { ...object.spec, dryRun: [{ metricName: 'm' }] } }
    assert.deepEqual(warn('AnalysisTemplate', dry), [])
  })
})
