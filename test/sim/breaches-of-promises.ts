/** What breaks the rules about shares, evidence, ownership, alerts and time. */
import { ABORT_REQUESTS } from '../../controller/api/abort-request.ts'
import type { Service } from '../../controller/api/rollout.ts'
import { emptyHistory, type History, type Request } from '../../sim/invariants/history.ts'
import { ROLLOUT } from '../../sim/run/scenario.ts'
import {
  aborted,
  type Breach,
  byName,
  CANARY,
  httpRoute,
  pods,
  replicaSet,
  rollout,
  route,
  run,
  STABLE,
  service,
  sound,
  write,
} from './sound-world.ts'

const status = write('rollouts', ROLLOUT)
const stablePods = write('replicasets', `shop-${STABLE}`)
const runWrite = write('analysisruns', 'gate')
const analysed = { strategy: { canary: { steps: [{ setWeight: 20 }, { analysis: {} }, { pause: {} }] } } }
const dynamic = {
  strategy: {
    canary: { stableService: 'stable', canaryService: 'canary', trafficRouting: {}, dynamicStableScale: true },
  },
}
const failed = [{ reason: 'RolloutAborted', message: 'aborted: Step-based analysis phase error/failed: x' }]
const at = (podHash: string) => ({ currentPodHash: podHash, currentStepIndex: 0 })
const after = (history: Partial<History>): { readonly history: History } => ({
  history: { ...emptyHistory, ...history },
})
const asked = (kind: Request['kind']): Request => ({ kind, podHash: CANARY, stepIndex: 1, atMs: 50_000 })

const storedFor = (podHash: string, id = 'f00@1970-01-01T00:01:30.000Z') =>
  rollout(
    {},
    {
      annotations: {
        [ABORT_REQUESTS]: JSON.stringify([
          {
            id,
            action: 'abort',
            podHash,
            revision: 2,
            receivedAt: '1970-01-01T00:01:35Z',
            startsAt: id.slice(id.indexOf('@') + 1),
            reason: 'AlertFiring',
            message: 'x',
          },
        ]),
      },
    },
  )
const post = { id: 'f00@1970-01-01T00:01:30.000Z', status: 'firing', isTrusted: true, atMs: 95_000 } as const
const old = { ...post, id: 'f00@1970-01-01T00:00:01.000Z' }

const everyPod: Service = {
  ...service('stable', STABLE),
  spec: { selector: { app: 'somebody', ...service('stable', STABLE).spec.selector } },
}

const begun: readonly (readonly [string, object])[] = [
  ['in the middle of the steps', { currentStepIndex: 1 }],
  ['aborted', { abort: true }],
  ['promoted in full', { promoteFull: true }],
  ['paused', { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] }],
]

export const breachesOfPromises: readonly Breach[] = [
  {
    id: 'S3',
    what: 'half of the requests for one pod of four',
    after: { httpRoutes: byName(route(50, 50)) },
    cause: httpRoute,
  },
  {
    id: 'S3',
    what: 'requests that come back faster than stable pods do',
    before: {
      rollouts: byName(rollout({}, dynamic)),
      replicaSets: byName(replicaSet(STABLE, 1), replicaSet(CANARY, 3)),
      pods: byName(...pods(STABLE, 1), ...pods(CANARY, 3)),
      httpRoutes: byName(route(20, 80)),
    },
    after: { httpRoutes: byName(route(80, 20)) },
    cause: httpRoute,
  },
  {
    id: 'S3',
    what: 'requests for stable pods that never were, though all of them are asked for',
    before: {
      rollouts: byName(rollout({}, dynamic)),
      pods: byName(...pods(STABLE, 1), ...pods(CANARY, 3)),
      httpRoutes: byName(route(20, 80)),
    },
    after: { httpRoutes: byName(route(80, 20)) },
    cause: httpRoute,
    context: after({ kept: new Set([STABLE]) }),
  },
  {
    id: 'S7',
    what: 'a stable revision that shrinks under its users',
    after: { replicaSets: byName(replicaSet(STABLE, 1), replicaSet(CANARY, 1)) },
    cause: stablePods,
  },
  {
    id: 'S7',
    what: 'an eviction too many',
    before: { pods: byName(...pods(STABLE, 2), ...pods(CANARY, 1)) },
    after: { pods: byName(...pods(STABLE, 1), ...pods(CANARY, 1)) },
    cause: write('pods', `shop-${STABLE}-1`, { verb: 'evict' }),
  },
  {
    id: 'S8',
    what: 'a promotion of what somebody wants to be taken back',
    after: { rollouts: byName(rollout({ stableRS: CANARY })) },
    cause: status,
    context: after({ requests: [asked('retry'), asked('abort')] }),
  },
  {
    id: 'S10',
    what: 'a pause that begins again',
    after: { rollouts: byName(rollout({ pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] })) },
    cause: status,
    context: after({ requests: [asked('resume')] }),
  },
  {
    id: 'S11',
    what: 'an abort because of a run of another revision',
    before: { analysisRuns: byName(run('gate', 'Failed', {}, STABLE)) },
    after: { rollouts: byName(rollout({ abort: true, conditions: failed })) },
    cause: status,
  },
  {
    id: 'S11',
    what: 'a step that is passed by a run of another try',
    before: { rollouts: byName(rollout({}, analysed)), analysisRuns: byName(run('gate', 'Successful')) },
    after: { rollouts: byName(rollout({ currentStepIndex: 2 }, analysed)) },
    cause: status,
    context: after({ attemptMs: 90_000 }),
  },
  {
    id: 'S11',
    what: 'a promotion without the run after the cutover',
    before: {
      rollouts: byName(
        rollout({}, { strategy: { blueGreen: { activeService: 'stable', postPromotionAnalysis: {} } } }),
      ),
    },
    after: {
      rollouts: byName(
        rollout(
          { stableRS: CANARY },
          { strategy: { blueGreen: { activeService: 'stable', postPromotionAnalysis: {} } } },
        ),
      ),
    },
    cause: status,
  },
  {
    id: 'S12',
    what: 'a success that has measured nothing',
    before: { analysisRuns: byName(run('gate', 'Running')) },
    after: { analysisRuns: byName(run('gate', 'Successful')) },
    cause: runWrite,
  },
  {
    id: 'S12',
    what: 'a success that rests on NaN',
    before: { analysisRuns: byName(run('gate', 'Running')) },
    after: {
      analysisRuns: byName(run('gate', 'Successful', { measurements: [{ phase: 'Successful', value: '[NaN]' }] })),
    },
    cause: runWrite,
  },
  {
    id: 'S13',
    what: 'a failure of the provider that counts as one of the release',
    before: { analysisRuns: byName(run('gate', 'Running')) },
    after: { analysisRuns: byName(run('gate', 'Error', { measurements: [{ phase: 'Error' }] })) },
    cause: runWrite,
  },
  ...begun.map(
    ([what, change]): Breach => ({
      id: 'S14',
      what: `a revision that begins ${what}`,
      after: { rollouts: byName(rollout({ ...at('ccc'), ...change })) },
      cause: status,
    }),
  ),
  {
    id: 'S15',
    what: 'a second ReplicaSet for a template',
    after: {
      replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 1), {
        ...replicaSet(CANARY, 0),
        metadata: replicaSet('ddd', 0).metadata,
      }),
    },
    cause: write('replicasets', 'shop-ddd', { verb: 'create' }),
  },
  {
    id: 'S20',
    what: "a selector that is the user's",
    after: { services: byName(everyPod, service('canary', CANARY)) },
    cause: write('services', 'stable'),
  },
  {
    id: 'S20',
    what: 'a label of somebody else on a route',
    after: { httpRoutes: byName({ ...route(80, 20), metadata: { name: ROLLOUT, labels: { team: 'shop' } } }) },
    cause: httpRoute,
  },
  { id: 'S22', what: 'a spec that we write', after: { rollouts: byName(rollout({}, { replicas: 5 })) }, cause: status },
  {
    id: 'S22',
    what: 'more pods for the autoscaler than it asked for',
    after: { rollouts: byName(rollout({ HPAReplicas: 5 })) },
    cause: status,
  },
  {
    id: 'S25',
    what: 'an alert that aborts what is stable',
    after: { rollouts: byName(storedFor(STABLE)) },
    cause: status,
    context: { posts: [post] },
  },
  {
    id: 'S25',
    what: 'an alert without a token',
    after: { rollouts: byName(storedFor(CANARY)) },
    cause: status,
    context: { posts: [{ ...post, isTrusted: false }] },
  },
  {
    id: 'S25',
    what: 'an alert that is resolved',
    after: { rollouts: byName(storedFor(CANARY)) },
    cause: status,
    context: { posts: [{ ...post, status: 'resolved' }] },
  },
  {
    id: 'S25',
    what: 'an alert from before the update',
    after: { rollouts: byName(storedFor(CANARY, old.id)) },
    cause: status,
    context: { posts: [old], ...after({ updateMs: 80_000 }) },
  },
  {
    id: 'L2',
    what: 'an abort that leaves the canary its requests',
    before: aborted,
    after: { atMs: 300_000 },
    cause: write('events', 'x'),
    context: { healedMs: 100_000, ...after({ abortedMs: 120_000 }) },
  },
  {
    id: 'L3',
    what: 'an update that stands still',
    after: { atMs: sound.atMs + 1_000_000 },
    cause: write('events', 'x'),
    context: { healedMs: 100_000, ...after({ progressMs: 100_000 }) },
  },
]
