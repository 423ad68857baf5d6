/** Each rule about the end can fail: three ends that are sound, and one change to one of them that breaks exactly that rule. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Experiment } from '../../controller/api/experiment.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { RECEIVER_TOKEN } from '../../sim/cluster/receiver-edge.ts'
import type { World } from '../../sim/cluster/world.ts'
import { type End, stateInvariants, type Told } from '../../sim/invariants/end.ts'
import { type Change, emptyHistory, type History, type Request } from '../../sim/invariants/history.ts'
import {
  byName,
  CANARY,
  pods,
  replicaSet,
  rollout,
  route,
  run,
  STABLE,
  scenario,
  service,
  sound,
} from './sound-world.ts'

const served = (...hashes: readonly string[]): World['dataPlane'] => ({ ...sound.dataPlane, serving: new Set(hashes) })
const weights = (canary: number) => ({
  canary: { weights: { canary: { weight: canary }, stable: { weight: 100 - canary } } },
})
const counts = { replicas: 4, availableReplicas: 4 }
const image = (hash: string) => ({ spec: { containers: [{ image: hash }] } })

const promoted = { phase: 'Healthy', stableRS: CANARY, currentStepIndex: 2, ...counts, ...weights(0) }
const healthy: Partial<World> = {
  rollouts: byName(rollout(promoted)),
  replicaSets: byName(replicaSet(STABLE, 0), replicaSet(CANARY, 4)),
  pods: byName(...pods(CANARY, 4)),
  services: byName(service('stable', CANARY), service('canary', CANARY)),
  httpRoutes: byName(route(100, 0)),
  dataPlane: served(CANARY),
}
const takenBackStatus = { phase: 'Degraded', abort: true, currentStepIndex: 0, ...counts, ...weights(0) }
const takenBack: Partial<World> = {
  rollouts: byName(rollout(takenBackStatus)),
  replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 0)),
  pods: byName(...pods(STABLE, 4)),
  services: byName(service('stable', STABLE), service('canary', STABLE)),
  httpRoutes: byName(route(100, 0)),
  dataPlane: served(STABLE),
}
const pausedStatus = {
  phase: 'Paused',
  pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }],
  ...weights(20),
}
const paused: Partial<World> = { rollouts: byName(rollout(pausedStatus)) }

const ofUser: KubeObject = { ...route(80, 20), kind: 'HTTPRoute' }
const secret = { kind: 'Secret', metadata: { name: 'prometheus' }, data: { token: btoa('of-prometheus') } }
const routes = { ...scenario, objects: [ofUser, secret] }
const told = (change: Partial<Told> = {}): Told => ({
  id: '2/Aborted/x',
  kind: 'Aborted',
  podHash: CANARY,
  by: 'one',
  atMs: 60_000,
  isAnswered: true,
  ...change,
})
const aborted: Change = { kind: 'Aborted', podHash: CANARY, atMs: 50_000 }
const asked = (kind: Request['kind'], atMs: number): Request => ({ kind, podHash: CANARY, stepIndex: 1, atMs })

interface Shape extends Partial<Pick<End, 'told' | 'isUndisturbed' | 'said'>> {
  readonly world: Partial<World>
  readonly history?: Partial<History>
}

const broken = ({ world, history = {}, ...rest }: Shape): readonly string[] => {
  const end = { scenario: routes, told: [], isUndisturbed: true, said: ['all is well'], ...rest }
  const whole = { ...end, world: { ...sound, ...world }, history: { ...emptyHistory, ...history } }
  return stateInvariants.filter(({ check }) => check(whole) !== undefined).map(({ id }) => id)
}

const rows: readonly (readonly [id: string, what: string, Shape])[] = [
  [
    'E1',
    'pods of what was taken back',
    { world: { ...takenBack, replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 1)) } },
  ],
  ['E1', 'requests to what was taken back', { world: { ...takenBack, dataPlane: served(STABLE, CANARY) } }],
  ['E2', 'a pod that is missing', { world: { ...healthy, pods: byName(...pods(CANARY, 3)) } }],
  [
    'E2',
    'pods of another revision',
    { world: { ...healthy, replicaSets: byName(replicaSet(STABLE, 1), replicaSet(CANARY, 4)) } },
  ],
  [
    'E2',
    'a status that miscounts',
    { world: { ...healthy, rollouts: byName(rollout({ ...promoted, availableReplicas: 3 })) } },
  ],
  [
    'E3',
    'a stable Service that names what was replaced',
    { world: { ...healthy, services: byName(service('stable', STABLE), service('canary', CANARY)) } },
  ],
  [
    'E3',
    'a canary Service that names what was taken back',
    { world: { ...takenBack, services: byName(service('stable', STABLE), service('canary', CANARY)) } },
  ],
  ['E4', 'an analysis that runs on', { world: { ...healthy, analysisRuns: byName(run('gate', 'Running')) } }],
  [
    'E4',
    'an Experiment that runs on',
    { world: { ...takenBack, experiments: byName({ metadata: { name: 'both' }, spec: {} } as Experiment) } },
  ],
  [
    'L4',
    'a revision that nobody asks for',
    { world: { ...healthy, rollouts: byName(rollout(promoted, { template: image('ccc') })) } },
  ],
  [
    'L5',
    'a route that says something else than the step',
    {
      world: {
        ...paused,
        httpRoutes: byName(route(70, 30)),
        rollouts: byName(rollout({ ...pausedStatus, ...weights(30) })),
      },
    },
  ],
  [
    'L5',
    'a status that says something else than the route',
    { world: { ...paused, httpRoutes: byName(route(70, 30)) } },
  ],
  [
    'L6',
    'an abort that nobody obeyed',
    { world: paused, history: { requests: [asked('retry', 10), asked('abort', 20)] } },
  ],
  ['L6', 'a full promotion that pauses', { world: paused, history: { requests: [asked('promoteFull', 20)] } }],
  ['L7', 'an abort that nobody heard of', { world: takenBack, history: { changes: [aborted] } }],
  ['L7', 'an abort that never was', { world: takenBack, told: [told()] }],
  ['L7', 'a message twice', { world: takenBack, history: { changes: [aborted] }, told: [told(), told()] }],
  [
    'L7',
    'a message of another process, long after it was marked',
    { world: takenBack, history: { changes: [aborted] }, told: [told(), told({ by: 'two', markedForMs: 60_000 })] },
  ],
  ['S26', 'a token in a log', { world: healthy, said: ['a post', `refused: Bearer ${RECEIVER_TOKEN}`] }],
  ['S26', 'a value of a Secret in a status', { world: healthy, said: ['unavailable: Bearer of-prometheus'] }],
  [
    'S21',
    'a rule too many',
    { world: { ...healthy, httpRoutes: byName(route(100, 0), { ...route(100, 0), metadata: { name: 'other' } }) } },
  ],
]

describe('rules about the end', () => {
  test('hold for an update that was promoted, one that was taken back and one that is paused', () => {
    for (const world of [healthy, takenBack, paused]) assert.deepEqual(broken({ world }), [])
    const requests = [asked('abort', 10), asked('retry', 20)]
    assert.deepEqual(broken({ world: paused, history: { requests } }), [])
    assert.deepEqual(broken({ world: takenBack, history: { changes: [aborted] }, told: [told()] }), [])
  })

  test('hold where a message had no answer, or its sender died before it was marked', () => {
    const again = [told({ isAnswered: false }), told(), told({ by: 'two' })]
    assert.deepEqual(broken({ world: takenBack, history: { changes: [aborted] }, told: again }), [])
  })

  for (const [id, what, shape] of rows)
    test(`${id} is broken by ${what}`, () => {
      assert.deepEqual(broken(shape), [id])
    })

  test('each of them is broken by something here', () => {
    assert.deepEqual([...new Set(rows.map(([id]) => id))].sort(), stateInvariants.map(({ id }) => id).sort())
  })
})
