/** Every state has a sentence for what it waits for, and the history merges events, notices and abort requests by time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import type { KubeEvent } from '../../../cli/cluster/picture.ts'
import { runCli } from '../../../cli/program.ts'
import { createStyle } from '../../../cli/terminal.ts'
import { explain } from '../../../cli/view/explanation.ts'
import { renderExplanation } from '../../../cli/view/explanation-text.ts'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import { OUTBOX } from '../../../controller/api/notice.ts'
import type { Rollout, RolloutSpec, RolloutStatus } from '../../../controller/api/rollout.ts'
import { GATE_VERDICT } from '../../../controller/api/verdict.ts'
import { gateCase } from '../../builders/gate-case.ts'
import { analysisRun, canaryObjects, canaryRollout, replicaSets } from './canary-objects.ts'
import { createFakeCli, createFakeCluster } from './fake-cluster.ts'

const atMs = Date.parse('2026-01-01T01:00:00Z')
const given = (
  status: RolloutStatus,
  spec: Partial<RolloutSpec> = {},
  annotations: Record<string, string> = {},
): Rollout => ({
  ...canaryRollout,
  metadata: { ...canaryRollout.metadata, annotations: { ...canaryRollout.metadata.annotations, ...annotations } },
  spec: { ...canaryRollout.spec, ...spec },
  status: { ...canaryRollout.status, ...status },
})
const explained = (rollout: Rollout, events: readonly KubeEvent[] = []) =>
  explain({ rollout, replicaSets, pods: [], analysisRuns: [analysisRun], experiments: [], atMs }, events)

const condition = (type: string, reason: string, message: string) => ({
  type,
  status: 'True' as const,
  reason,
  message,
})
const request = {
  id: 'f@1',
  action: 'abort',
  podHash: 'bbb',
  revision: 2,
  receivedAt: '2026-01-01T00:59:59Z',
  reason: 'AlertFiring',
  message: 'alert TooManyErrors fires',
}

describe('what it waits for', () => {
  const noPause: RolloutStatus = { pauseConditions: null, controllerPause: false, canary: {} }
  const rows: [string, Rollout, RegExp][] = [
    [
      'a timed pause',
      canaryRollout,
      /^For the pause to end at 2026-01-01T01:00:30Z \(in 30s\); continue with: penstock promote web/,
    ],
    [
      'a pause without end',
      given({ currentStepIndex: 2 }),
      /^For a person: it is paused until promoted \(CanaryPauseStep\)/,
    ],
    [
      'an inconclusive analysis',
      given({ pauseConditions: [{ reason: 'InconclusiveAnalysisRun', startTime: '2026-01-01T00:00:00Z' }] }),
      /^For a person: the evidence was not conclusive/,
    ],
    [
      'a spec pause',
      given(noPause, { paused: true }),
      /^For a person: spec.paused is set; resume with: penstock promote web/,
    ],
    [
      'an unseen spec',
      given({ ...noPause, observedGeneration: '6' }),
      /^For the controller to see generation 7 \(it has seen 6\)/,
    ],
    ['an aborted update', given({ ...noPause, abort: true }), /^For a new revision, or for: penstock retry web/],
    [
      'an invalid spec',
      given({ ...noPause, conditions: [condition('InvalidSpec', 'InvalidSpec', 'no selector')] }),
      /^For the spec to be corrected: no selector/,
    ],
    [
      'an abort request that is not obeyed yet',
      given(noPause, {}, { [ABORT_REQUESTS]: JSON.stringify([request]) }),
      /^For the controller to abort, as asked at 2026-01-01T00:59:59Z: alert TooManyErrors fires/,
    ],
    [
      'a step analysis',
      given({ ...noPause, canary: { currentStepAnalysisRunStatus: { name: 'web-bbb-2', status: 'Running' } } }),
      /^For the verdict of web-bbb-2, metric error-rate: 3 of 5 taken: 2 successful, 1 failed; last 0.2$/,
    ],
    [
      'nothing',
      given({ ...noPause, phase: 'Healthy', message: '', currentPodHash: 'aaa' }),
      /^For nothing: the release is complete/,
    ],
    [
      'pods',
      given({ ...noPause, phase: 'Progressing', message: 'more replicas need to be updated' }),
      /^For the cluster: more replicas/,
    ],
  ]
  for (const [name, rollout, first] of rows) test(name, () => assert.match(explained(rollout).waitsFor[0] ?? '', first))
})

test('where it stands: revision, step, weight, and why it was aborted', () => {
  assert.deepEqual(explained(canaryRollout).stands, [
    'Revision 2 (bbb) is being released; aaa is stable.',
    'It is at step 2 of 4 (pause 60s), with weight 5 of the 5 asked for.',
  ])
  const aborted = given({
    abort: true,
    abortedAt: '2026-01-01T00:59:00Z',
    conditions: [condition('Progressing', 'RolloutAborted', 'Rollout aborted update to revision 2: error rate 20 %')],
  })
  assert.match(explained(aborted).stands.at(-1) ?? '', /aborted at 2026-01-01T00:59:00Z: .* error rate 20 %/)
})

test('the gates of the current revision are told in full, the newest run of each first', () => {
  const verdict = judgeGate(gateCase({ canaryRate: 0.02, minutes: 4 }))
  const measured = (name: string, creationTimestamp: string, hash = 'bbb') => ({
    ...analysisRun,
    metadata: {
      ...analysisRun.metadata,
      name,
      creationTimestamp,
      labels: { [POD_TEMPLATE_HASH]: hash },
    },
    status: {
      phase: 'Failed' as const,
      metricResults: [
        {
          name: 'error-rate',
          phase: 'Failed' as const,
          message: verdict.text,
          measurements: [{ phase: 'Failed' as const, metadata: { [GATE_VERDICT]: JSON.stringify(verdict) } }],
        },
      ],
    },
  })
  const rollout = given({ currentPodHash: 'bbb' })
  const analysisRuns = [
    measured('web-bbb-2.1', '2026-01-01T00:20:00Z'),
    measured('web-bbb-2', '2026-01-01T00:10:00Z'),
    measured('web-aaa-1', '2026-01-01T00:30:00Z', 'aaa'),
  ]
  const told = explain({ rollout, replicaSets, pods: [], analysisRuns, experiments: [], atMs }, [])
  assert.deepEqual(told.verdicts, [{ run: 'web-bbb-2.1', metric: 'error-rate', verdict }])
  const text = renderExplanation(told, createStyle({ unicode: true, color: false }))
  assert.match(text, /\nVerdicts\n {2}ABORT {2}error-rate .*\n {4}canary \d.*\n {4}evidence /)
  assert.match(text, /\n {4}\(error-rate of web-bbb-2\.1\)\n/)
})

test('what a gate said stands once, and what came after it beside it', () => {
  const verdict = judgeGate(gateCase({ canaryRate: 0.05, minutes: 4 }))
  const said = { phase: 'Running' as const, metadata: { [GATE_VERDICT]: JSON.stringify(verdict) } }
  const run = {
    ...analysisRun,
    metadata: { ...analysisRun.metadata, name: 'web-bbb-2', labels: { [POD_TEMPLATE_HASH]: 'bbb' } },
    status: {
      phase: 'Error' as const,
      metricResults: [
        {
          name: 'error-rate',
          phase: 'Error' as const,
          measurements: [said, { phase: 'Error' as const, message: 'prometheus: HTTP 503; query: up' }],
        },
      ],
    },
  }
  const message = `Rollout aborted update to revision 2: Metric "error-rate" assessed Failed: "Error Message: ${verdict.text}"`
  const conditions = [condition('Progressing', 'RolloutAborted', message)]
  const rollout = given({ currentPodHash: 'bbb', abort: true, message, conditions })
  const told = explain({ rollout, replicaSets, pods: [], analysisRuns: [run], experiments: [], atMs }, [
    { metadata: { name: 'e' }, reason: 'RolloutAborted', message: `${message.slice(0, 500)}…` },
    { metadata: { name: 'f' }, reason: 'Other', message: 'two\nlines' },
  ])
  const text = renderExplanation(told, createStyle({ unicode: true, color: false }))
  const [, counts = ''] = verdict.text.split('\n')
  assert.equal(text.split(counts.trim()).length, 2, text)
  assert.match(text, /since then: prometheus: HTTP 503; query: up/)
  assert.match(text, /RolloutAborted: Rollout aborted .*ABORT {2}error-rate .* …\n/)
  assert.match(text, /Other: two lines/)
})

test('what it did: events, notices and requests in the order of time', () => {
  const notice = {
    id: '2/StagePassed/0',
    kind: 'StagePassed',
    at: '2026-01-01T00:58:00Z',
    revision: 2,
    podHash: 'bbb',
    reason: 'StagePassed',
    message: 'step 1 of 4 passed',
  }
  const annotations = { [OUTBOX]: JSON.stringify([notice]), [ABORT_REQUESTS]: JSON.stringify([request]) }
  const event: KubeEvent = {
    metadata: { name: 'e' },
    reason: 'ScalingReplicaSet',
    message: 'Scaled up',
    count: 3,
    lastTimestamp: '2026-01-01T00:59:00Z',
  }
  assert.deepEqual(
    explained(given({}, {}, annotations), [event]).did.map((deed) => `${deed.source} ${deed.message}`),
    [
      'notice step 1 of 4 passed (not delivered yet)',
      'event Scaled up (3 times)',
      'abort-request alert TooManyErrors fires',
    ],
  )
})

test("the plan is the controller's own decision about what the cluster holds", async () => {
  const { deps, output } = createFakeCli(createFakeCluster(canaryObjects()))
  assert.equal(await runCli(['explain', 'web'], deps), 0)
  assert.match(output().out, /\nPlan\n {2}world {2}.*step .*\n {2}plan {3}/)
})

test('the command prints the story, with the plan that it is told', async () => {
  const { deps, output } = createFakeCli(createFakeCluster(canaryObjects()))
  assert.equal(await runCli(['explain', 'web'], { ...deps, tellPlan: async () => ['hold CanaryNotReady'] }), 0)
  assert.match(output().out, /^shop\/web {2}॥ Paused: CanaryPauseStep\n\nStands\n {2}Revision 2/)
  assert.match(output().out, /\nPlan\n {2}hold CanaryNotReady\n\nDid\n {2}nothing that is still on record\n$/)
})
