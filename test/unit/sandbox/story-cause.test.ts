import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { readOutcome } from '../../../sandbox/story/cause.ts'

const rollout = (status: Rollout['status'], annotations: Record<string, string> = {}): Rollout => ({
  metadata: { name: 'shop', namespace: 'shop', annotations },
  spec: {},
  ...(status ? { status } : {}),
})

const run = (hash: string, phase: 'Failed' | 'Successful' | 'Inconclusive', metric: string): AnalysisRun => ({
  metadata: { name: `run-${hash}`, labels: { 'rollouts-pod-template-hash': hash } },
  spec: { metrics: [] },
  status: { phase, metricResults: [{ name: metric, phase }] },
})

const request = (podHash: string) =>
  JSON.stringify([
    {
      id: 'f@t',
      action: 'abort',
      podHash,
      revision: 2,
      receivedAt: '2026-01-01T00:00:00Z',
      reason: 'AlertFiring',
      message: 'Alert X is firing',
    },
  ])

describe('what became of a release', () => {
  test('undefined while it is under way, and for another revision', () => {
    assert.equal(readOutcome(rollout(undefined), [], 'b'), undefined)
    assert.equal(readOutcome(rollout({ currentPodHash: 'b', stableRS: 'a', phase: 'Progressing' }), [], 'b'), undefined)
    assert.equal(readOutcome(rollout({ currentPodHash: 'a', stableRS: 'a', phase: 'Healthy' }), [], 'b'), undefined)
  })

  test('promoted once it is stable and healthy', () => {
    const outcome = readOutcome(rollout({ currentPodHash: 'b', stableRS: 'b', phase: 'Healthy' }), [], 'b')
    assert.deepEqual(outcome, { outcome: 'promoted' })
  })

  test('paused where a gate asks a person', () => {
    const pauseConditions = [{ reason: 'InconclusiveAnalysisRun', startTime: '2026-01-01T00:00:00Z' }]
    const held = rollout({ currentPodHash: 'b', stableRS: 'a', phase: 'Paused', pauseConditions })
    const runs = [run('a', 'Inconclusive', 'events'), run('b', 'Inconclusive', 'shipping')]
    assert.deepEqual(readOutcome(held, runs, 'b'), { outcome: 'paused', cause: 'shipping' })
    const failing: AnalysisRun = {
      ...run('b', 'Inconclusive', 'events'),
      status: { phase: 'Inconclusive', metricResults: [{ name: 'events', phase: 'Error' }] },
    }
    assert.deepEqual(readOutcome(held, [failing], 'b'), { outcome: 'paused', cause: 'events' })
    const byStep = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }]
    assert.equal(readOutcome(rollout({ currentPodHash: 'b', pauseConditions: byStep }), runs, 'b'), undefined)
  })

  const aborted = { currentPodHash: 'b', stableRS: 'a', phase: 'Degraded', abort: true, message: 'm' }
  const causeOf = (object: Rollout, runs: readonly AnalysisRun[]): string | undefined => {
    const outcome = readOutcome(object, runs, 'b')
    return outcome?.outcome === 'aborted' ? outcome.cause : undefined
  }

  test('the gate that failed for this revision', () => {
    assert.equal(causeOf(rollout(aborted), [run('b', 'Failed', 'p99-latency')]), 'p99-latency')
  })

  test('runs of other revisions and passed runs are no cause', () => {
    const runs = [run('a', 'Failed', 'p99-latency'), run('b', 'Successful', 'error-rate')]
    assert.equal(causeOf(rollout(aborted), runs), 'by hand')
  })

  test('an alert stored for this revision, not one for another', () => {
    assert.equal(causeOf(rollout(aborted, { [ABORT_REQUESTS]: request('b') }), []), 'alert')
    assert.equal(causeOf(rollout(aborted, { [ABORT_REQUESTS]: request('a') }), []), 'by hand')
  })
})
