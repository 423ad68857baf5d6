/** Scores of several metrics, as Kayenta's WeightedSumScorer has them and with its holes closed; and the tail of the normal distribution. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ScoredLabel, type ScoredMetric, scoreCanary } from '../../../analysis/domain/stats/canary-score.ts'
import { normalTail } from '../../../analysis/domain/stats/normal-tail.ts'

/** `a:High!` is of group a, High and critical; `?` may lack data. */
function read(text: string): ScoredMetric {
  const [, group = '', label = '', mark] = /^(\w+):(\w+)([!?]?)$/.exec(text) ?? []
  return {
    name: text,
    group,
    label: label as ScoredLabel,
    isCriticalFailure: mark === '!',
    mayLackData: mark === '?',
  }
}
const score = (reading: 'strict' | 'kayenta', metrics: string, groupWeights = {}): string => {
  const result = scoreCanary(metrics.split(' ').map(read), { reading, groupWeights, pass: 95, marginal: 50 })
  return `${result.score} ${result.verdict}`
}

describe('a score', () => {
  /** metrics, Kayenta, strict */
  const rows: readonly (readonly [string, string, string, object?])[] = [
    ['a:Pass a:Pass', '100 Successful', '100 Successful'],
    ['a:Pass a:High', '50 Inconclusive', '50 Inconclusive'],
    ['a:Pass a:High a:Low', '33.33 Failed', '33.33 Failed'],
    ['a:High', '0 Failed', '0 Failed'],
    ['a:Pass a:Pass a:Pass b:High!', '0 Failed', '0 Failed'],
    ['a:Pass a:NodataFailMetric', '50 Inconclusive', '50 Inconclusive'],
    // The holes.
    ['a:Nodata', '0 Failed', '100 NoData'],
    ['a:Pass b:Nodata', '0 Failed', '100 NoData'],
    ['a:Pass a:Pass b:Nodata', '100 Successful', '100 NoData'],
    ['a:Pass a:Pass a:Nodata', '100 Successful', '100 NoData'],
    ['a:Pass a:Pass a:Nodata?', '100 Successful', '100 Successful'],
    ['a:Pass a:Pass b:Nodata?', '100 Successful', '100 NoData'],
    ['a:High a:High a:Nodata', '0 Failed', '0 Failed'],
    ['a:Error', '100 Successful', '100 NoData'],
    // Weights.
    ['a:Pass b:High', '50 Inconclusive', '50 Inconclusive'],
    ['a:Pass b:High', '80 Inconclusive', '80 Inconclusive', { a: 80 }],
    ['a:Pass b:High c:High', '40 Failed', '40 Failed', { a: 40 }],
    ['a:Pass b:High c:Pass', '70 Inconclusive', '70 Inconclusive', { a: 40 }],
    ['a:Pass b:Pass', '60 Inconclusive', '60 Inconclusive', { a: 40, b: 20 }],
  ]
  for (const [metrics, kayenta, strict, weights] of rows)
    test(`${metrics} ${weights ? JSON.stringify(weights) : ''}`, () => {
      assert.equal(score('kayenta', metrics, weights), kayenta)
      assert.equal(score('strict', metrics, weights), strict)
    })
})

describe('the tail of the normal distribution', () => {
  // R: pnorm(z, lower.tail = FALSE)
  const rows: readonly (readonly [number, number])[] = [
    [0, 0.5],
    [1.224745, 0.1103357],
    [1.959964, 0.025],
    [-1.959964, 0.975],
    [4, 3.167124e-5],
    [8, 6.220961e-16],
  ]
  for (const [z, expected] of rows)
    test(`beyond ${z}`, () => assert.ok(Math.abs(normalTail(z) / expected - 1) < 1e-6, String(normalTail(z))))
})
