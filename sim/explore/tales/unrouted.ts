/** Canaries whose weight is a share of pods. */
import { at, commit, isDegraded, isHealthy, isPaused, type Tale, unrouted } from '../tale.ts'

const half = [{ setWeight: 50 }, { pause: {} }]

export const unroutedTales: readonly Tale[] = [
  {
    name: 'pods alone, promoted',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
  },
  {
    name: 'pods alone, aborted',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'pods alone, superseded',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
  },
]
