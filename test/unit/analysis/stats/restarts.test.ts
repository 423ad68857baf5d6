/** The mixture over starts, against the same thing written out part by part. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createEvidenceStream, RESTART_MS, startedWeight } from '../../../../analysis/domain/stats/restarts.ts'

const weightOf = (part: number): number => (part <= 10 ? 0.08 : 2 / (part * (part - 1)))

/** E = v·mean_i exp S_i + (1−v)·Σ_j ω_j·mean_i exp(S_i − S_i(s_j)), parts that have not begun at 1; v = `whole`. */
function writtenOut(times: readonly number[], factors: readonly (readonly number[])[], whole = 0.5): number {
  const alternatives = factors[0]?.length ?? 1
  const mean = (from: number) => {
    let sum = 0
    for (let i = 0; i < alternatives; i++) {
      let log = 0
      for (let k = from; k < times.length; k++) log += factors[k]?.[i] ?? 0
      sum += Math.exp(log) / alternatives
    }
    return sum
  }
  let evidence = whole * mean(0)
  let left = 1
  for (let part = 1; part < 5000; part++) {
    const from = times.findIndex((time) => time - (times[0] ?? 0) >= part * RESTART_MS)
    if (from < 0) break
    evidence += (1 - whole) * weightOf(part) * mean(from)
    left -= weightOf(part)
  }
  return evidence + (1 - whole) * left
}

describe('restarts', () => {
  test('weights are those of the parts, and sum to one', () => {
    let sum = 0
    for (let part = 1; part <= 2000; part++) {
      sum += weightOf(part)
      assert.ok(Math.abs(startedWeight(part) - sum) < 1e-9, `after ${part} parts`)
    }
    assert.ok(startedWeight(1e9) < 1 && startedWeight(1e9) > 1 - 1e-8)
  })

  const scrapes: Readonly<Record<string, readonly number[]>> = {
    'every 15 s for 40 min': Array.from({ length: 160 }, (_, index) => 1e12 + index * 15_000),
    'every 5 min': Array.from({ length: 12 }, (_, index) => 1e12 + index * 300_000),
    'with a pause of a day': [0, 60_000, 120_000, 86_400_000, 86_460_000, 86_600_000],
  }
  for (const [name, times] of Object.entries(scrapes))
    test(`the running sums are the mixture written out: ${name}`, () => {
      const factors = times.map((_, k) => [0.3 * Math.sin(k), 0.5 * Math.cos(3 * k) - 0.05, k > 9 ? 0.2 : -0.4])
      for (const whole of [0.5, 0.75]) {
        const stream = createEvidenceStream(3, whole)
        for (const [k, at] of times.entries()) {
          stream.advance(at, factors[k] ?? [])
          const expected = writtenOut(times.slice(0, k + 1), factors.slice(0, k + 1), whole)
          const actual = Math.exp(stream.logEvidence())
          assert.ok(Math.abs(actual - expected) < 1e-9 * expected, `tick ${k}: ${actual} instead of ${expected}`)
        }
      }
    })

  test('a late onset counts although everything before spoke against it', () => {
    const stream = createEvidenceStream(1)
    for (let k = 0; k < 120; k++) stream.advance(k * 15_000, [-2])
    assert.ok(stream.logEvidence() > Math.log(0.05), 'what was lost is at most what was bet')
    for (let k = 120; k < 140; k++) stream.advance(k * 15_000, [1])
    assert.ok(stream.logEvidence() > Math.log(300))
  })
})
