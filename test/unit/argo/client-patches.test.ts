/** Every row of the promote table, and the patches of the other actions, exactly as Argo's plugin writes them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet, Rollout, RolloutSpec, RolloutStatus } from '../../../controller/api/rollout.ts'
import {
  abortPatches,
  pausePatches,
  promoteFullPatches,
  promotePatches,
  retryPatches,
  undoPatches,
} from '../../../controller/argo/client-patches.ts'

const canary: RolloutSpec['strategy'] = { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } }
const blueGreen: RolloutSpec['strategy'] = { blueGreen: { activeService: 'web' } }
const paused = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }]
const inconclusive = { currentStepAnalysisRunStatus: { name: 'run', status: 'Inconclusive' } }

const rollout = (
  strategy: RolloutSpec['strategy'],
  status: RolloutStatus,
  spec: Partial<RolloutSpec> = {},
): Rollout => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { ...(strategy ? { strategy } : {}), ...spec },
  status,
})

const statusPatch = (fields: object) => ({
  target: 'rollout',
  subresource: 'status',
  kind: 'merge',
  body: { status: fields },
})
const unpause = { target: 'rollout', kind: 'merge', body: { spec: { paused: false } } }

describe('promote', () => {
  const rows: [string, Rollout, object[]][] = [
    [
      'a paused step is resumed, its index is the controller’s to move',
      rollout(canary, { pauseConditions: paused, controllerPause: true, currentStepIndex: 1 }),
      [statusPatch({ pauseConditions: null })],
    ],
    [
      'a pause for an inconclusive analysis passes the step',
      rollout(canary, { pauseConditions: paused, controllerPause: true, currentStepIndex: 0, canary: inconclusive }),
      [statusPatch({ pauseConditions: null, controllerPause: false, currentStepIndex: 1 })],
    ],
    [
      'an inconclusive analysis without our pause is an ordinary pause',
      rollout(canary, { pauseConditions: paused, currentStepIndex: 0, canary: inconclusive }),
      [statusPatch({ pauseConditions: null })],
    ],
    [
      'a pause for an inconclusive experiment passes the step',
      rollout(canary, {
        pauseConditions: [{ reason: 'InconclusiveExperiment', startTime: '2026-01-01T00:00:00Z' }],
        controllerPause: true,
        currentStepIndex: 0,
      }),
      [statusPatch({ pauseConditions: null, controllerPause: false, currentStepIndex: 1 })],
    ],
    [
      'a running step is skipped',
      rollout(canary, { currentStepIndex: 0 }),
      [statusPatch({ pauseConditions: null, currentStepIndex: 1 })],
    ],
    [
      'the index never goes past the end',
      rollout(canary, { currentStepIndex: 2 }),
      [statusPatch({ pauseConditions: null, currentStepIndex: 2 })],
    ],
    [
      'a missing index counts as the first step',
      rollout(canary, {}),
      [statusPatch({ pauseConditions: null, currentStepIndex: 1 })],
    ],
    ['canary without steps has nothing to skip', rollout({ canary: {} }, {}), []],
    ['blue-green without pause has nothing to skip', rollout(blueGreen, {}), []],
    [
      'blue-green at its pause is switched',
      rollout(blueGreen, { pauseConditions: paused, controllerPause: true }),
      [statusPatch({ pauseConditions: null })],
    ],
    [
      'the spec is unpaused after the status, never before',
      rollout(canary, { pauseConditions: paused, currentStepIndex: 1 }, { paused: true }),
      [statusPatch({ pauseConditions: null }), unpause],
    ],
    ['a spec pause alone', rollout(blueGreen, {}, { paused: true }), [unpause]],
  ]
  for (const [name, given, expected] of rows) test(name, () => assert.deepEqual(promotePatches(given), expected))
})

describe('promote --full', () => {
  test('sets promoteFull while a newer revision is on its way', () => {
    assert.deepEqual(promoteFullPatches(rollout(canary, { currentPodHash: 'b', stableRS: 'a' })), [
      statusPatch({ promoteFull: true }),
    ])
  })
  test('only unpauses when the newest revision is stable', () => {
    const given = rollout(canary, { currentPodHash: 'a', stableRS: 'a' }, { paused: true })
    assert.deepEqual(promoteFullPatches(given), [unpause])
  })
})

test('abort, retry and pause', () => {
  assert.deepEqual(abortPatches(), [statusPatch({ abort: true })])
  assert.deepEqual(retryPatches(), [statusPatch({ abort: false })])
  assert.deepEqual(pausePatches(), [{ target: 'rollout', kind: 'merge', body: { spec: { paused: true } } }])
})

describe('undo', () => {
  const revision = (number: number, hash: string): ReplicaSet => ({
    metadata: {
      name: `web-${hash}`,
      labels: { 'rollouts-pod-template-hash': hash },
      annotations: { 'rollout.argoproj.io/revision': String(number) },
    },
    spec: {
      selector: {},
      template: {
        metadata: { labels: { app: 'web', 'rollouts-pod-template-hash': hash } },
        spec: { containers: [{ name: 'web', image: `web:${hash}` }] },
      },
    },
  })
  const kept = [revision(2, 'b'), revision(1, 'a'), revision(3, 'c')]
  const replace = (hash: string) => ({
    kind: 'json',
    body: [
      {
        op: 'replace',
        path: '/spec/template',
        value: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: `web:${hash}` }] } },
      },
    ],
  })
  const current = rollout(canary, { currentPodHash: 'c' })

  test('goes to the revision before the newest, without the hash label', () => {
    assert.deepEqual(undoPatches(current, kept), [{ target: 'rollout', ...replace('b') }])
  })
  test('goes to the revision that is named', () => {
    assert.deepEqual(undoPatches(current, kept, 1), [{ target: 'rollout', ...replace('a') }])
  })
  test('leaves out what a controller had injected for a role, and takes back what that had covered', () => {
    const [b] = kept
    assert.ok(b)
    const { labels } = b.spec.template.metadata ?? {}
    const term = {
      labelSelector: { matchExpressions: [{ key: 'rollouts-pod-template-hash', operator: 'In', values: ['a'] }] },
      topologyKey: 'kubernetes.io/hostname',
    }
    const injected: ReplicaSet = {
      metadata: {
        ...b.metadata,
        annotations: {
          ...b.metadata.annotations,
          'rollout.argoproj.io/ephemeral-metadata': '{"labels":{"role":"canary","tier":"gold"}}',
          'penstock.dev/overridden-pod-metadata': '{"labels":{"tier":"silver"}}',
        },
      },
      spec: {
        ...b.spec,
        template: {
          metadata: { labels: { ...labels, role: 'canary', tier: 'gold' } },
          spec: {
            ...b.spec.template.spec,
            affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
          },
        },
      },
    }
    const patches = undoPatches(current, [injected, ...kept.slice(1)])
    assert.ok(Array.isArray(patches))
    const text = JSON.stringify(patches)
    assert.ok(!text.includes('canary') && !text.includes('gold') && !text.includes('"a"'), text)
    assert.ok(text.includes('"tier":"silver"'), text)
  })
  test('patches the Deployment that holds the template', () => {
    const given = rollout(canary, { currentPodHash: 'c' }, { workloadRef: { kind: 'Deployment', name: 'web' } })
    assert.deepEqual(undoPatches(given, kept), [{ target: 'workload', ...replace('b') }])
  })
  const refusals: [string, Rollout, readonly ReplicaSet[], number | undefined, RegExp][] = [
    ['an unknown revision names those that are kept', current, kept, 9, /revision 9 is not kept .* 3, 2, 1/],
    ['one revision has none before it', current, [revision(1, 'a')], undefined, /no revision before the newest/],
    ['the current revision is no way back', current, kept, 3, /revision 3 is what the spec describes already/],
    [
      'a workload of another kind is left alone',
      rollout(canary, {}, { workloadRef: { kind: 'PodTemplate', name: 'web' } }),
      kept,
      undefined,
      /come from PodTemplate web/,
    ],
  ]
  for (const [name, given, replicaSets, to, message] of refusals)
    test(name, () => {
      const result = undoPatches(given, replicaSets, to)
      assert.ok('refusal' in result)
      assert.match(result.refusal, message)
    })
})
