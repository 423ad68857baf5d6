/** The truth table of `managed-routes.ts`: which routes there must be follows from the steps and from who answers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COLOR_STEP } from '../../../controller/api/color-step.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import type { PresentRoute } from '../../../controller/api/traffic.ts'
import { isAsWanted, wantedManagedRoutes } from '../../../controller/domain/canary/managed-routes.ts'
import { describeStep, pluginOfStep, routesOfStep } from '../../../controller/domain/canary/steps.ts'
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
const users = [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 50 } }]
const color = (name: string, match?: object): CanaryStep => ({
  plugin: { name: COLOR_STEP, config: { name, ...(match ? { match } : {}) } },
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

const shadowRoute = { kind: 'mirror', name: 'shadow', match: [{ path: { prefix: '/' } }], percentage: 100 } as const
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
    { stepIndex: 6, status: { promoteFull: true }, managed: [{ route: shadowRoute, intact: false }] },
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

  test('are colours by the same rules', () => {
    const mixed = [color('beta', users), header('gamma'), mirror(), color('shadow', users), color('beta', [])]
    const wanted = (stepIndex: number, more: Situation = {}) =>
      wantedManagedRoutes(view({ steps: mixed, strategy, stepIndex, ...more })).map(
        ({ kind, name }) => `${kind} ${name}`,
      )
    assert.deepEqual(wanted(0), ['color beta'])
    assert.deepEqual(wanted(2), ['header gamma', 'mirror shadow', 'color beta'])
    assert.deepEqual(wanted(3), ['header gamma', 'color shadow', 'color beta'], 'one name, the last word')
    assert.deepEqual(wanted(4), ['header gamma', 'color shadow'], 'taken back')
    assert.deepEqual(wanted(3, { answering: 0 }), [])
    assert.deepEqual(wanted(3, { status: { abort: true } }), [])
    const there = { route: { kind: 'color', name: 'shadow', match: users } as const, intact: true }
    const full = { status: { promoteFull: true }, managed: [present('beta'), there] }
    assert.deepEqual(wanted(5, full), ['color shadow'], 'a full promotion adds none')
  })

  test('are not widened by a full promotion: the pods for it have not come', () => {
    const range = (to: number) => [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to } }]
    const widening = [color('beta', range(50)), { pause: {} }, color('beta', range(900))]
    const wanted = (steps: readonly CanaryStep[], match: ReturnType<typeof range>) =>
      wantedManagedRoutes(
        view({
          steps,
          strategy,
          stepIndex: steps.length,
          status: { promoteFull: true },
          managed: [{ route: { kind: 'color', name: 'beta', match }, intact: true }],
        }),
      ).map(({ match: found }) => JSON.stringify(found))
    assert.deepEqual(wanted(widening, range(50)), [JSON.stringify(range(50))])
    assert.deepEqual(wanted(widening, range(900)), [JSON.stringify(range(900))])
    assert.deepEqual(wanted(widening, range(7)), [], 'no step has said that')
    assert.deepEqual(wanted([...widening, color('beta')], range(50)), [], 'taken back in the end')
  })

  test('are declared by steps that are called by nobody', () => {
    assert.deepEqual(routesOfStep(color('vip', users)), [
      { name: 'vip', route: { kind: 'color', name: 'vip', match: users } },
    ])
    assert.deepEqual(routesOfStep(color('vip')), [{ name: 'vip' }])
    assert.equal(pluginOfStep(color('vip', users)), undefined)
    assert.equal(describeStep(color('vip', users)), 'color: vip')
    const called: CanaryStep = { plugin: { name: 'penstock/webhook', config: { url: 'https://gate.example/' } } }
    assert.deepEqual([routesOfStep(called), pluginOfStep(called)], [[], called.plugin])
    assert.deepEqual(
      [routesOfStep(undefined), pluginOfStep(undefined), routesOfStep({ setWeight: 5 })],
      [[], undefined, []],
    )
    const odd = color('vip', [{ idRange: 'all' }])
    assert.deepEqual([routesOfStep(odd), pluginOfStep(odd)], [[], undefined], 'neither route nor call')
  })

  test('are there only when each is intact and in its place', () => {
    const [a, b] = [present('a'), present('b')]
    const wanted = [a.route, b.route]
    assert.equal(isAsWanted([a, b], wanted), true)
    for (const damaged of [[b, a], [a], [a, { ...b, intact: false }], [a, b, present('c')]])
      assert.equal(isAsWanted(damaged, wanted), false)
  })
})
