/** The truth table of `managed-routes.ts`: which routes there must be follows from the steps and from who answers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import type { PresentRoute } from '../../../controller/api/traffic.ts'
import { isAsWanted, wantedManagedRoutes } from '../../../controller/domain/canary/managed-routes.ts'
import { type Situation, view } from '../../builders/world.ts'

const header = (name: string, value = 'yes') => ({
  setHeaderRoute: { name, match: [{ headerName: 'x', headerValue: { exact: value } }] },
})
const mirror = (percentage?: number) => ({
  setMirrorRoute: {
    name: 'shadow',
    match: [{ path: { prefix: '/' } }],
    ...(percentage === undefined ? {} : { percentage }),
  },
})
const steps: readonly CanaryStep[] = [
  { setWeight: 25 },
  header('beta'),
  mirror(),
  header('beta', 'no'),
  { setHeaderRoute: { name: 'beta' } },
  header('gamma'),
]
const strategy = {
  trafficRouting: {
    managedRoutes: [{ name: 'gamma' }, { name: 'shadow' }, { name: 'beta' }],
    plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } },
  },
}
const present = (name: string): PresentRoute => ({ route: { kind: 'header', name, match: [] }, intact: true })

const rows: readonly (readonly [string, Situation, readonly string[]])[] = [
  ['before the first step that makes one', { stepIndex: 0 }, []],
  ['while its step is in force', { stepIndex: 1 }, ['beta']],
  ['in the order of managedRoutes, not of the steps', { stepIndex: 2 }, ['shadow', 'beta']],
  ['the last word of a name', { stepIndex: 3 }, ['shadow', 'beta']],
  ['taken back by a step without match', { stepIndex: 4 }, ['shadow']],
  ['to the end of the steps', { stepIndex: 6 }, ['gamma', 'shadow']],
  ['aborted', { stepIndex: 2, status: { abort: true } }, []],
  ['promoted', { stepIndex: 6, status: { stableRS: view().podHash } }, []],
  ['nobody answers', { stepIndex: 2, answering: 0 }, []],
  ['the canary Service names another revision', { stepIndex: 2, canaryNames: 'old' }, []],
  [
    'promoted fully: what is there stays',
    { stepIndex: 6, status: { promoteFull: true }, managed: [present('shadow')] },
    ['shadow'],
  ],
  ['promoted fully: what is not there is not made', { stepIndex: 6, status: { promoteFull: true } }, []],
]

describe('the managed routes that there must be', () => {
  for (const [name, situation, expected] of rows)
    test(name, () =>
      assert.deepEqual(
        wantedManagedRoutes(view({ steps, strategy, ...situation })).map((route) => route.name),
        expected,
      ),
    )

  test('say what the step said, a mirror all of the requests unless it says less', () => {
    const [shadow, beta] = wantedManagedRoutes(view({ steps, strategy, stepIndex: 3 }))
    assert.deepEqual(shadow, { kind: 'mirror', name: 'shadow', match: [{ path: { prefix: '/' } }], percentage: 100 })
    assert.deepEqual(beta, {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x', headerValue: { exact: 'no' } }],
    })
  })

  test('are there only when each is intact and in its place', () => {
    const [a, b] = [present('a'), present('b')]
    const wanted = [a.route, b.route]
    assert.equal(isAsWanted([a, b], wanted), true)
    for (const damaged of [[b, a], [a], [a, { ...b, intact: false }], [a, b, present('c')]])
      assert.equal(isAsWanted(damaged, wanted), false)
  })
})
