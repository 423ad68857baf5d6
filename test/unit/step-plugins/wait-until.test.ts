/** `penstock/wait-until`: moments, daily windows in their time zone, and facts of other objects. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { WaitUntilConfig } from '../../../controller/api/step-plugin-config.ts'
import type { StepAnswer } from '../../../controller/api/step-result.ts'
import { refOfAny } from '../../../controller/kube/any-object.ts'
import type { ObjectRef } from '../../../controller/kube/client.ts'
import { type DailyWindow, secondsUntilOpen } from '../../../controller/step-plugins/daily-window.ts'
import type { StepPorts } from '../../../controller/step-plugins/plugin.ts'
import { waitUntil } from '../../../controller/step-plugins/wait-until.ts'
import { callOf, forbidden, portsWith } from './calls.ts'

const HOUR = 3600
const hours: DailyWindow = { from: '09:00', to: '17:00', timeZone: 'Europe/Berlin' }
const nights: DailyWindow = { from: '22:00', to: '04:00' }
const weekdays: DailyWindow = { from: '09:00', to: '17:00', days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'] }
const friday: DailyWindow = { from: '22:00', to: '04:00', days: ['Fri'] }

const moments: readonly (readonly [string, DailyWindow, string, number])[] = [
  ['open in Berlin though UTC says 8', hours, '2026-01-05T08:00:00Z', 0],
  ['an hour before in winter', hours, '2026-01-05T07:00:00Z', HOUR],
  ['open an hour earlier in summer', hours, '2026-07-06T07:00:00Z', 0],
  ['closes at its end', hours, '2026-01-05T16:00:00Z', 17 * HOUR - HOUR],
  ['seconds count', hours, '2026-01-05T07:59:30Z', 30],
  ['before midnight', nights, '2026-01-05T23:00:00Z', 0],
  ['past midnight', nights, '2026-01-05T03:59:00Z', 0],
  ['in the morning', nights, '2026-01-05T04:00:00Z', 18 * HOUR],
  ['Saturday waits for Monday', weekdays, '2026-01-03T12:00:00Z', 45 * HOUR],
  ['Friday evening waits for Monday', weekdays, '2026-01-02T17:00:00Z', 64 * HOUR],
  ['Friday night lasts into Saturday', friday, '2026-01-03T03:00:00Z', 0],
  ['but not through Saturday night', friday, '2026-01-03T23:00:00Z', 143 * HOUR],
  ['one day a week, just missed', { from: '10:00', to: '11:00', days: ['Mon'] }, '2026-01-05T11:00:00Z', 167 * HOUR],
]

describe('a daily window', () => {
  for (const [name, window, now, seconds] of moments)
    test(name, () => assert.equal(secondsUntilOpen(window, Date.parse(now)), seconds))
})

async function ask(config: WaitUntilConfig, ports: Partial<StepPorts> = {}): Promise<StepAnswer> {
  const run = waitUntil.prepare('run', config)
  assert.ok(typeof run === 'function')
  return run(callOf(config), portsWith(ports), new AbortController().signal)
}

const at = (now: string): Partial<StepPorts> => ({ now: () => Date.parse(now) })

describe('a moment', () => {
  const time = '2026-03-01T12:00:00Z'
  test('is waited for, an hour at a time', async () => {
    assert.deepEqual(await ask({ time }, at('2026-03-01T02:00:00Z')), {
      phase: 'Running',
      message: `waits for ${time}`,
      afterSeconds: 3600,
    })
    assert.equal((await ask({ time }, at('2026-03-01T11:59:20Z'))).afterSeconds, 40)
    assert.equal((await ask({ time }, at('2026-03-01T11:59:59Z'))).afterSeconds, 10)
  })
  test('has come', async () => {
    assert.equal((await ask({ time }, at(time))).phase, 'Successful')
  })
  test('an offset counts', async () => {
    assert.equal((await ask({ time: '2026-03-01T13:00:00+01:00' }, at('2026-03-01T12:00:00Z'))).phase, 'Successful')
  })
})

type Wanted = NonNullable<WaitUntilConfig['object']>
const database: Wanted = {
  apiVersion: 'db.example/v1',
  kind: 'Database',
  name: 'orders',
  jsonPath: '{.status.phase}',
  equals: 'Ready',
}

function clientWith(found: object | undefined, refs: ObjectRef[] = []): Partial<StepPorts> {
  const get = async <T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> => {
    refs.push(ref)
    return found as T | undefined
  }
  return { client: { ...portsWith().client, get }, listResources: async () => ['databases'] }
}

describe('a fact of another object', () => {
  const rows: readonly (readonly [string, Partial<Wanted>, object | undefined, StepAnswer['phase']])[] = [
    ['as asked', {}, { status: { phase: 'Ready' } }, 'Successful'],
    ['not yet', {}, { status: { phase: 'Creating' } }, 'Running'],
    ['no such field', {}, { status: {} }, 'Running'],
    ['no such object', {}, undefined, 'Running'],
    ['a number is no text', { equals: '1' }, { status: { phase: 1 } }, 'Running'],
    ['true', { equals: true }, { status: { phase: true } }, 'Successful'],
    ['null', { equals: null }, { status: { phase: null } }, 'Successful'],
    ['a pattern', { equals: undefined, matches: '^Rea' }, { status: { phase: 'Ready' } }, 'Successful'],
    ['a pattern against a list', { equals: undefined, matches: '.' }, { status: { phase: ['Ready'] } }, 'Running'],
    ['there', { equals: undefined, exists: true }, { status: { phase: '' } }, 'Successful'],
    ['not there', { equals: undefined, exists: false }, { status: {} }, 'Successful'],
    ['not there because the object is gone', { equals: undefined, exists: false }, undefined, 'Successful'],
    ['still there', { equals: undefined, exists: false }, { status: { phase: 'Ready' } }, 'Running'],
    [
      'one condition of many',
      { jsonPath: '{.status.conditions[?(@.type=="Ready")].status}', equals: 'True' },
      { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      'Successful',
    ],
  ]
  for (const [name, change, found, phase] of rows)
    test(`${name}: ${phase}`, async () => {
      const object = Object.fromEntries(
        Object.entries({ ...database, ...change }).filter(([, value]) => value !== undefined),
      )
      assert.equal((await ask({ object: object as Wanted }, clientWith(found))).phase, phase)
    })

  test('its values are not shown', async () => {
    const answer = await ask({ object: database }, clientWith({ status: { phase: 'hunter2' } }))
    assert.doesNotMatch(JSON.stringify(answer), /hunter2/)
  })
  test('is looked for in the own namespace', async () => {
    const refs: ObjectRef[] = []
    await ask({ object: database }, clientWith({}, refs))
    assert.deepEqual(
      refs.map(({ namespace, kind }) => [namespace, kind.group, kind.version, kind.plural]),
      [['shop', 'db.example', 'v1', 'databases']],
    )
  })
  for (const [name, change] of [
    ['exists: false', { exists: false }],
    ['a value', { equals: 'Ready' }],
  ] as const)
    test(`a kind that the cluster does not serve is no answer to ${name}`, async () => {
      const { equals: _equals, ...object } = database
      const asked: string[] = []
      const listResources = async (group: string, version: string): Promise<readonly string[]> => {
        asked.push(`${group}/${version}`)
        return ['backups']
      }
      await assert.rejects(
        ask({ object: { ...object, ...change } }, { ...clientWith(undefined), listResources }),
        /^Error: the cluster serves no databases in version v1 of db\.example: install it, or correct apiVersion, kind and resource$/,
      )
      assert.deepEqual(asked, ['db.example/v1'])
    })
  test('the core group has a name', async () => {
    const object = { ...database, apiVersion: 'v1', kind: 'Podd' }
    await assert.rejects(ask({ object }, clientWith(undefined)), /serves no podds in version v1 of the core group/)
  })
  test('another namespace has to be allowed', async () => {
    const object = { ...database, namespace: 'infra' }
    await assert.rejects(ask({ object }, clientWith({})), /namespace "infra" may not be read from here/)
    const allowed = { ...clientWith({ status: { phase: 'Ready' } }), readableNamespaces: ['infra'] }
    assert.equal((await ask({ object }, allowed)).phase, 'Successful')
  })
  test('a missing right is said with what to grant', async () => {
    const get = async (ref: ObjectRef): Promise<never> => {
      throw forbidden(ref)
    }
    await assert.rejects(
      ask({ object: database }, { client: { ...portsWith().client, get } }),
      /grant its service account get on databases of db\.example/,
    )
  })
  const plurals: readonly (readonly [string, string])[] = [
    ['Database', 'databases'],
    ['Policy', 'policies'],
    ['Ingress', 'ingresses'],
    ['Endpoints', 'endpoints'],
  ]
  for (const [kind, plural] of plurals)
    test(`${kind} is served as ${plural}`, () =>
      assert.equal(refOfAny({ ...database, kind, namespaced: true }, 'shop').kind.plural, plural))
  test('unless the step says otherwise', () => {
    const ref = refOfAny({ ...database, kind: 'Gateway', resource: 'gateways', namespaced: false }, 'shop')
    assert.deepEqual([ref.kind.plural, ref.namespace, ref.kind.namespaced], ['gateways', undefined, false])
  })
})
