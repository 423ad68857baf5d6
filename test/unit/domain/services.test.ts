/** The truth table of `services.ts`: a Service is pointed at another revision only where no traffic is cut off. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideServices } from '../../../controller/domain/canary/services.ts'
import { NEW_HASH, OLD_HASH, type Situation, view } from '../../builders/world.ts'

const promoted = { stableRS: NEW_HASH }
const aborted = { abort: true }
const header = { route: { kind: 'header', name: 'beta', match: [] }, intact: true } as const
/** `canary` plays the canary's part as long as nothing has been promoted. */
const pingPong = { pingPong: { pingService: 'canary', pongService: 'stable' } }
const idle: Situation = { strategy: pingPong, fresh: [4, 4], stableNames: 'new', canaryNames: 'old', status: promoted }
const rows: readonly (readonly [string, Situation, readonly string[]])[] = [
  ['updating, the canary Service names stable, weight 0', { canaryNames: 'old' }, [`canary→${NEW_HASH}`]],
  ['updating, the canary Service names stable and has weight', { canaryNames: 'old', weight: 10 }, []],
  ['updating, weight 0 is written and not confirmed', { canaryNames: 'old', confirmation: 'pending' }, []],
  ['updating, no pod is available', { canaryNames: 'old', fresh: [1, 0] }, []],
  ['updating, no weight is readable', { canaryNames: 'old', weight: undefined }, []],
  [
    'promoted, everything goes to the canary Service',
    { fresh: [4, 4], weight: 100, status: promoted },
    [`stable→${NEW_HASH}`],
  ],
  [
    'promoted, not confirmed, but every pod is available',
    { fresh: [4, 4], weight: 100, confirmation: 'pending', status: promoted },
    [`stable→${NEW_HASH}`],
  ],
  [
    'promoted, part of the traffic is on the stable Service and pods are missing',
    { fresh: [4, 3], weight: 50, status: promoted },
    [],
  ],
  ['promoted, no pod is available', { fresh: [4, 0], weight: 100, status: promoted }, []],
  ['promoted, both name it', { fresh: [4, 4], stableNames: 'new', status: promoted }, []],
  [
    'first adoption of both with every pod',
    { fresh: [4, 4], stableNames: '', canaryNames: '', status: promoted },
    [`stable→${NEW_HASH}`, `canary→${NEW_HASH}`],
  ],
  ['first adoption with a pod missing', { fresh: [4, 3], stableNames: '', canaryNames: '', status: promoted }, []],
  [
    'first adoption, weight 0 that nobody confirms, and no other revision has pods: the same pods as before',
    { fresh: [4, 4], stable: [0, 0], stableNames: 'new', canaryNames: '', confirmation: 'unknown', status: promoted },
    [`canary→${NEW_HASH}`],
  ],
  [
    'the same while another revision has pods',
    { fresh: [4, 4], stableNames: 'new', canaryNames: '', confirmation: 'unknown', status: promoted },
    [],
  ],
  [
    'the same with a pod missing',
    { fresh: [4, 3], stable: [0, 0], stableNames: 'new', canaryNames: '', confirmation: 'unknown', status: promoted },
    [],
  ],
  ['aborted, weight 0', { status: aborted }, [`canary→${OLD_HASH}`]],
  ['aborted, weight not yet 0', { weight: 25, status: aborted }, []],
  ['aborted, no stable pod available', { stable: [4, 0], status: aborted }, []],
  [
    'aborted, the canary Service names none yet, and no pod of what was aborted is there',
    { canaryNames: '', fresh: [1, 0], status: aborted },
    [`canary→${OLD_HASH}`],
  ],
  [
    'aborted, the canary Service names none yet, a stable pod is missing',
    { canaryNames: '', stable: [4, 3], status: aborted },
    [],
  ],
  ['aborted, weight 0, but a managed route leads to it', { status: aborted, managed: [header] }, []],
  [
    'aborted, the route is gone, and nobody knows for how long',
    { gone: true, confirmation: 'unknown', status: aborted },
    [],
  ],
  [
    'aborted, the route is gone, in compat',
    { gone: true, confirmation: 'unknown', compat: 'argo', status: aborted },
    [`canary→${OLD_HASH}`],
  ],
  ['updating, weight 0 that nobody confirms', { canaryNames: 'old', confirmation: 'unknown' }, []],
  [
    'updating, the same in compat',
    { canaryNames: 'old', confirmation: 'unknown', compat: 'argo' },
    [`canary→${NEW_HASH}`],
  ],
  [
    'updating, the step asks for no canary pods',
    { steps: [{ setCanaryScale: { replicas: 0 } }], fresh: [0, 0] },
    [`canary→${OLD_HASH}`],
  ],
  ['ping-pong promoted: the idle Service keeps the old pods', { ...idle }, []],
  ['ping-pong promoted: the old pods are gone', { ...idle, stable: [0, 0] }, [`canary→${NEW_HASH}`]],
  ['ping-pong aborted: the same', { strategy: pingPong, status: aborted }, []],
]

describe('which revision the Services name', () => {
  for (const [name, situation, expected] of rows) {
    test(name, () => {
      const actions = decideServices(view(situation), {}).flatMap((part) => part.actions ?? [])
      assert.deepEqual(
        actions.map((action) => (action.do === 'select' ? `${action.service}→${action.podHash}` : action.do)),
        expected,
      )
    })
  }
})
