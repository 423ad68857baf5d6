import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createNarrator } from '../../../sandbox/story/narrator.ts'
import type { Observation } from '../../../sandbox/story/observation.ts'

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
  test('prints weights, verdicts and phases once', () => {
    const { narrator, lines } = tell()
    const seen = observation({
      weights: () => [{ weight: 25, atMs: 0 }],
      runs: () => [
        {
          metadata: { name: 'r', uid: 'u' },
          spec: { metrics: [] },
          status: {
            phase: 'Failed',
            metricResults: [
              { name: 'p99-latency', phase: 'Failed', measurements: [{ phase: 'Failed', value: '[1.4021]' }] },
              {
                name: 'business-events',
                phase: 'Inconclusive',
                measurements: [{ phase: 'Inconclusive', value: '[]' }],
              },
            ],
          },
        },
      ],
      rollout: () => ({
        metadata: { name: 'shop' },
        spec: { strategy: { canary: { steps: [{ setWeight: 25 }] } } },
        status: { phase: 'Degraded', message: 'RolloutAborted', currentStepIndex: 0 },
      }),
    })
    narrator.observe(seen)
    narrator.observe(seen)
    assert.equal(lines.length, 3)
    assert.match(lines[0] ?? '', /^ 1:01 {2}traffic .* 25 % canary\n$/)
    assert.match(lines[1] ?? '', /p99-latency Failed \(1\.4\), business-events Inconclusive \(no data\)/)
    assert.match(lines[2] ?? '', /Degraded {2}RolloutAborted/)
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
