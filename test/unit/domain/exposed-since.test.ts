/** Where the evidence of a gate begins: with the release, once for all runs of an attempt, and from nothing after a rollback or a retry. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { EXPOSED_SINCE, REVISION_HISTORY } from '../../../controller/api/labels.ts'
import type { ReplicaSet, RolloutStatus } from '../../../controller/api/rollout.ts'
import { renderExposedSince } from '../../../controller/domain/analysis/exposed-since.ts'

const run = (createdAt: string | undefined, exposedSince?: string, plugin = 'penstock/gate'): AnalysisRun => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: {
    name: 'run',
    ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
    ...(exposedSince === undefined ? {} : { annotations: { [EXPOSED_SINCE]: exposedSince } }),
  },
  spec: { metrics: [{ name: 'gate', provider: { plugin: { [plugin]: {} } } }] },
})
const replicaSet = (annotations: Readonly<Record<string, string>> = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'rs', creationTimestamp: '2026-01-01T10:00:00Z', annotations },
  spec: { replicas: 1, selector: {}, template: { metadata: {}, spec: { containers: [] } } },
})
const [early, late] = ['2026-01-01T10:05:00Z', '2026-01-01T11:00:00Z']

describe('evidence begins', () => {
  const aborted: RolloutStatus = { abortedAt: '2026-01-01T10:30:00Z' }
  /** what, status, ReplicaSet, earlier runs of the attempt, expected */
  const rows: readonly (readonly [
    string,
    RolloutStatus,
    ReplicaSet | undefined,
    readonly AnalysisRun[],
    string | undefined,
  ])[] = [
    ['when the ReplicaSet was made', {}, replicaSet(), [], '2026-01-01T10:00:00Z'],
    ['where that of earlier runs does', {}, replicaSet(), [run(late, early), run(early, early)], early],
    [
      'with the first run of the attempt, where nobody noted more',
      aborted,
      replicaSet(),
      [run(late), run(early)],
      early,
    ],
    ['with the run, after a retry', aborted, replicaSet(), [], undefined],
    ['with the run, when an old ReplicaSet came back', {}, replicaSet({ [REVISION_HISTORY]: '1' }), [], undefined],
    ['with the run, before there is a ReplicaSet', {}, undefined, [], undefined],
  ]
  for (const [what, status, newRs, earlier, expected] of rows)
    test(what, () =>
      assert.deepEqual(
        renderExposedSince({ status, newRs }, run(undefined), earlier),
        expected === undefined ? {} : { [EXPOSED_SINCE]: expected },
      ),
    )

  test('and is told to gates alone', () =>
    assert.deepEqual(
      renderExposedSince({ status: {}, newRs: replicaSet() }, run(undefined, undefined, 'penstock/kubernetes'), []),
      {},
    ))
})
