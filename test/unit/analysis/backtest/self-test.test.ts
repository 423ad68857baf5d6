/** A gate's self-test on services that are made up: what it says of healthy pods and of pods that are unlike each other, and how many aborts are chance. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCountSource } from '../../../../analysis/domain/backtest/count-source.ts'
import type { PlanGate } from '../../../../analysis/domain/backtest/plan.ts'
import { createSelfTest, mostByChance } from '../../../../analysis/domain/backtest/self-test.ts'
import { errorRule, MINUTE, START, simulate } from './service.ts'

const gate: PlanGate = {
  name: 'error-rate',
  gate: 'errorRate',
  rule: errorRule,
  historyMs: 0,
  onUndecided: 'pause',
  maxHoldMs: 0,
  watchesFrom: 0,
}

function play(isSick: boolean, weights?: readonly number[]) {
  const made = simulate([{ name: '', pods: 10, requestsPerScrape: 150, errorShare: 0.005, from: 0, to: 300 }], 11)
  const series = (made.get('') ?? []).map((one) =>
    isSick && one.pod === '-3' && one.role === 'failed'
      ? { ...one, values: one.values.map((_, scrape) => scrape * 150) }
      : one,
  )
  const [from, to] = [START + 60 * MINUTE, START + 300 * MINUTE]
  const source = createCountSource({ gate, series: new Map([['', series]]), from: START, to })
  const selfTest = createSelfTest({ gate, source, from, to, stageMs: 2 * MINUTE, weights })
  return selfTest.conclude([...selfTest.starts.keys()].flatMap((index) => selfTest.play(index) ?? []))
}

describe('the self-test', () => {
  test('healthy pods: no abort, and good', () => {
    const { cases, falseAborts, isBad, text } = play(false)
    assert.deepEqual([cases, falseAborts, isBad], [30, 0, false])
    assert.match(text, /would have falsely aborted 0 of 30/)
  })

  /** A number that is at most the one before: evidence goes on from stage to stage. */
  const ratiosOf = (text: string) => [...text.matchAll(/: (\d[\d.]*)x/g)].map(([, ratio]) => Number(ratio))

  test('what can be caught is told stage by stage, with the weight that whole pods could play', () => {
    const { text } = play(false)
    assert.match(
      text,
      /^self-test \(plan 5, 10, 25, 50 % × 120 s .* within stage 1 \(5 %, played at 10 %\): .*, up to stage 2 \(10 %\): .*, up to stage 3 \(25 %\): .*, within the plan \(50 %\): /,
    )
    const ratios = ratiosOf(text)
    assert.equal(ratios.length, 4, text)
    assert.deepEqual(
      ratios,
      [...ratios].sort((one, other) => other - one),
    )
  })

  test('the stages are those of the release, without all traffic', () => {
    const { text } = play(false, [20, 40, 40, 100])
    assert.match(text, /plan 20, 40 % × 120 s .* caught within stage 1 \(20 %\): \S+x, within the plan \(40 %\): \S+x$/)
    assert.match(play(false, [100]).text, /plan 5, 10, 25, 50 %/)
    assert.match(play(false, [50]).text, /plan 50 % .* caught within stage 1 \(50 %\): \S+x$/)
  })

  test('of many stages some are told', () => {
    const weights = Array.from({ length: 99 }, (_, index) => index + 1)
    assert.match(play(false, weights).text, /^self-test \(plan 1, 2, .*, 99 % × 120 s .*: would have/)
    assert.equal(ratiosOf(play(false, weights).text).length, 8)
  })

  test('a sick pod without a history to learn from: more aborts than chance allows', () => {
    const { falseAborts, isBad } = play(true)
    assert.ok(falseAborts > mostByChance(30, gate.rule.alpha), String(falseAborts))
    assert.equal(isBad, true)
  })

  test('chance, by the Poisson distribution', () => {
    // P(X > 2 | 0.24) = 0.2 %, P(X > 1 | 0.24) = 2.5 %, P(X > 0 | 0.003) = 0.3 %
    const allowed = [
      mostByChance(72, 1 / 300),
      mostByChance(1, 1 / 300),
      mostByChance(0, 1 / 300),
      mostByChance(100, 0.01),
    ]
    assert.deepEqual(allowed, [2, 0, 0, 4])
  })
})
