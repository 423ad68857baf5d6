/** Messages that nobody takes for a while, and a controller that dies beside them. */
import type { Deed } from '../deed.ts'
import { at, before, commit, isDegraded, isHealthy, isPaused, isPausedAt, later, type Tale, unrouted } from '../tale.ts'

const half = [{ setWeight: 50 }, { pause: {} }]
const sink = (mode: 'slow' | 'error' | 'lost', forMs: number): Deed => ({
  kind: 'fault',
  fault: { kind: 'sink', mode, forMs },
})
const channel = (mode: 'refuse' | 'reject', forMs: number): Deed => ({
  kind: 'fault',
  fault: { kind: 'channel', mode, forMs },
})
const crash: Deed = { kind: 'fault', fault: { kind: 'crash', process: 0, restartAfterMs: 500 } }

/** Aborted, and something goes wrong with the message about it. */
const told = (name: string, ...acts: readonly Deed[]): Tale => ({
  name: `pods alone, aborted, ${name}`,
  rollout: unrouted(half),
  objects: [],
  stages: [commit('shop:2'), at(isPaused, ...acts, { kind: 'abort' })],
  isOver: isDegraded,
  once: true,
})

export const messageTales: readonly Tale[] = [
  told('nobody takes messages for a while', sink('error', 20_000)),
  told('messages are taken and not answered for a while', sink('lost', 12_000)),
  told('messages are taken slowly', sink('slow', 20_000)),
  told('a mark is refused', {
    kind: 'fault',
    fault: { kind: 'answer', code: 500, applied: false, match: { verb: 'patch', plural: 'rollouts' }, count: 4 },
  }),
  {
    ...told('the controller dies before anybody takes the message'),
    stages: [commit('shop:2'), at(isPaused, sink('error', 6_000), { kind: 'abort' }), later(3_000, crash)],
  },
  {
    ...told('promoted while messages wait'),
    name: 'pods alone, aborted and retried while nobody takes messages',
    stages: [
      commit('shop:2'),
      at(isPaused, sink('error', 30_000), { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
    ],
    isOver: isPausedAt(1),
  },
  told('messages are refused for a while', channel('refuse', 20_000)),
  {
    ...told('its first message is never taken'),
    stages: [
      at(isHealthy, channel('reject', 10_000), { kind: 'setImage', image: 'shop:2' }),
      at(isPaused, { kind: 'abort' }),
    ],
  },
  {
    ...told('nobody takes messages for more than an hour of its clock'),
    stages: [
      commit('shop:2'),
      at(isPaused, sink('error', 60_000), { kind: 'abort' }),
      later(5_000, { kind: 'fault', fault: { kind: 'jumpWall', process: 0, ms: 3_700_000 } }),
    ],
  },
  {
    ...told('a mark that follows its message is refused'),
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      before('get', 'rollouts', {
        kind: 'fault',
        fault: { kind: 'answer', code: 500, applied: false, match: { verb: 'patch', plural: 'rollouts' }, count: 2 },
      }),
    ],
  },
]
