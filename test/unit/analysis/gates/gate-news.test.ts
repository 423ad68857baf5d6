/** Which looks of a gate are worth a write: each row of the table, and that numbers alone are none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type GateFinding, hasNews, readGist } from '../../../../analysis/domain/gates/gate-news.ts'
import type { GateVerdict } from '../../../../controller/api/verdict.ts'

const LOOKED_AT = Date.UTC(2026, 0, 1)
const at = (seconds: number): string => new Date(LOOKED_AT + seconds * 1000).toISOString()

const verdict: GateVerdict = {
  version: 1,
  gate: 'errorRate',
  outcome: 'hold',
  reason: 'Watching',
  final: false,
  stage: { number: 1, count: 3, weightPercent: 100 / 3, nextWeightPercent: 50, secondsLeft: 200 },
  problems: [],
  lookedAt: at(0),
  ticks: 8,
  canary: { bad: 2, total: 400 },
  stable: { bad: 9, total: 3600 },
  evidence: 2,
  toleranceEvidence: 1,
  evidenceLimit: 300,
  toleranceLimit: 3,
  tolerance: 1.2,
  toleranceExcess: 0,
  noise: { phi: 1.2, historySeconds: 1800 },
  excess: 0,
  expected: 1,
  target: { ratio: 2, caught: false },
  queries: ['up'],
  text: 'HOLD',
}
const stored: GateFinding = { ...readGist(verdict), atEnd: 'Inconclusive', hasLearnt: true }
const find = (changes: Partial<GateVerdict>, others: Partial<GateFinding> = {}): GateFinding => ({
  ...stored,
  ...others,
  ...readGist({ ...verdict, lookedAt: at(15), ...changes }),
})
const problem = (reason: string, what: string) => ({ reason, what, fix: 'wait' })

/** What is found, seconds from the stored look to the next one, whether it is news. */
const rows: readonly (readonly [string, GateFinding, number, boolean])[] = [
  ['the same', find({}), 30, false],
  [
    'more of the same',
    find({ ticks: 9, canary: { bad: 3, total: 450 }, stable: { bad: 10, total: 4050 }, evidence: 7, text: 'HOLD 3' }),
    30,
    false,
  ],
  ['less time left', find({ stage: { ...verdict.stage, secondsLeft: 185 } }), 30, false],
  ['another end', find({}, { atEnd: 'Successful' }), 30, true],
  ['another outcome', find({ outcome: 'abort', reason: 'Regression' }), 30, true],
  ['another reason', find({ reason: 'Undecided' }), 30, true],
  ['the last word', find({ final: true }), 30, true],
  ['another comparison', find({ comparison: 'beforeAfter' }), 30, true],
  ['another problem', find({ problems: [problem('CanaryStale', 'no scrape')] }), 30, true],
  ['another stage', find({ stage: { ...verdict.stage, number: 2 } }), 30, true],
  ['another weight', find({ stage: { ...verdict.stage, weightPercent: 40 } }), 30, true],
  ['the target can be caught', find({ target: { ratio: 2, caught: true } }), 30, true],
  ['evidence just below notable', find({ evidence: 9.99 }), 30, false],
  ['notable evidence', find({ evidence: 10 }), 30, true],
  ['evidence that is stored as 10', find({ evidence: 9.9999999 }), 30, true],
  ['no evidence at all', find({ evidence: 0 }), 30, false],
  ['a minute at the next look', find({}), 60, false],
  ['more than a minute at the next look', find({}), 61, true],
]

describe('news of a gate', () => {
  for (const [name, found, nextLookSeconds, expected] of rows)
    test(`${name}: ${expected ? 'written' : 'left'}`, () =>
      assert.equal(hasNews(stored, found, LOOKED_AT + nextLookSeconds * 1000), expected))

  test('where nothing is stored, everything is news', () => assert.ok(hasNews(undefined, find({}), LOOKED_AT)))

  test('what history taught is stored at once', () =>
    assert.ok(hasNews({ ...stored, hasLearnt: false }, find({}), LOOKED_AT)))

  test('strong evidence is news at every power of ten, and not within one', () => {
    const strong = { ...stored, ...readGist({ ...verdict, evidence: 120 }) }
    const next = LOOKED_AT + 30_000
    assert.equal(hasNews(strong, find({ evidence: 999 }), next), false)
    assert.equal(hasNews(strong, find({ evidence: 1000 }), next), true)
    assert.equal(hasNews(strong, find({ evidence: 99 }), next), true)
  })

  test('a weight counts as it is stored, in six digits', () => {
    const rounded = { ...stored, ...readGist({ ...verdict, stage: { ...verdict.stage, weightPercent: 33.3333 } }) }
    assert.equal(hasNews(rounded, find({}), LOOKED_AT + 30_000), false)
  })

  test('a problem is told by its name: its numbers change', () => {
    const thin = { ...stored, ...readGist({ ...verdict, problems: [problem('Thin', '3 ticks')] }) }
    assert.equal(hasNews(thin, find({ problems: [problem('Thin', '4 ticks')] }), LOOKED_AT + 30_000), false)
  })
})
