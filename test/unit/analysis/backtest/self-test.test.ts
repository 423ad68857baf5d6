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

function play(isSick: boolean) {
  const made = simulate([{ name: '', pods: 10, requestsPerScrape: 150, errorShare: 0.005, from: 0, to: 300 }], 11)
  const series = (made.get('') ?? []).map((one) =>
    isSick && one.pod === '-3' && one.role === 'failed'
      ? { ...one, values: one.values.map((_, scrape) => scrape * 150) }
      : one,
  )
  const [from, to] = [START + 60 * MINUTE, START + 300 * MINUTE]
  const source = createCountSource({ gate, series: new Map([['', series]]), from: START, to })
  const selfTest = createSelfTest({ gate, source, from, to, stageMs: 2 * MINUTE })
  return selfTest.conclude([...selfTest.starts.keys()].flatMap((index) => selfTest.play(index) ?? []))
}

describe('the self-test', () => {
  test('healthy pods: no abort, and good', () => {
    const { cases, falseAborts, isBad, text } = play(false)
    assert.deepEqual([cases, falseAborts, isBad], [30, 0, false])
    assert.match(text, /would have falsely aborted 0 of 30/)
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
