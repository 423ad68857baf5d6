/** Canaries whose weight is a share of pods. */
import { service } from '../../run/scenario.ts'
import { at, commit, isDegraded, isHealthy, isPaused, type Tale, unrouted } from '../tale.ts'

const half = [{ setWeight: 50 }, { pause: {} }]
const all = [{ setWeight: 100 }, { pause: {} }]
const both = { stableService: 'stable', canaryService: 'canary' }
const services = [service('stable'), service('canary')]

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
  {
    name: 'pods alone behind Services, promoted',
    rollout: unrouted(half, { ...both, maxUnavailable: '100%' }),
    objects: services,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
  },
  {
    name: 'pods alone behind Services, aborted at full weight',
    rollout: unrouted(all, { ...both, maxSurge: 0, maxUnavailable: 1 }, { replicas: 3 }),
    objects: services,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'pods alone behind Services, superseded',
    rollout: unrouted(half, { ...both, maxSurge: 0, maxUnavailable: 1 }, { replicas: 3 }),
    objects: services,
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
    once: true,
  },
]
