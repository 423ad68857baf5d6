/** A gate's self-test on services that are made up: what it says of healthy pods and of pods that are unlike each other, and how many aborts are chance. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCountSource } from '../../../../analysis/domain/backtest/count-source.ts'
import type { PlanGate } from '../../../../analysis/domain/backtest/plan.ts'
import { createSelfTest, mostByChance } from '../../../../analysis/domain/backtest/self-test.ts'
import { fitStages, planStages, renderStages } from '../../../../analysis/domain/backtest/self-test-stages.ts'
import type { ReleaseStage, StageLength } from '../../../../controller/api/release-stage.ts'
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

function play(isSick: boolean, told?: Omit<ReleaseStage, 'number'>) {
  const made = simulate([{ name: '', pods: 10, requestsPerScrape: 150, errorShare: 0.005, from: 0, to: 300 }], 11)
  const series = (made.get('') ?? []).map((one) =>
    isSick && one.pod === '-3' && one.role === 'failed'
      ? { ...one, values: one.values.map((_, scrape) => scrape * 150) }
      : one,
  )
  const [from, to] = [START + 60 * MINUTE, START + 300 * MINUTE]
  const source = createCountSource({ gate, series: new Map([['', series]]), from: START, to })
  const stages = planStages(told && { number: 1, ...told }, 2 * MINUTE)
  const selfTest = createSelfTest({ gate, source, from, to, stages })
  return selfTest.conclude([...selfTest.starts.keys()].flatMap((index) => selfTest.play(index) ?? []))
}

describe('the self-test', () => {
  test('healthy pods: no abort, and good', () => {
    const { cases, falseAborts, isBad, text } = play(false)
    assert.deepEqual([cases, falseAborts, isBad], [30, 0, false])
    assert.match(text, /would have falsely aborted 0 of 30/)
  })

  /** Each at most the one before: evidence goes on from stage to stage. None is undefined. */
  const ratiosOf = (text: string) =>
    [...text.matchAll(/\): (none|\d[\d.]*x)/g)].map(([, ratio = '']) =>
      ratio === 'none' ? undefined : Number.parseFloat(ratio),
    )

  test('what can be caught is told stage by stage, with the weight that whole pods could play', () => {
    const { text } = play(false)
    assert.match(
      text,
      /^self-test \(plan 5, 10, 25, 50 % × 2 min on .* within stage 1 \(5 %, played at 10 %\): .*, up to stage 2 \(10 %\): .*, up to stage 3 \(25 %\): .*, within the plan \(50 %\): /,
    )
    const ratios = ratiosOf(text)
    assert.equal(ratios.length, 4, text)
    assert.deepEqual(
      ratios,
      [...ratios].sort((one = 0, other = 0) => other - one),
    )
  })

  test('the stages are those of the release, without all traffic', () => {
    const { text } = play(false, { weights: [20, 40, 100] })
    assert.match(text, /plan 20, 40 % × 2 min .* caught within stage 1 \(20 %\): \S+x, within the plan \(40 %\): \S+x$/)
    assert.match(play(false, { weights: [100] }).text, /plan 5, 10, 25, 50 %/)
    assert.match(play(false, { weights: [50] }).text, /plan 50 % .* caught within stage 1 \(50 %\): \S+x$/)
  })

  test('a stage is as long as its pauses and analyses: a longer one catches more, one of no time nothing that the one before did not', () => {
    const lengths: readonly StageLength[] = [{}, { seconds: 60 }, {}, { seconds: 600, analyses: 1 }, {}]
    const { text } = play(false, { weights: [10, 20, 10, 20, 100], lengths })
    assert.match(
      text,
      /^self-test \(plan 10 % 0 s, 20 % 1 min, 10 % 0 s, 20 % 12 min on stable's pods\): would have falsely aborted 0 of 18; smallest error ratio caught within stage 1 \(10 %\): none, up to stage 2/,
    )
    const [none, short, same, long] = ratiosOf(text)
    assert.deepEqual([none, short], [undefined, same])
    assert.ok(long !== undefined && short !== undefined && long < short, text)
    const longer = play(false, { weights: [20, 100], lengths: [{ seconds: 1800 }, {}] })
    assert.ok((ratiosOf(longer.text)[0] ?? 0) < long, longer.text)
  })

  test('of many stages some are told', () => {
    const weights = Array.from({ length: 99 }, (_, index) => index + 1)
    const { text } = play(false, { weights })
    assert.match(text, /^self-test \(plan 1, 2, .*, 99 % × 2 min.*: would have/)
    assert.equal(ratiosOf(text).length, 8)
  })

  test('a plan longer than the history is played with its longest stages shortened, and says so', () => {
    const lengths = [{ seconds: 600 }, { seconds: 36_000 }, { seconds: 7200 }, {}]
    const { cases, text } = play(false, { weights: [5, 20, 40, 100], lengths })
    assert.equal(cases, 1)
    assert.match(text, /plan 5 % 10 min, 20 % 10 h, 40 % 2 h, no stage played longer than 1 h 55 min on stable's pods/)
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

describe('the stages of a self-test', () => {
  /** What, the note, the gate's own duration, weight and minutes of each stage. */
  const rows: readonly (readonly [
    string,
    Omit<ReleaseStage, 'number'> | undefined,
    number | undefined,
    readonly (readonly [number, number])[],
  ])[] = [
    [
      'nobody told them',
      undefined,
      undefined,
      [
        [5, 5],
        [10, 5],
        [25, 5],
        [50, 5],
      ],
    ],
    [
      'nobody told them, a duration',
      undefined,
      MINUTE,
      [
        [5, 1],
        [10, 1],
        [25, 1],
        [50, 1],
      ],
    ],
    ['weights alone', { weights: [20, 100] }, undefined, [[20, 5]]],
    ['weights alone, a duration', { weights: [20, 100] }, 3 * MINUTE, [[20, 3]]],
    [
      'no weight to compare at',
      { weights: [100], lengths: [{}] },
      MINUTE,
      [
        [5, 1],
        [10, 1],
        [25, 1],
        [50, 1],
      ],
    ],
    ['a pause', { weights: [20, 100], lengths: [{ seconds: 90 }, {}] }, undefined, [[20, 1.5]]],
    ['analyses', { weights: [20, 100], lengths: [{ analyses: 2 }, {}] }, undefined, [[20, 10]]],
    ['analyses of a duration', { weights: [20, 100], lengths: [{ analyses: 2 }, {}] }, MINUTE, [[20, 2]]],
    [
      'a pause until promoted',
      { weights: [20, 100], lengths: [{ seconds: 60, untilPromoted: true }, {}] },
      undefined,
      [[20, 6]],
    ],
    [
      'nothing is waited for',
      { weights: [20, 30, 100], lengths: [{}, { seconds: 60 }, {}] },
      undefined,
      [
        [20, 0],
        [30, 1],
      ],
    ],
    [
      'a weight of 0 is no stage',
      { weights: [5, 0, 100], lengths: [{ seconds: 60 }, { seconds: 60 }, {}] },
      undefined,
      [[5, 1]],
    ],
  ]
  for (const [what, told, durationMs, expected] of rows)
    test(what, () => {
      const stages = planStages(told && { number: 0, ...told }, durationMs)
      const found = stages.map((stage) => [stage.weightPercent, stage.durationMs / MINUTE])
      assert.deepEqual(found, expected)
    })

  const stagesOf = (...minutes: readonly number[]) =>
    minutes.map((length, index) => ({ weightPercent: 10 * (index + 1), durationMs: length * MINUTE }))
  const fitted = (minutes: readonly number[], most: number) =>
    fitStages(stagesOf(...minutes), most * MINUTE).map(({ durationMs }) => durationMs / MINUTE)

  test('stages are shortened from the longest down, until all of them fit', () => {
    assert.deepEqual(fitted([5, 10, 5], 20), [5, 10, 5])
    assert.deepEqual(fitted([5, 100, 5], 20), [5, 10, 5])
    assert.deepEqual(fitted([5, 100, 50], 25), [5, 10, 10])
    assert.deepEqual(fitted([6, 6, 6], 9), [3, 3, 3])
    assert.deepEqual(fitted([0, 6], 0), [0, 0])
  })

  test('are told shortly', () => {
    const told = (minutes: readonly number[]) => renderStages(stagesOf(...minutes), stagesOf(...minutes))
    assert.equal(told([5, 5]), '10, 20 % × 5 min')
    assert.equal(told([5, 60]), '10 % 5 min, 20 % 1 h')
    assert.equal(told([1, 2, 3, 4, 5, 6, 7, 8, 9]), 'of 9 stages, 10 to 90 %, 45 min')
    assert.equal(
      renderStages(stagesOf(5, 60), fitStages(stagesOf(5, 60), 15 * MINUTE)),
      '10 % 5 min, 20 % 1 h, no stage played longer than 10 min',
    )
  })
})
