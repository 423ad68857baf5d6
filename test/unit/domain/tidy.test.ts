/** When objects that were made for an update may be taken away: nothing is sent to them any more, and nothing that was sent is on its way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PresentRoute } from '../../../controller/api/traffic.ts'
import { decideRoute } from '../../../controller/domain/canary/route.ts'
import { NEW_HASH, type Situation, view } from '../../builders/world.ts'

const steady: Situation = {
  fresh: [4, 4],
  stableNames: 'new',
  canaryNames: 'new',
  stepIndex: 2,
  weight: 0,
  status: { stableRS: NEW_HASH },
}
const aborted: Situation = { weight: 0, canaryNames: 'old', status: { abort: true } }
const managed: readonly PresentRoute[] = [{ route: { kind: 'header', name: 'beta', match: [] }, intact: true }]

/** The route action, if any, with a router that has something to tidy away. */
function decided(situation: Situation, isUntidy = true) {
  const seen = view(situation)
  const routes = seen.world.routes.map((route) => ({ ...route, ...(isUntidy ? { isUntidy } : {}) }))
  const { actions = [] } = decideRoute({ ...seen, world: { ...seen.world, routes } }, { canary: 0 })
  return actions.map((action) => (action.do === 'route' ? [action.canary, action.tidy, action.opens] : action.do))
}

describe('tidying away', () => {
  for (const [what, situation] of [
    ['an update that was promoted', steady],
    ['an update that was aborted', aborted],
  ] as const)
    test(`behind ${what}, without opening anything`, () => assert.deepEqual(decided(situation), [[0, true, []]]))

  for (const [what, situation, expected] of [
    ['an update goes on at weight 0', { weight: 0 }, []],
    ['weight 0 is not confirmed', { ...steady, confirmation: 'pending' }, []],
    ['nobody confirms, and it has had no time', { ...steady, confirmation: 'unknown' }, []],
    ['there is weight: that goes first', { ...steady, weight: 100 }, [[0, undefined, []]]],
    ['there are managed routes: they go first', { ...steady, managed }, [[0, undefined, []]]],
  ] as const)
    test(`not while ${what}`, () => assert.deepEqual(decided(situation), expected))

  test('not where there is nothing to tidy away', () => assert.deepEqual(decided(steady, false), []))
})
