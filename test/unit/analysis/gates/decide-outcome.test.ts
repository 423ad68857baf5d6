/** The table of analysis.md 5.1, row by row, and what no row may ever say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decideOutcome,
  judgeStage,
  type OutcomeFacts,
  type SampleState,
  type StageState,
} from '../../../../analysis/domain/gates/decide-outcome.ts'
import { undecidedActions } from '../../../../analysis/domain/gates/gate-case.ts'

const facts: OutcomeFacts = {
  samples: 'whole',
  problem: '',
  finding: 'none',
  couldCatchTarget: false,
  earlyPass: false,
  stage: 'open',
  onUndecided: 'pause',
}

const rows: readonly (readonly [string, Partial<OutcomeFacts>, string])[] = [
  ['unusable samples', { samples: 'unusable', problem: 'SeriesAbsent' }, 'error SeriesAbsent'],
  ['unusable samples beyond the stage', { samples: 'unusable', problem: 'X', stage: 'heldOut' }, 'error X'],
  [
    'a finding in samples that no ticks could be made of',
    { samples: 'unusable', problem: 'X', finding: 'worse' },
    'error X',
  ],
  ['the hard floor', { finding: 'hardFloor' }, 'abort HardFloor final'],
  [
    'the hard floor, then the canary is gone',
    { finding: 'hardFloor', samples: 'missing', problem: 'CanaryStale' },
    'abort HardFloor final',
  ],
  ['a regression', { finding: 'worse' }, 'abort Regression final'],
  [
    'a regression, then no traffic',
    { finding: 'worse', samples: 'thin', problem: 'NoTraffic' },
    'abort Regression final',
  ],
  [
    'a regression at the end of a stage',
    { finding: 'worse', stage: 'held', couldCatchTarget: true },
    'abort Regression final',
  ],
  ['missing samples', { samples: 'missing', problem: 'CanaryStale' }, 'error CanaryStale'],
  [
    'missing samples after a proof',
    { samples: 'missing', problem: 'CanaryStale', finding: 'proven', stage: 'held' },
    'error CanaryStale',
  ],
  [
    'missing samples, held out',
    { samples: 'missing', problem: 'CanaryStale', stage: 'heldOut', onUndecided: 'proceed' },
    'error CanaryStale',
  ],
  ['no traffic', { samples: 'thin', problem: 'NoTraffic' }, 'hold NoTraffic'],
  [
    'no traffic at the end',
    { samples: 'thin', problem: 'NoTraffic', stage: 'held', couldCatchTarget: true },
    'hold NoTraffic',
  ],
  [
    'no traffic, held out',
    { samples: 'thin', problem: 'NoTraffic', stage: 'heldOut', onUndecided: 'proceed' },
    'hold NoTraffic final',
  ],
  [
    'no traffic, held out, abort',
    { samples: 'thin', problem: 'NoTraffic', stage: 'heldOut', onUndecided: 'abort' },
    'hold NoTraffic final',
  ],
  ['proven within the stage', { finding: 'proven' }, 'hold Watching'],
  ['proven within the stage, earlyPass', { finding: 'proven', earlyPass: true }, 'pass Proven final'],
  ['proven at the end', { finding: 'proven', stage: 'held' }, 'pass Proven final'],
  ['proven, held out', { finding: 'proven', stage: 'heldOut', onUndecided: 'abort' }, 'pass Proven final'],
  ['nothing found within the stage', { couldCatchTarget: true }, 'hold Watching'],
  ['nothing found within the stage, earlyPass', { couldCatchTarget: true, earlyPass: true }, 'hold Watching'],
  ['nothing found at the end, could have', { stage: 'held', couldCatchTarget: true }, 'pass WouldHaveBeenCaught final'],
  ['nothing found at the end, could not have', { stage: 'held' }, 'hold Undecided'],
  ['held out, could have meanwhile', { stage: 'heldOut', couldCatchTarget: true }, 'pass WouldHaveBeenCaught final'],
  ['held out, pause', { stage: 'heldOut' }, 'hold Undecided final'],
  ['held out, proceed', { stage: 'heldOut', onUndecided: 'proceed' }, 'pass ProceedUndecided final'],
  ['held out, abort', { stage: 'heldOut', onUndecided: 'abort' }, 'abort AbortUndecided final'],
]

const render = (given: Partial<OutcomeFacts>): string => {
  const { outcome, reason, final } = decideOutcome({ ...facts, ...given })
  return `${outcome} ${reason}${final ? ' final' : ''}`
}

/** Every combination there is. */
function* allFacts(): Generator<OutcomeFacts> {
  const samples: readonly SampleState[] = ['unusable', 'missing', 'thin', 'whole']
  const stages: readonly StageState[] = ['open', 'held', 'heldOut']
  for (const state of samples)
    for (const finding of ['hardFloor', 'worse', 'proven', 'none'] as const)
      for (const stage of stages)
        for (const onUndecided of undecidedActions)
          for (const couldCatchTarget of [false, true])
            for (const earlyPass of [false, true])
              yield { samples: state, problem: 'Missing', finding, stage, onUndecided, couldCatchTarget, earlyPass }
}

describe('gates: what is done about a look', () => {
  for (const [name, given, expected] of rows) test(name, () => assert.equal(render(given), expected))

  test('lack of data never passes, and never aborts by itself', () => {
    for (const given of allFacts()) {
      if (given.samples === 'whole') continue
      const { outcome } = decideOutcome(given)
      assert.notEqual(outcome, 'pass', JSON.stringify(given))
      const isFound = given.finding === 'hardFloor' || given.finding === 'worse'
      if (!isFound) assert.notEqual(outcome, 'abort', JSON.stringify(given))
    }
  })

  test('a finding that ticks hold is never starved, whatever becomes of the samples', () => {
    for (const given of allFacts()) {
      const isFound = given.finding === 'hardFloor' || given.finding === 'worse'
      if (isFound && given.samples !== 'unusable')
        assert.equal(decideOutcome(given).outcome, 'abort', JSON.stringify(given))
    }
  })

  test('aborts and passes are last words, errors never are', () => {
    for (const given of allFacts()) {
      const { outcome, final } = decideOutcome(given)
      if (outcome === 'abort' || outcome === 'pass') assert.equal(final, true)
      if (outcome === 'error') assert.equal(final, false)
    }
  })
})

describe('gates: where a stage stands', () => {
  const stages: readonly (readonly [string, number | undefined, number, StageState])[] = [
    ['without an end', undefined, 10 ** 12, 'open'],
    ['before its end', 1000, 999, 'open'],
    ['at its end', 1000, 1000, 'held'],
    ['before the end of maxHold', 1000, 1499, 'held'],
    ['at the end of maxHold', 1000, 1500, 'heldOut'],
  ]
  for (const [name, endsAt, now, expected] of stages)
    test(name, () =>
      assert.equal(judgeStage({ ...(endsAt === undefined ? {} : { endsAt }), maxHoldMs: 500 }, now), expected),
    )
})
