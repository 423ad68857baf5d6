/** How long a finished run stays, and which of the three times counts: Argo's rules, at given moments. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide } from '../../../analysis/domain/decide.ts'
import type { AnalysisPhase, AnalysisRun } from '../../../controller/api/analysis.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'

const completedAt = Date.UTC(2026, 0, 1)
type Strategy = NonNullable<AnalysisRun['spec']['ttlStrategy']>

const run = (phase: AnalysisPhase, ttlStrategy: Strategy | undefined, isDated = true): AnalysisRun => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name: 'run', namespace: 'default' },
  spec: { metrics: [], ...(ttlStrategy ? { ttlStrategy } : {}) },
  status: { phase, ...(isDated ? { completedAt: formatInstant(completedAt) } : {}) },
})

const all: Strategy = { secondsAfterCompletion: 30, secondsAfterSuccess: 10, secondsAfterFailure: 20 }

/** phase, strategy, seconds until it is deleted */
const rows: readonly (readonly [AnalysisPhase, Strategy | undefined, number | undefined])[] = [
  ['Successful', undefined, undefined],
  ['Successful', {}, undefined],
  ['Successful', all, 10],
  ['Successful', { secondsAfterCompletion: 30, secondsAfterFailure: 20 }, 30],
  ['Successful', { secondsAfterFailure: 20 }, undefined],
  ['Successful', { secondsAfterSuccess: 0 }, 0],
  ['Failed', all, 20],
  ['Failed', { secondsAfterCompletion: 30, secondsAfterSuccess: 10 }, 30],
  ['Error', all, 30],
  ['Inconclusive', all, 30],
  ['Inconclusive', { secondsAfterFailure: 20 }, undefined],
]

describe('a finished run', () => {
  for (const [phase, strategy, seconds] of rows)
    test(`${phase} with ${JSON.stringify(strategy)} is deleted after ${seconds ?? 'no time'}`, () => {
      const at = (ms: number) => decide({ run: run(phase, strategy), mode: 'strict', now: completedAt + ms })
      if (seconds === undefined) return assert.deepEqual(at(1e12), { do: 'nothing' })
      if (seconds > 0) assert.deepEqual(at(0), { do: 'nothing', wakeAt: completedAt + seconds * 1000 })
      assert.equal(at(seconds * 1000).do, 'delete')
    })

  test('without a time of completion stays', () =>
    assert.deepEqual(decide({ run: run('Failed', all, false), mode: 'strict', now: 1e15 }), { do: 'nothing' }))
})
