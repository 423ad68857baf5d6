/** Numbers of verdicts: digits that mean something, limits that are never crossed by rounding, units and plurals. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  formatAmount,
  formatCount,
  formatInterval,
  formatLatencies,
  formatLatency,
  formatOdds,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatShare,
  formatWait,
  NARROW_SPACE,
} from '../../../../analysis/domain/gates/format.ts'

/** Rows are written with plain spaces. */
const plain = (text: string | undefined): string | undefined => text?.replaceAll(NARROW_SPACE, ' ')
const request = { one: 'request', many: 'requests' }

const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['count', formatCount(41), '41'],
  ['count of thousands', formatCount(18_090), '18 090'],
  ['count of millions', formatCount(1_234_567), '1 234 567'],
  ['expected events', formatCount(0.6), '0.6'],
  ['expected events, whole', formatCount(8), '8'],
  ['a negative excess', formatCount(-2.34), '−2.3'],
  ['nearly a whole number', formatCount(9.97), '10'],
  ['nearly nothing is no minus nothing', formatCount(-0.04), '0'],
  ['one', formatAmount(1, request), '1 request'],
  ['none', formatAmount(0, request), '0 requests'],
  ['what rounds to one', formatAmount(1.04, request), '1 request'],
  ['share', formatShare(0.0204), '2.04 %'],
  ['share of tens', formatShare(0.7751), '77.5 %'],
  ['a small share', formatShare(0.0000213), '0.0021 %'],
  ['no share', formatShare(0), '0 %'],
  ['everything', formatShare(1), '100 %'],
  ['nearly everything is not everything', formatShare(0.99949), '99.9 %'],
  ['weight', formatPercent(10), '10 %'],
  ['weight with digits', formatPercent(12.5), '12.5 %'],
  ['ratio', formatRatio(3.94), '3.9×'],
  ['ratio near one', formatRatio(0.984), '0.98×'],
  ['ratio without useless zeros', formatRatio(1.2), '1.2×'],
  ['ratio of tens', formatRatio(12.4), '12×'],
  ['ratio next to nothing', formatRatio(0.0126), '0.013×'],
  ['ratio beyond all bounds', formatRatio(4e5), 'over 1 000×'],
  ['lower bounds are rounded down', formatRatio(1.3899, 'down'), '1.38×'],
  ['upper bounds are rounded up', formatRatio(1.081, 'up'), '1.09×'],
  ['digits of a double do not push a bound', formatRatio(1.1 + 0.1, 'up'), '1.2×'],
  ['interval', formatInterval(2.13, 6.71), '2.1–6.8×'],
  ['interval without a lower end', formatInterval(undefined, 4.32), '≤ 4.4×'],
  ['interval without an upper end', formatInterval(11.9, undefined), '≥ 11×'],
  ['no interval', formatInterval(undefined, undefined), undefined],
  ['odds', formatOdds(1240.9), '1 240 : 1'],
  ['odds just below a limit', formatOdds(299.99), '299 : 1'],
  ['a limit that is no whole double', formatOdds(1 / (1 / 300)), '300 : 1'],
  ['small odds', formatOdds(0.44), '0.4 : 1'],
  ['hardly any odds', formatOdds(1e-9), 'below 0.1 : 1'],
  ['odds beyond reading', formatOdds(1e300), 'over 1 000 000 : 1'],
  ['seconds', formatSeconds(45), '45 s'],
  ['minutes', formatSeconds(540), '9 min'],
  ['minutes and seconds', formatSeconds(105), '1 min 45 s'],
  ['hours', formatSeconds(4 * 3600), '4 h'],
  ['hours and minutes', formatSeconds(7500), '2 h 5 min'],
  ['nearly two hours', formatSeconds(7199), '2 h'],
  ['wait of seconds', formatWait(44.2), '45 s'],
  ['wait of a minute', formatWait(60), '1 min'],
  ['wait, rounded up', formatWait(481), '9 min'],
  ['wait of hours', formatWait(2 * 3600), '2 h'],
  ['wait of no use', formatWait(10 ** 6), 'over 1 day'],
  ['latency', formatLatency(0.2421), '242 ms'],
  ['latency of seconds', formatLatency(1.1), '1.1 s'],
  ['latency of tens of seconds', formatLatency(10), '10 s'],
  ['latency of nearly a second', formatLatency(0.9999), '1 s'],
  ['bucket', formatLatencies(0.1, 0.25), '100–250 ms'],
  ['bucket of two units', formatLatencies(0.5, 1), '500 ms–1 s'],
  ['latency of microseconds', formatLatency(0.0025), '2.5 ms'],
]

describe('gates: numbers in texts', () => {
  for (const [name, shown, expected] of rows)
    test(`${name}: ${expected ?? 'nothing'}`, () => assert.equal(plain(shown), expected))

  test('a number never breaks from its thousands or its unit', () => {
    for (const [, shown] of rows) {
      const words = (shown ?? '').replaceAll(/(?:over|below) /g, '').split(' ')
      for (const word of words) assert.doesNotMatch(word, /^(?:%|s|ms|min|h|:|\d{3})$/, shown)
    }
  })
})
