import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import { GATE_VERDICT, type GateVerdict } from '../../../controller/api/verdict.ts'
import { createNarrator } from '../../../sandbox/story/narrator.ts'
import type { Observation } from '../../../sandbox/story/observation.ts'
import { gateCase } from '../../builders/gate-case.ts'

const observation = (more: Partial<Observation>): Observation => ({
  rollout: () => undefined,
  runs: () => [],
  weights: () => [],
  abortedAt: () => undefined,
  failedAt: () => undefined,
  subscribe: () => () => {},
  stop: async () => {},
  ...more,
})

function tell(hasColours = false) {
  const lines: string[] = []
  const narrator = createNarrator({ write: (text) => void lines.push(text), hasColours, elapsedMs: () => 61_000 })
  return { narrator, lines }
}

describe('the narrator', () => {
  test('prints weights, verdicts and phases once: a finding whole, the rest on a line each', () => {
    const { narrator, lines } = tell()
    const abort: GateVerdict = { ...judgeGate(gateCase()), text: 'ABORT  error-rate\n  canary 13 of 67 failed' }
    const measured = (name: string, phase: 'Failed' | 'Inconclusive', verdict?: GateVerdict) => ({
      name,
      phase,
      measurements: [{ phase, ...(verdict ? { metadata: { [GATE_VERDICT]: JSON.stringify(verdict) } } : {}) }],
    })
    const seen = observation({
      weights: () => [{ weight: 25, atMs: 0 }],
      runs: () => [
        {
          metadata: { name: 'r', uid: 'u' },
          spec: { metrics: [] },
          status: {
            phase: 'Failed',
            metricResults: [
              measured('error-rate', 'Failed', abort),
              measured('p99-latency', 'Inconclusive', { ...abort, text: 'HOLD   p99\n  not told' }),
              measured('events', 'Inconclusive'),
            ],
          },
        },
      ],
      rollout: () => ({
        metadata: { name: 'shop' },
        spec: { strategy: { canary: { steps: [{ setWeight: 25 }] } } },
        status: { phase: 'Degraded', message: 'RolloutAborted: ABORT\n  all of it again', currentStepIndex: 0 },
      }),
    })
    narrator.observe(seen)
    narrator.observe(seen)
    assert.match(lines[0] ?? '', /^ 1:01 {2}traffic .* 25 % canary\n$/)
    assert.deepEqual(lines.slice(1), [
      ' 1:01  gates Failed\n',
      '       ABORT  error-rate\n',
      '         canary 13 of 67 failed\n',
      '       HOLD   p99\n',
      '       events Inconclusive\n',
      ' 1:01  Degraded  RolloutAborted: ABORT\n',
    ])
  })

  test('is plain where nobody looks', () => {
    const plain = tell()
    plain.narrator.say('text', 'bad')
    assert.ok(!plain.lines.join('').includes('\u001b'))
    const coloured = tell(true)
    coloured.narrator.say('text', 'bad')
    assert.ok(coloured.lines.join('').includes('\u001b[31m'))
  })
})
