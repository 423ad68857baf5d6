import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  judgeMannWhitney,
  kayentaRule,
  type MannWhitneyLabel,
  type MannWhitneyRule,
} from '../../../../analysis/domain/stats/mann-whitney.ts'
import { estimateShift, normalQuantile } from '../../../../analysis/domain/stats/rank-shift.ts'

const near = (actual: number | undefined, expected: number, within: number, what: string) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= within, `${what}: ${actual}, expected ${expected}`)

describe('the interval of a shift', () => {
  test('normal quantiles, to seven digits', () => {
    near(normalQuantile(0.5), 0, 1e-12, 'median')
    near(normalQuantile(0.975), 1.959963984540054, 5e-7, '97.5 %')
    near(normalQuantile(0.01), -2.3263478740408408, 5e-7, '1 %')
    near(normalQuantile(1e-12), -7.034483825301132, 5e-6, 'far out')
  })

  test("airquality, ozone of May against August, as R's manual page has it", () => {
    const may = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37]
    const august = [
      39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85,
    ]
    const shift = estimateShift(may, august, 0.95)
    near(shift?.lower, -52.99996, 1e-4, 'lower')
    near(shift?.upper, -14.99998, 1e-4, 'upper')
    near(shift?.estimate, -31.99996, 1e-4, 'estimate')
  })

  const samples: readonly (readonly [string, readonly number[], readonly number[], number, number])[] = [
    [
      'with one tie',
      [
        0, 20.95, 30.5666666666667, 31.4, 32.1166666666667, 31.9833333333334, 31.1833333333334, 32.35, 33.25,
        32.8000000000001, 34.5166666666667, 33.4166666666667, 35.8833333333334, 35.0666666666667, 33.9,
      ],
      [
        0, 21.9000000000001, 30.2833333333334, 29.45, 32.1, 31.1166666666667, 33.5, 32.1166666666667, 32.7, 33.85,
        32.6833333333334, 33.5166666666667, 33.6, 34.3, 33.05,
      ],
      -1.866663,
      2.899996,
    ],
    [
      'with several ties',
      [
        0, 1.66666666666667, 3.55, 3.8, 3.6, 3.81666666666667, 3.4, 3.61666666666667, 3.53333333333333,
        3.41666666666667, 3.4, 3.13333333333333, 3.55, 3.8, 3.76666666666667,
      ],
      [
        0, 2.58333333333333, 3.61666666666667, 3.78333333333333, 3.95, 3.25, 4.15, 4.08333333333333, 4.25, 3.8,
        3.88333333333333, 3.7, 4.46666666666667, 3.6, 3.71666666666667,
      ],
      -0.70007815,
      0.09997816,
    ],
  ]
  for (const [name, x, y, lower, upper] of samples)
    test(`fifteen values each, ${name}: R, 99 %`, () => {
      const shift = estimateShift(x, y, 0.99)
      near(shift?.lower, lower, 1e-4, 'lower')
      near(shift?.upper, upper, 1e-4, 'upper')
    })

  test('a finer root finds the very differences', () => {
    const x = [5, 6, 7, 8, 9, 10, 11, 12]
    const y = [1, 2, 3, 4, 5.5, 6.5, 7.5, 8.5]
    const [coarse, fine] = [estimateShift(x, y, 0.95), estimateShift(x, y, 0.95, 1e-12)]
    const differences = x.flatMap((a) => y.map((b) => a - b))
    assert.ok(differences.some((d) => Math.abs(d - (fine?.lower ?? Number.NaN)) < 1e-9))
    near(coarse?.lower, fine?.lower ?? Number.NaN, 1e-4, 'within the tolerance')
  })

  test('all tied: nothing to compare', () => assert.equal(estimateShift([2], [2], 0.98), undefined))
})

const repeat = (value: number, times: number): readonly number[] => Array.from({ length: times }, () => value)
const ramp = (from: number, times: number): readonly number[] => Array.from({ length: times }, (_, k) => from + k / 100)

describe('the judgement', () => {
  const rows: readonly {
    name: string
    baseline: readonly number[]
    canary: readonly number[]
    rule?: Partial<MannWhitneyRule>
    kayenta: MannWhitneyLabel
    strict: MannWhitneyLabel
  }[] = [
    { name: 'clearly higher', baseline: ramp(1, 20), canary: ramp(2, 20), kayenta: 'High', strict: 'High' },
    { name: 'clearly lower', baseline: ramp(2, 20), canary: ramp(1, 20), kayenta: 'Low', strict: 'Low' },
    {
      name: 'higher, where only lower is a failure',
      baseline: ramp(1, 20),
      canary: ramp(2, 20),
      rule: { direction: 'decrease' },
      kayenta: 'Pass',
      strict: 'Pass',
    },
    {
      name: 'the same values in another order',
      baseline: [1, 2, 3],
      canary: [3, 1, 2],
      kayenta: 'Pass',
      strict: 'Nodata',
    },
    { name: 'an arm without values', baseline: ramp(1, 20), canary: [], kayenta: 'Nodata', strict: 'Nodata' },
    {
      name: 'an arm without values, replaced',
      baseline: ramp(1, 20),
      canary: [],
      rule: { nanStrategy: 'replace' },
      kayenta: 'Pass',
      strict: 'Nodata',
    },
    { name: 'NaN alone', baseline: ramp(1, 20), canary: repeat(Number.NaN, 20), kayenta: 'Nodata', strict: 'Nodata' },
    {
      name: 'too few for any confidence: the range of all differences is taken for the interval',
      baseline: [1, 1.1, 1.2],
      canary: [9, 9.1, 9.2],
      kayenta: 'High',
      strict: 'Nodata',
    },
    { name: 'one value each, tied', baseline: [1, 1], canary: [1, 1], kayenta: 'Pass', strict: 'Nodata' },
    {
      name: 'two constants, one percent apart',
      baseline: repeat(1, 20),
      canary: repeat(1.01, 20),
      kayenta: 'High',
      strict: 'High',
    },
    {
      name: 'a shift beyond doubt, its size within what is allowed',
      baseline: ramp(10, 20),
      canary: ramp(11, 20),
      rule: { allowedIncrease: 1.15 },
      kayenta: 'Pass',
      strict: 'Pass',
    },
    {
      name: 'the mean beyond what is allowed, the shift not for sure',
      baseline: ramp(10, 20),
      canary: [...ramp(11.2, 19), 40],
      rule: { allowedIncrease: 1.15 },
      kayenta: 'High',
      strict: 'Pass',
    },
    {
      name: 'no error on the baseline: no ratio in Kayenta, and no effect asked for',
      baseline: repeat(0, 20),
      canary: ramp(0.01, 20),
      rule: { allowedIncrease: 5 },
      kayenta: 'High',
      strict: 'High',
    },
    {
      name: 'few errors against none: ties hide them',
      baseline: repeat(0, 20),
      canary: [...repeat(0, 15), 3, 5, 8, 2, 9],
      kayenta: 'Pass',
      strict: 'Pass',
    },
  ]
  for (const { name, baseline, canary, rule, kayenta, strict } of rows)
    test(name, () => {
      const label = (reading: MannWhitneyRule['reading']) =>
        judgeMannWhitney(baseline, canary, { ...kayentaRule, ...rule, reading }).label
      assert.deepEqual({ kayenta: label('kayenta'), strict: label('strict') }, { kayenta, strict })
    })

  test('values in fractions are finer than where the root finder stops: only the strict reading sees them', () => {
    const [baseline, canary] = [ramp(1, 20).map((v) => v * 1e-6), ramp(3, 20).map((v) => v * 1e-6)]
    const read = (reading: MannWhitneyRule['reading']) =>
      judgeMannWhitney(baseline, canary, { ...kayentaRule, reading })
    assert.equal(read('strict').label, 'High')
    near(read('strict').shift?.estimate, 2e-6, 1e-9, 'strict')
    assert.ok(Math.abs((read('kayenta').shift?.estimate ?? 0) - 2e-6) > 1e-8)
  })

  test('outliers are taken out where asked', () => {
    const baseline = ramp(1, 40)
    const canary = [...ramp(1, 39), 1e6]
    const effect = (outliers: 'keep' | 'remove') =>
      judgeMannWhitney(baseline, canary, { ...kayentaRule, outliers }).effect
    assert.ok((effect('keep') ?? 0) > 1000)
    assert.ok((effect('remove') ?? 0) > 1000, 'the P99 of forty values is the largest of them, so it stays')
    const many = judgeMannWhitney(ramp(1, 200), [...ramp(1, 200), 1e6], { ...kayentaRule, outliers: 'remove' })
    assert.deepEqual(many, { label: 'Pass' }, 'without it both arms are the same')
  })

  test('the chance that a canary is larger, as effect', () => {
    const { effect } = judgeMannWhitney([1, 2, 3, 4, 5], [3, 4, 5, 6, 7], { ...kayentaRule, effectSize: 'cles' })
    near(effect, (2.5 + 3.5 + 4.5 + 5 + 5) / 25, 1e-9, 'cles')
  })
})
