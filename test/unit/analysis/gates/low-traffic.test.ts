/** Gates of services with hardly any requests: whatever falls by chance, a healthy release is held, and the verdict says what it could not have caught. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { gateCase, latencyCase } from '../../../builders/gate-case.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]

describe('gates: hardly any traffic', () => {
  const single = { rps: 10, weightPercent: 50, stablePods: 1 }
  const rows: readonly (readonly [string, (seed: number) => GateCase])[] = [
    ['errors, 0 to 3 requests of the canary a tick', (seed) => gateCase({ rps: 1, seed })],
    ['events, 0 to 3 requests of the canary a tick', (seed) => gateCase({ rps: 1, role: 'events', seed })],
    ['latency, 0 to 3 requests of the canary a tick', (seed) => latencyCase({ rps: 1, seed })],
    ['latency, 15 requests of the canary a tick', (seed) => latencyCase({ rps: 10, seed })],
    ['errors, one pod beside another', (seed) => gateCase({ ...single, seed })],
    ['latency, one pod beside another', (seed) => latencyCase({ ...single, seed })],
  ]
  for (const [name, build] of rows)
    test(`${name}: held, and why is said`, () => {
      for (const seed of SEEDS) {
        const { outcome, target, text } = judgeGate(build(seed))
        assert.equal(outcome, 'hold', text)
        assert.equal(target?.caught, false, text)
        assert.match(text, /not a pass|Not a pass/, text)
      }
    })
})
