import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CellGate, cells, healthyNoises, RATES } from '../../../bench/verdicts/cells.ts'
import { combineHealthy } from '../../../bench/verdicts/combine.ts'
import { judgesOf, PENSTOCK } from '../../../bench/verdicts/judges.ts'
import type { Score, Settings } from '../../../bench/verdicts/measure.ts'
import { reportVerdicts } from '../../../bench/verdicts/report.ts'
import { healthyTwin, usablePeers, type VerdictsResult } from '../../../bench/verdicts/results.ts'
import { measureVerdicts } from '../../../bench/verdicts/suite.ts'
import { judgeTargets } from '../../../bench/verdicts/targets.ts'

const settings: Settings = { seed: 1, rollouts: 4, noise: 'own' }
const measure = (only: string) => measureVerdicts({ settings, only, say: () => {}, processes: 0 })

describe('the suite verdicts, end to end', () => {
  test('one bad cell: everybody has a score, ours finds a failure of ten times as many', async () => {
    const result = await measure('errorRate/x10/iid/100')
    const [figures] = result.cells.filter(({ cell }) => cell.rps === 100)
    assert.deepEqual(Object.keys(figures?.scores ?? {}), judgesOf.errorRate)
    const ours = figures?.scores[PENSTOCK]
    assert.equal(ours?.aborted, 1)
    assert.ok((ours?.medianSeconds ?? 999) <= 120 && (ours?.excess ?? 999) <= 60)
    const { text, figures: document } = reportVerdicts(result)
    assert.match(text, /Errors: bad releases\ncell .* ours\nx10\/iid\/100 /)
    assert.ok(JSON.stringify(document).includes('"targets":[{"id":"G3"'))
  })

  test('alone or together, a cell has the same figures; another seed has others', async () => {
    const id = 'errorRate/x2/iid/100'
    const scores = ({ cells: measured }: VerdictsResult) => measured.find(({ cell }) => cell.id === id)?.scores
    const [alone, together] = [scores(await measure(id)), scores(await measure('errorRate/x2/iid/1'))]
    assert.deepEqual(alone, together)
    const other = await measureVerdicts({ settings: { ...settings, seed: 2 }, only: id, say: () => {}, processes: 0 })
    assert.notDeepEqual(scores(other), alone)
  })

  test('no such cell', () => assert.rejects(measure('errorRate/none'), /no cell has "errorRate\/none" in its name/))
})

describe('the cells', () => {
  test('each has a name of its own', () => assert.equal(new Set(cells.map(({ id }) => id)).size, cells.length))

  test('three gates are measured in every noise and at every rate, and after every history', () => {
    const gates: readonly CellGate[] = ['errorRate', 'latency', 'events']
    for (const gate of gates)
      for (const rps of RATES) {
        const group = (name: string) =>
          cells.filter((cell) => cell.gate === gate && cell.rps === rps && cell.group === name)
        assert.deepEqual(
          group('healthy').map(({ noise }) => noise),
          healthyNoises,
        )
        assert.deepEqual(
          group('history').map(({ history }) => history),
          ['1h', '15m', 'quiet', 'none'],
        )
      }
  })
})

/** Figures that were never measured, to see what is made of them. */
function figuresOf(scores: Readonly<Record<string, Readonly<Record<string, Partial<Score>>>>>): VerdictsResult {
  const measured = cells.flatMap((cell) => {
    const given = scores[cell.id]
    if (!given) return []
    const full = Object.entries(given).map(([judge, score]) => [judge, { aborted: 1, early: 0, ...score }] as const)
    return [{ cell, rollouts: 100, scores: Object.fromEntries(full) }]
  })
  return { settings, cells: measured, healthy: [] }
}

describe('three gates together', () => {
  test('chances to be left alone multiply; a gate that was not measured leaves nothing to say', () => {
    const result = (id: string, aborted: number, rollouts = 100) => {
      const cell = cells.find((one) => one.id === id)
      assert.ok(cell)
      return { cell, rollouts, scores: { [PENSTOCK]: { aborted, early: 0 } } }
    }
    const measured = [
      result('errorRate/healthy/iid/100', 0.1),
      result('latency/classic/healthy/iid/100', 0.2, 50),
      result('events/healthy/iid/100', 0.5),
      result('errorRate/healthy/skew/100', 0.3),
      result('errorRate/healthy/iid/20', 0.4),
    ]
    const [together, ...rest] = combineHealthy(measured)
    assert.deepEqual(rest, [])
    assert.deepEqual([together?.noise, together?.rps, together?.history, together?.rollouts], ['iid', 100, '4h', 50])
    assert.ok(Math.abs((together?.aborted[PENSTOCK] ?? 0) - (1 - 0.9 * 0.8 * 0.5)) < 1e-12)
  })
})

describe('the goals', () => {
  const bad = (medianSeconds: number | undefined, p95Seconds: number): VerdictsResult =>
    figuresOf({
      'errorRate/x4/iid/100': {
        'success ≥ .99 FL0': { medianSeconds: 60 },
        'success ≥ .99 FL3': { medianSeconds: 240 },
        [PENSTOCK]: { p95Seconds, ...(medianSeconds === undefined ? {} : { medianSeconds }) },
      },
    })
  const verdicts = (result: VerdictsResult) => judgeTargets(result).map(({ id, met }) => `${id} ${met}`)

  test('met at the limit, missed beyond it, missed when it is never found', () => {
    assert.deepEqual(verdicts(bad(200, 360)), ['G3 true', 'G3 true'])
    assert.deepEqual(verdicts(bad(201, 361)), ['G3 false', 'G3 false'])
    assert.deepEqual(verdicts(bad(undefined, 100)), ['G3 false', 'G3 true'])
  })

  test('the best peer is the fastest one whose false aborts are bearable', () => {
    const result = figuresOf({
      'errorRate/healthy/iid/100': {
        'success ≥ .99 FL0': { aborted: 0.62 },
        'success ≥ .99 FL3': { aborted: 0.001 },
        'Mann-Whitney': { aborted: 0 },
      },
      'errorRate/x4/iid/100': {
        'success ≥ .99 FL0': { medianSeconds: 60 },
        'success ≥ .99 FL3': { medianSeconds: 240 },
        'Mann-Whitney': { medianSeconds: 600 },
        [PENSTOCK]: { medianSeconds: 195, p95Seconds: 345 },
      },
    })
    const figures = result.cells.find(({ cell }) => cell.id === 'errorRate/x4/iid/100')
    assert.ok(figures)
    assert.equal(healthyTwin(result.cells, figures)?.cell.id, 'errorRate/healthy/iid/100')
    assert.deepEqual(
      usablePeers(result.cells, figures).map(({ judge }) => judge),
      ['success ≥ .99 FL3', 'Mann-Whitney'],
    )
    assert.equal(judgeTargets(result)[0]?.bestPeer, 'success ≥ .99 FL3: 240 s, 0.1 % false')
  })

  test('three gates: the worst noise counts, and one share too many is a miss', () => {
    const together = (aborted: number, history = '4h'): VerdictsResult => ({
      settings,
      cells: [],
      healthy: [
        { noise: 'iid', rps: 100, history, rollouts: 500, aborted: { [PENSTOCK]: 0, 'Mann-Whitney': 0.04 } },
        { noise: 'skew', rps: 20, history, rollouts: 500, aborted: { [PENSTOCK]: aborted, 'Mann-Whitney': 0.02 } },
      ],
    })
    const [target] = judgeTargets(together(0.01))
    assert.deepEqual(target, {
      id: 'G1',
      what: 'healthy releases aborted by three gates',
      goal: '≤ 1 %',
      measured: '1 % at most (skew, 20 rps, history 4h); 95 %: 0.4 to 2.3 %',
      met: true,
      bestPeer: 'Mann-Whitney: 4 %',
    })
    assert.deepEqual(verdicts(together(0.0125)), ['G1 false'])
    assert.deepEqual(verdicts(together(0.05, 'quiet')), ['G2 true'])
    assert.deepEqual(verdicts(together(0.0525, 'none')), ['G2 false'])
  })
})
