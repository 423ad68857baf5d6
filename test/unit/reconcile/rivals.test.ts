/** Several Rollouts that configure one key: the oldest drives it, the others hold with a sentence until it is free. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches, watchKeys } from '../../../controller/reconcile/caches.ts'
import { withoutTaken } from '../../../controller/reconcile/rivals.ts'
import { routersOf } from '../../../controller/reconcile/routers.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const SWITCH = 'penstock/switch'
const FLAG = 'penstock/feature-flag'

function named(name: string, second: number, plugins: Record<string, Record<string, unknown>>): Rollout {
  const whole = rollout({ canary: { trafficRouting: { plugins } } })
  return { ...whole, metadata: { ...whole.metadata, name, creationTimestamp: `2026-01-01T00:00:0${second}Z` } }
}
const flag = (name: string) => ({
  configMap: 'flags',
  key: 'flags.yaml',
  format: 'goFeatureFlag',
  flag: name,
  stableVariant: 'off',
  canaryVariant: 'on',
})

const problemOf = (asking: Rollout, ...others: readonly Rollout[]): string | undefined => {
  const [one] = withoutTaken(routersOf(asking, []), asking, () => [asking, ...others])
  return one && 'problem' in one.router ? one.router.problem : undefined
}

const first = named('a', 2, { [SWITCH]: { configMap: 'flags' } })
const KEY = 'key "canary-weight" of ConfigMap "flags"'
const taken = (by: string) =>
  `${KEY} follows Rollout "${by}", which was there first: name another one in trafficRouting.plugins["penstock/switch"]`

describe('a key that two Rollouts configure', () => {
  const rows: readonly (readonly [string, Rollout, readonly Rollout[], string | undefined])[] = [
    ['the only one has it', first, [], undefined],
    ['the older one has it', first, [named('b', 3, { [SWITCH]: { configMap: 'flags' } })], undefined],
    ['the younger one holds', named('0', 3, { [SWITCH]: { configMap: 'flags' } }), [first], taken('a')],
    ['of the same second the first by name', named('b', 2, { [SWITCH]: { configMap: 'flags' } }), [first], taken('a')],
    [
      'one of several keys is enough',
      named('b', 3, { [SWITCH]: { configMap: 'flags', enabled: { key: 'on' } } }),
      [first],
      taken('a'),
    ],
    ['another key', named('b', 3, { [SWITCH]: { configMap: 'flags', weight: { key: 'b' } } }), [first], undefined],
    ['another ConfigMap', named('b', 3, { [SWITCH]: { configMap: 'more' } }), [first], undefined],
    [
      'what is configured wrongly takes nothing',
      named('b', 3, { [SWITCH]: { configMap: 'flags' } }),
      [named('a', 2, { [SWITCH]: { configMap: 'flags', weight: {} } })],
      undefined,
    ],
    [
      'another flag of one file',
      named('b', 3, { [FLAG]: flag('new') }),
      [named('a', 2, { [FLAG]: flag('old') })],
      undefined,
    ],
    [
      'a router that shares its objects',
      named('b', 3, { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } }),
      [named('a', 2, { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } })],
      undefined,
    ],
  ]
  for (const [what, asking, others, expected] of rows)
    test(what, () => assert.equal(problemOf(asking, ...others), expected))

  test('one flag', () => {
    const problem = problemOf(named('b', 3, { [FLAG]: flag('new') }), named('a', 2, { [FLAG]: flag('new') }))
    assert.match(problem ?? '', /^flag "new" in key "flags.yaml" of ConfigMap "flags" follows Rollout "a", which was/)
  })

  test('is looked at again by the other when the first one goes or names another', async (t) => {
    const clock = createFakeClock()
    const kube = createMemoryKube()
    const informers = createInformers({ client: kube.client, clock, random: seededRandom(1), log: silentLogger })
    const caches = openCaches(informers)
    const [older, younger] = await Promise.all(
      ['a', 'b'].map((name) =>
        kube.client.create(kinds.rollouts, named(name, 1, { [SWITCH]: { configMap: 'flags' } })),
      ),
    )
    assert.ok(older && younger)
    informers.start()
    t.after(() => informers.stop())
    const until = async (holds: () => boolean): Promise<void> => {
      for (let round = 0; round < 50 && !holds(); round += 1) await clock.advance(100)
      assert.ok(holds())
    }
    await until(() => caches.rollouts.size() === 2)
    const problem = (): boolean => caches.routes.routersOf(younger, []).some(({ router }) => 'problem' in router)
    assert.equal(problem(), true)
    const keys: string[] = []
    t.after(watchKeys(caches, (key) => keys.push(key)))
    await kube.client.delete({ kind: kinds.rollouts, namespace: 'web', name: 'a' })
    await until(() => keys.includes('web/b'))
    assert.equal(problem(), false)
  })
})
