/** Somebody else changes what the routers were told: what is written, what waits, and what is on record, row by row of `drift.ts`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { REVERSALS } from '../../../controller/api/labels.ts'
import type { PresentRoute } from '../../../controller/api/traffic.ts'
import { releaseRoutes } from '../../../controller/domain/canary/release-routes.ts'
import { decideRoute } from '../../../controller/domain/canary/route.ts'
import { viewTraffic } from '../../../controller/domain/canary/traffic.ts'
import { displayPhase } from '../../../controller/domain/phase.ts'
import type { Part } from '../../../controller/domain/plan.ts'
import { summarize } from '../../../controller/domain/summarize.ts'
import type { LastWriter, RouteReading } from '../../../controller/domain/world.ts'
import { NEW_HASH, type Situation, view } from '../../builders/world.ts'

const T = Date.UTC(2026, 0, 1, 12)
const SECOND = 1_000
const instant = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z')

const argoCd: LastWriter = { isOurs: false, manager: 'argocd-controller', object: 'HTTPRoute "web/shop"' }
const us: LastWriter = { isOurs: true, manager: 'penstock', object: 'HTTPRoute "web/shop"' }
const WHO = 'field manager "argocd-controller" of HTTPRoute "web/shop"'

interface Row extends Situation {
  readonly wanted?: number
  /** The canary's weight that status tells. */
  readonly told?: number
  readonly by?: LastWriter | 'nobody'
  readonly record?: object | string
  readonly nowMs?: number
  readonly reading?: Partial<RouteReading>
}

function viewOf({ told = 25, by = argoCd, record, nowMs = T, reading, ...situation }: Row) {
  const weights = { canary: { weight: told }, stable: { weight: 100 - told } }
  const seen = view({ weight: 25, ...situation, status: { canary: { weights }, ...situation.status } })
  const text = typeof record === 'object' ? JSON.stringify(record) : record
  const { metadata } = seen.world.rollout
  const annotations = { ...metadata.annotations, ...(text === undefined ? {} : { [REVERSALS]: text }) }
  const routes = seen.world.routes.map((route) => ({
    ...route,
    ...(by === 'nobody' ? {} : { lastWriter: by }),
    ...reading,
  }))
  const rollout = { ...seen.world.rollout, metadata: { ...metadata, annotations } }
  const world = { ...seen.world, now: nowMs, rollout, routes }
  return { ...seen, ...viewTraffic(world), world }
}

const routed = (row: Row): Part => decideRoute(viewOf(row), { canary: row.wanted ?? 25 })

/** Such as `write 25 correcting …, record, Conflict`. */
function said({ actions = [], holds = [] }: Part): string {
  const words = actions.map((action) => {
    if (action.do === 'route') return `write ${action.canary}${action.corrects === undefined ? '' : ' as a correction'}`
    if (action.do !== 'annotateRollout') return action.do
    return action.annotations[REVERSALS] === null ? 'forget' : 'record'
  })
  return [...words, ...holds.map(({ reason }) => reason)].join(', ')
}

/** The record as the part leaves it. */
function recorded(part: Part): Readonly<Record<string, unknown>> {
  const [action] = (part.actions ?? []).filter((one) => one.do === 'annotateRollout')
  return JSON.parse((action?.do === 'annotateRollout' && action.annotations[REVERSALS]) || '{}')
}

/** What is wanted, as it is put on record by the first correction. */
const intentOf = (row: Row): unknown => recorded(routed({ ...row, record: '' })).intent
const REVERSED: Row = { weight: 90 }
const intent = intentOf(REVERSED)
const counted = (times: number, agoMs = 1_000) => ({
  intent,
  who: WHO,
  at: Array.from({ length: times }, (_, at) => instant(T - agoMs - (times - 1 - at) * SECOND)),
})
const held = (untilMs: number, seconds = 60) => ({
  ...counted(6),
  heldUntil: instant(untilMs),
  heldSeconds: seconds,
})
const broken: readonly PresentRoute[] = [{ route: { kind: 'header', name: 'beta', match: [] }, intact: false }]

describe('foreign changes of routes', () => {
  const rows: readonly (readonly [string, Row, string])[] = [
    ['nothing is changed', {}, ''],
    ['something new is wanted', { weight: 25, wanted: 50 }, 'write 50'],
    ['a weight is changed', REVERSED, 'write 25 as a correction, record'],
    ['a weight is made unreadable', { weight: undefined }, 'write 25 as a correction, record'],
    ['nobody tells who it was', { ...REVERSED, by: 'nobody' }, 'write 25 as a correction, record'],
    ['it was our own last write, and status lags behind it', { weight: 0, by: us }, 'write 25'],
    ['something new is wanted of what was changed', { ...REVERSED, wanted: 50 }, 'write 50'],
    ['a managed route is damaged', { managed: broken }, 'write 25 as a correction, record'],
    ['a mark is taken away', { reading: { marksFit: false } }, 'write 25 as a correction, record'],
    ['what was written was never read back', { ...REVERSED, told: 0 }, 'write 25'],
    ['unless it is on record', { ...REVERSED, told: 0, record: counted(1) }, 'write 25 as a correction, record'],
    ['five times', { ...REVERSED, record: counted(4) }, 'write 25 as a correction, record'],
    ['six times', { ...REVERSED, record: counted(5) }, 'record, Conflict'],
    [
      'six times, and it is the first word of something that opens nothing',
      { ...REVERSED, told: 0, wanted: 0, record: counted(5) },
      'write 0 as a correction, record',
    ],
    [
      'six times, but not within a minute',
      { ...REVERSED, record: counted(5, 58_500) },
      'write 25 as a correction, record',
    ],
    ['an unreadable record is none', { ...REVERSED, record: '{' }, 'write 25 as a correction, record'],
    ['on record, and something new is wanted', { ...REVERSED, wanted: 50, record: counted(5) }, 'write 50, record'],
    ['on record, and nothing is changed', { record: counted(5) }, ''],
    ['for a minute', { record: counted(5, 60_000) }, 'forget'],
    ['held back', { ...REVERSED, record: held(T + SECOND) }, 'Conflict'],
    ['held back, and nothing is changed', { record: held(T + SECOND) }, 'Conflict'],
    ['held back, and it has lasted', { record: held(T) }, 'forget'],
    ['held back for long enough', { ...REVERSED, record: held(T) }, 'write 25 as a correction, record, Conflict'],
    ['held back, and more is wanted', { wanted: 50, record: held(T + SECOND) }, 'Conflict'],
    [
      'held back, and less is wanted',
      { ...REVERSED, wanted: 10, record: held(T + SECOND) },
      'write 10, record, Conflict',
    ],
  ]
  for (const [what, row, expected] of rows) test(what, () => assert.equal(said(routed(row)), expected))

  test('the record and the correction name who it was, and the record waits for the write', () => {
    const part = routed(REVERSED)
    assert.deepEqual(recorded(part), { intent, at: [instant(T)], who: WHO })
    const [write, record] = part.actions ?? []
    assert.ok(record?.do === 'annotateRollout' && record.after === write)
    assert.deepEqual(
      part.events?.map(({ type, reason, message, action }) => [type, reason, message, action === write]),
      [
        [
          'Warning',
          'TrafficReversed',
          `${WHO} changed what the Rollout writes there: canary weight 90 corrected`,
          true,
        ],
        ['Normal', 'TrafficWeightUpdated', 'Traffic weight updated from 90 to 25', true],
      ],
    )
    assert.match(JSON.stringify(routed({ ...REVERSED, by: 'nobody' })), /somebody who writes the objects of r /)
  })

  test('the sixth is told once, and looked at again after a minute', () => {
    const part = routed({ ...REVERSED, record: counted(5) })
    assert.deepEqual(
      part.events?.map(({ type, reason }) => [type, reason]),
      [['Warning', 'Conflict']],
    )
    assert.equal(part.wakeAtMs, T + 60_000)
    assert.equal(recorded(part).heldUntil, instant(T + 60_000))
    assert.deepEqual(routed({ ...REVERSED, record: held(T + SECOND) }).events ?? [], [])
  })

  for (const [seconds, next] of [
    [60, 120],
    [120, 240],
    [480, 600],
    [600, 600],
  ] as const)
    test(`held for ${seconds} s, then for ${next} s`, () => {
      const { heldSeconds, heldUntil } = recorded(routed({ ...REVERSED, record: held(T, seconds) }))
      assert.deepEqual([heldSeconds, heldUntil], [next, instant(T + next * SECOND)])
    })

  test("an abort's first write is never held back, what follows is", () => {
    const aborted: Row = { ...REVERSED, wanted: 0, status: { abort: true, abortedAt: instant(T) } }
    const first = routed({ ...aborted, record: held(T + SECOND) })
    assert.equal(said(first), 'write 0, record, Conflict')
    assert.equal(said(routed({ ...aborted, record: JSON.stringify(recorded(first)) })), 'Conflict')
  })

  test('an abort wants something else than an update that happens to want the same', () => {
    const atZero = intentOf({ ...REVERSED, wanted: 0, told: 0 })
    const record = { ...held(T + SECOND), intent: atZero }
    assert.equal(said(routed({ ...REVERSED, wanted: 0, record })), 'Conflict')
    const abort = { ...REVERSED, wanted: 0, record, status: { abort: true, abortedAt: instant(T) } }
    assert.equal(said(routed(abort)), 'write 0, record, Conflict')
  })

  test('only the changed one of two routers counts, and is named', () => {
    const row = viewOf({ by: us })
    const [route] = row.world.routes
    assert.ok(route)
    const routes = [route, { ...route, router: 'other', programmedCanary: 0, lastWriter: argoCd }]
    const part = decideRoute({ ...row, world: { ...row.world, routes } }, { canary: 25 })
    assert.equal(recorded(part).who, WHO)
  })
})

describe('field ownership', () => {
  const steady: Situation = { fresh: [4, 4], stableNames: 'new', canaryNames: 'new', stepIndex: 2, weight: 0 }
  const promoted: Row = { ...steady, told: 0, wanted: 0, status: { stableRS: NEW_HASH } }
  const reading = { held: ['HTTPRoute "web/shop"'] }
  const released = (row: Row, moves: Part = {}): readonly unknown[] =>
    (releaseRoutes(viewOf({ reading, ...row }), moves).actions ?? []).map((action) =>
      action.do === 'releaseRoutes' ? action.objects : action.do,
    )
  const yes = [['HTTPRoute "web/shop"']]

  const rows: readonly (readonly [string, Row, readonly unknown[]])[] = [
    ['a promoted update', promoted, yes],
    ['an aborted one whose traffic is back', { weight: 0, canaryNames: 'old', status: { abort: true } }, yes],
    ['nothing is held', { ...promoted, reading: {} }, []],
    ['an update that is under way', { weight: 0 }, []],
    ['an aborted one with traffic', { weight: 25, status: { abort: true } }, []],
    ['nobody has confirmed it', { ...promoted, confirmation: 'pending' }, []],
    ['a managed route is left', { ...promoted, managed: broken }, []],
    ['something is to be tidied away', { ...promoted, reading: { ...reading, isUntidy: true } }, []],
    ['a problem', { ...promoted, reading: { ...reading, problem: 'no' } }, []],
    [
      'a reversal is on record: the next correction would claim the fields again',
      { ...promoted, record: counted(1) },
      [],
    ],
  ]
  for (const [what, row, expected] of rows) test(what, () => assert.deepEqual(released(row), expected))

  test('comes last: not in a pass that writes anything else', () => {
    const annotate = { do: 'annotateRollout', annotations: {} } as const
    assert.deepEqual(released(promoted, { actions: [annotate] }), yes)
    assert.deepEqual(released(promoted, { actions: [{ do: 'setDefaultReplicas' }] }), [])
  })
})

describe('a Conflict', () => {
  const weights = { canary: { weight: 25 }, stable: { weight: 75 } }
  const seen = viewOf({ ...REVERSED, record: held(T + SECOND) })
  const { rollout } = seen.world
  const status = (conflict: string | undefined) =>
    summarize(seen, {
      memory: { canary: { weights } },
      abortCause: undefined,
      paused: false,
      deadlineExceeded: false,
      standing: { counts: { replicas: 1 }, isDeployed: false, isAvailable: true },
      troubles: conflict === undefined ? [] : [{ reason: 'Conflict', message: conflict }],
    })
  test('is a condition and the message of the phase as long as it lasts', () => {
    const told = status(WHO)
    const { type, status: is, reason, message } = told.conditions?.find((one) => one.type === 'Conflict') ?? {}
    assert.deepEqual([type, is, reason, message], ['Conflict', 'True', 'Conflict', WHO])
    assert.deepEqual([told.phase, told.message], ['Progressing', `Conflict: ${WHO}`])
    assert.deepEqual(
      displayPhase({ ...told, pauseConditions: [{ reason: 'CanaryPauseStep', startTime: instant(T) }] }, rollout.spec),
      {
        phase: 'Paused',
        message: 'CanaryPauseStep',
      },
    )
    assert.equal(
      status(undefined).conditions?.some((one) => one.type === 'Conflict'),
      false,
    )
  })
})
