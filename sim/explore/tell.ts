/**
 * Plays one tale to its end, with at most one trouble, on the simulator's kernel. The controller is the shipped one; the trouble is at one position
 * and nothing else goes wrong. A tale that does not end says so.
 */
import type { Write } from '../cluster/kube-edge.ts'
import type { Truth } from '../cluster/truth.ts'
import { hashOf, type World } from '../cluster/world.ts'
import type { Violation } from '../invariants/invariant.ts'
import { openCluster, type SimCluster, WALL_START_MS } from '../run/cluster.ts'
import { createJudge } from '../run/judge.ts'
import type { Plan } from '../run/plan.ts'
import type { Scenario } from '../run/scenario.ts'
import { createCourse, type Moment } from './course.ts'
import { act, touch } from './deed.ts'
import { renderEnding } from './ending.ts'
import type { Tale } from './tale.ts'
import {
  createTroubleBoard,
  emptyPassage,
  type Passage,
  type Position,
  positionIn,
  RELIST_AFTER_MS,
  type Trouble,
} from './trouble.ts'
import { createWalk, type Walk } from './walk.ts'

export interface Ending {
  /** See `renderEnding`; one line when the tale did not end. */
  readonly lines: readonly string[]
  /** What the controller created, deleted or evicted, and to what it pointed each Service, sorted. */
  readonly births: readonly string[]
  /** Messages that arrived, each once: revision, kind and what it is about, without the time. */
  readonly notices: readonly string[]
  readonly violations: readonly Violation[]
  /** Everything that can be watched from outside, in order. */
  readonly course: readonly Moment[]
  /** Events of the simulation. */
  readonly steps: number
  readonly passage: Passage
  /** Where it was when somebody did something for the first time: the first deploy is before. */
  readonly firstDeed: Position
  readonly hash: string
}

const SEED = 1
const RESTART_MS = 500
/** Longer than any delay of any tale, than any back-off, and than a lost line takes to be listed. */
const REST_MS = 12_000
const LONGEST_MS = 400_000
const MOST_STEPS = 40_000

const scenarioOf = ({ rollout, objects, gatewayLagMs = 100, podReadyMs = [300, 300] }: Tale): Scenario => {
  const { canary, blueGreen } = rollout.spec.strategy ?? {}
  return {
    strategy: blueGreen ? 'blue-green' : canary?.trafficRouting ? 'canary' : 'canary without a router',
    rollout,
    objects,
    direct: blueGreen ? ['active'] : [],
    podReadyMs,
    gatewayLagMs: [gatewayLagMs, gatewayLagMs],
  }
}

const planOf = (tale: Tale, trouble: Trouble | undefined): Plan => ({
  seed: SEED,
  scenario: scenarioOf(tale),
  actions: [],
  faults:
    trouble?.kind === 'crash'
      ? [{ atMs: 0, kind: 'crash', process: 0, restartAfterMs: RESTART_MS, ...pick(trouble) }]
      : [],
  processes: tale.replicas ?? 1,
  skewMs: [],
  healAtMs: LONGEST_MS,
})

const pick = ({ atWrite, applied }: Extract<Trouble, { kind: 'crash' }>) => ({ atWrite, applied })

/** By so much a clock is ahead of another one once it has jumped. */
const clockLeadOf = ({ stages }: Tale): number =>
  stages
    .flatMap(({ acts }) => acts)
    .reduce(
      (sum, deed) => (deed.kind === 'fault' && deed.fault.kind === 'jumpWall' ? sum + Math.abs(deed.fault.ms) : sum),
      0,
    )

/** Events are about the past: their number may differ. */
const isCourtesy = ({ plural }: Write): boolean => plural === 'events' || plural === 'leases'

const renderWrite = ({ verb, plural, name, subresource = '' }: Write): string =>
  `${verb} ${plural}/${name}${subresource && `/${subresource}`}`

function noteBirths(births: string[], { verb, plural, name }: Write, before: World, after: World): void {
  if (verb === 'evict') births.push('evict a pod')
  else if (verb !== 'patch') births.push(`${verb} ${plural}/${name}`)
  const [former, now] = [before.services.get(name), after.services.get(name)]
  if (plural === 'services' && former && now && hashOf(former) !== hashOf(now))
    births.push(`service ${name} → ${hashOf(now) ?? '*'}`)
}

/** When each kind changed, as versions of the store. */
function followVersions(truth: Truth): (plural: string, changes: number) => number {
  const fields = {
    rollouts: 'rollouts',
    replicasets: 'replicaSets',
    services: 'services',
    endpointslices: 'endpointSlices',
    httproutes: 'httpRoutes',
    pods: 'pods',
    analysisruns: 'analysisRuns',
    experiments: 'experiments',
  } as const
  const versions = new Map<string, number[]>()
  for (const [plural, field] of Object.entries(fields)) {
    const seen: number[] = []
    versions.set(plural, seen)
    truth.subscribe(field, () => void seen.push(truth.world().version))
  }
  return (plural, changes) => {
    const at = versions.get(plural)?.at(-1 - changes)
    return at === undefined ? 0 : truth.world().version - at
  }
}

export async function tell(tale: Tale, trouble?: Trouble, mostSteps = MOST_STEPS): Promise<Ending> {
  const plan = planOf(tale, trouble)
  const passage = emptyPassage()
  const births: string[] = []
  const notices = new Set<string>()
  const course = createCourse()
  let judge: ReturnType<typeof createJudge> | undefined
  let walk: Walk | undefined
  const isAt = (kind: 'touch' | 'repeat'): boolean =>
    trouble?.kind === kind && trouble.atWrite === passage.writes.length
  const cluster: SimCluster = await openCluster(plan, {
    onStep(label) {
      judge?.onStep(label)
      course.look(cluster.truth.world())
    },
    onWrite(write, apply) {
      walk?.onCall(write.verb, write.plural)
      const before = cluster.truth.world()
      passage.writes.push(`${write.verb} ${write.plural}/${write.name}`)
      if (isAt('touch')) touch(cluster, write.plural, write.name)
      if (isAt('repeat')) void judge?.onWrite(write, apply).catch(() => {})
      const answer = judge?.onWrite(write, apply) ?? apply()
      const after = cluster.truth.world()
      if (isCourtesy(write)) return answer
      course.note(after.atMs, renderWrite(write))
      if (after.version !== before.version) noteBirths(births, write, before, after)
      return answer
    },
    onPost: (post) => judge?.onPost(post),
    onNotice(body, told) {
      judge?.onTold(told)
      const { id } = JSON.parse(body) as { id: string }
      course.note(cluster.kernel.now(), `message ${id}`)
      notices.add(id.replace(/\/[0-9TZ:-]*$/, ''))
    },
    onAnswer: (code) => course.note(cluster.kernel.now(), `alert answered ${code}`),
    makeBoard: (kernel, truth) =>
      createTroubleBoard({
        nowMs: () => kernel.now(),
        trouble,
        passage,
        findAge: followVersions(truth),
        onRead: (verb, plural) => walk?.onCall(verb, plural),
        onLost: (plural) => void kernel.schedule(RELIST_AFTER_MS, undefined, () => cluster.relist(plural)),
      }),
  })
  const { kernel, truth } = cluster
  judge = createJudge(plan.scenario, truth.world, { clockLeadMs: clockLeadOf(tale), epochMs: WALL_START_MS })
  for (const fault of plan.faults) cluster.strike(fault)
  const { lastWriteMs } = judge
  const quietMs = (): number => kernel.now() - Math.max(lastWriteMs(), walk?.actedMs() ?? 0)
  walk = createWalk(tale, {
    nowMs: kernel.now,
    quietMs,
    schedule: kernel.schedule,
    act: (deed) => act(cluster, deed),
  })
  let firstDeed: Position | undefined
  const status = () => truth.world().rollouts.get(tale.rollout.metadata.name)?.status ?? {}
  const isOver = (): boolean => walk.isThrough() && quietMs() >= REST_MS && tale.isOver(status())
  while (!isOver() && kernel.now() < LONGEST_MS && kernel.steps() < mostSteps) {
    walk.step(status())
    if (walk.begun() > 0) firstDeed ??= positionIn(passage)
    if (!(await kernel.step())) break
  }
  const hasEnded = isOver()
  const lines = renderEnding(truth.world())
  await cluster.close()
  return {
    lines: hasEnded ? lines : [`the tale did not end: stage ${walk.begun()} of ${tale.stages.length}`, ...lines],
    births: [...births].sort(),
    notices: [...notices].sort(),
    violations: judge.violations,
    course: course.moments,
    steps: kernel.steps(),
    passage,
    firstDeed: firstDeed ?? positionIn(passage),
    hash: kernel.hash(),
  }
}
