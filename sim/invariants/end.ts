/**
 * How a cluster has to look once nothing goes wrong any more and its Rollout has come to rest: what was asked for has happened, and nothing of the way
 * there is left. It looks at one true state and at what was asked, never at how it came about.
 */
import type { PodTemplate } from '../../controller/api/meta.ts'
import { RECEIVER_TOKEN } from '../cluster/receiver-edge.ts'
import { hashOf, type World } from '../cluster/world.ts'
import type { Scenario } from '../run/scenario.ts'
import type { ChangeKind, History } from './history.ts'
import {
  askedPods,
  isBetweenRevisions,
  isOfExperiment,
  lastStepWith,
  podHashOf,
  readyPods,
  rolesOf,
  rolloutOf,
  rulesOf,
  shareOf,
  statusOf,
  stepsOf,
  wantedPods,
} from './reading.ts'

/** A message that has arrived. */
export interface Told {
  readonly id: string
  readonly kind: string
  readonly podHash: string
  /** Name of the process. */
  readonly by: string
  readonly atMs: number
  /** Its sender was told that it has. */
  readonly isAnswered: boolean
  /** It was marked as told on the Rollout for so long; undefined: it was not. */
  readonly markedForMs?: number | undefined
}

export interface End {
  readonly world: World
  readonly scenario: Scenario
  readonly history: History
  readonly told: readonly Told[]
  /** Nothing went wrong on the way. */
  readonly isUndisturbed: boolean
  /** All that the controller wrote, sent to people and logged. */
  readonly said: readonly string[]
}

export interface StateInvariant {
  readonly id: string
  readonly words: string
  readonly check: (end: End) => string | undefined
}

const isHealthy = (world: World): boolean => statusOf(world).phase === 'Healthy'
/** Taken back, and there is something to go back to. */
const isTakenBack = (world: World): boolean =>
  statusOf(world).abort === true &&
  isBetweenRevisions(world) &&
  (readyPods(world).get(statusOf(world).stableRS ?? '') ?? 0) >= Math.max(1, wantedPods(world))

/** The size and pods of revisions besides those that are needed. */
function findSurplus(world: World, needed: readonly (string | undefined)[]): string | undefined {
  for (const rs of world.replicaSets.values()) {
    const hash = podHashOf(rs)
    if (needed.includes(hash) && !isOfExperiment(rs)) continue
    const ready = readyPods(world).get(hash ?? '') ?? 0
    const size = rs.spec.replicas ?? 1
    if (size > 0 || ready > 0)
      return `nobody needs ${rs.metadata.name}, which asks for ${size} pods and has ${ready} ready`
  }
  return undefined
}

const selectorOf = (world: World, name: string | undefined): string | undefined => {
  const service = name === undefined ? undefined : world.services.get(name)
  return service && (hashOf(service) ?? 'every pod')
}

export const E1: StateInvariant = {
  id: 'E1',
  words: 'What was taken back has no requests and no pods in the end, unless the user asked to keep them.',
  check({ world }) {
    if (!isTakenBack(world)) return undefined
    const { currentPodHash, stableRS } = statusOf(world)
    const { canary, blueGreen } = rolloutOf(world)?.spec.strategy ?? {}
    if (world.dataPlane.serving.has(currentPodHash ?? '')) return `${currentPodHash} was taken back and gets requests`
    if (canary?.trafficRouting && shareOf(world, rolesOf(world).canary) > 0)
      return `${currentPodHash} was taken back and the canary Service has weight`
    const isKept = (canary ?? blueGreen)?.abortScaleDownDelaySeconds === 0
    return findSurplus(world, isKept ? [currentPodHash, stableRS] : [stableRS])
  },
}

export const E2: StateInvariant = {
  id: 'E2',
  words:
    'A Healthy Rollout has every pod that is wanted, of the revision that is asked for, available; none of any other, and no weight on the canary.',
  check({ world }) {
    if (!isHealthy(world)) return undefined
    const { currentPodHash, stableRS, availableReplicas = 0, replicas = 0 } = statusOf(world)
    const wanted = wantedPods(world)
    if (currentPodHash !== stableRS) return `Healthy, but ${currentPodHash} is not stable`
    const ready = readyPods(world).get(stableRS ?? '') ?? 0
    if (ready !== wanted || askedPods(world, stableRS) !== wanted)
      return `Healthy with ${ready} of ${wanted} pods ready`
    if (availableReplicas !== wanted || replicas !== wanted)
      return `Healthy, and status tells of ${availableReplicas} available of ${replicas} pods where ${wanted} are wanted`
    if (
      wanted > 0 &&
      rolloutOf(world)?.spec.strategy?.canary?.trafficRouting &&
      shareOf(world, rolesOf(world).canary) > 0
    )
      return 'Healthy, and the canary Service has weight'
    return findSurplus(world, [stableRS])
  },
}

export const E3: StateInvariant = {
  id: 'E3',
  words:
    'In the end the stable and the active Service name the stable revision, once there is no update any more; the canary and the preview Service one that is there.',
  check({ world }) {
    const { canary, blueGreen } = rolloutOf(world)?.spec.strategy ?? {}
    const { stableRS, currentPodHash } = statusOf(world)
    if (wantedPods(world) === 0) return undefined
    const roles = canary ? rolesOf(world) : { stable: undefined, canary: undefined }
    const main = roles.stable ?? blueGreen?.activeService
    const named = selectorOf(world, main)
    const isOver = isHealthy(world) || isTakenBack(world)
    if (named !== undefined && isOver && named !== stableRS) return `"${main}" names ${named}, stable is ${stableRS}`
    const second = selectorOf(world, roles.canary)
    if (second === undefined || !isOver || canary?.pingPong) return undefined
    const wanted = isHealthy(world) ? currentPodHash : stableRS
    return second === wanted ? undefined : `"${roles.canary}" names ${second} instead of ${wanted}`
  },
}

export const E4: StateInvariant = {
  id: 'E4',
  words:
    'Nothing that was made for an update outlives it: no analysis and no Experiment runs once the Rollout is Healthy or was taken back.',
  check({ world }) {
    if (!isHealthy(world) && !isTakenBack(world)) return undefined
    const isOver = (phase: string | undefined): boolean =>
      ['Successful', 'Failed', 'Error', 'Inconclusive'].includes(phase ?? '')
    const left = [...world.analysisRuns.values(), ...world.experiments.values()].find(
      ({ status }) => !isOver(status?.phase),
    )
    return left && `${left.metadata.name} is ${left.status?.phase ?? 'not begun'} still`
  },
}

/** The API server adds defaults to a template that a ReplicaSet holds; images are as they were written. */
const imagesOf = (template: PodTemplate | undefined): string => {
  const { containers = [] } = (template?.spec ?? {}) as { readonly containers?: readonly { readonly image?: string }[] }
  return containers.map(({ image = '' }) => image).join()
}

export const L4: StateInvariant = {
  id: 'L4',
  words: 'What the spec asked for last is what was rolled out, whatever state the Rollout was in when it was asked.',
  check({ world }) {
    const { currentPodHash } = statusOf(world)
    const current = [...world.replicaSets.values()].find(
      (rs) => podHashOf(rs) === currentPodHash && !isOfExperiment(rs),
    )
    const wanted = rolloutOf(world)?.spec.template
    if (!current) return `there is no ReplicaSet of ${currentPodHash}`
    return imagesOf(current.spec.template) === imagesOf(wanted)
      ? undefined
      : `${currentPodHash} is not what the spec asks for`
  },
}

/** What the step in force says; nothing where the update is halted or held. */
function wantedShare(world: World): number | undefined {
  const { pauseConditions, currentStepIndex = 0, phase } = statusOf(world)
  if (isHealthy(world) || isTakenBack(world)) return 0
  const isPlain = phase === 'Paused' && (pauseConditions ?? []).every(({ reason }) => reason === 'CanaryPauseStep')
  const isHeld = rolloutOf(world)?.spec.paused === true || (pauseConditions ?? []).length === 0
  if (!isPlain || isHeld || (currentStepIndex ?? 0) >= stepsOf(world).length) return undefined
  return lastStepWith(world, 'setWeight')?.setWeight ?? 0
}

export const L5: StateInvariant = {
  id: 'L5',
  words: 'Whoever else writes a route: in the end it says what the step in force asks for, and status says the same.',
  check({ world }) {
    const { canary } = rolloutOf(world)?.spec.strategy ?? {}
    if (!canary?.trafficRouting || wantedPods(world) === 0) return undefined
    const { trafficRouting } = canary
    const share = shareOf(world, rolesOf(world).canary)
    const told =
      ((statusOf(world).canary?.weights?.canary.weight ?? 0) * 100) / (trafficRouting.maxTrafficWeight ?? 100)
    if (share !== told) return `the canary Service has ${share} %, and status says ${told} %`
    const wanted = wantedShare(world)
    if (wanted === undefined) return undefined
    const percent = (wanted * 100) / (trafficRouting.maxTrafficWeight ?? 100)
    return share === percent
      ? undefined
      : `the canary Service has ${share} %, and the step in force asks for ${percent} %`
  },
}

/** The last request of each kind that is about what is rolled out now. */
function lastRequests({ world, history }: End): ReadonlyMap<string, number> {
  const { currentPodHash } = statusOf(world)
  const own = history.requests.filter(({ podHash, atMs }) => podHash === currentPodHash && atMs >= history.updateMs)
  return new Map(own.map(({ kind, atMs }) => [kind, atMs]))
}

export const L6: StateInvariant = {
  id: 'L6',
  words:
    'What was asked for last has happened: an abort is obeyed until somebody retries, and who promotes in full meets no pause any more.',
  check(end) {
    const { world, history } = end
    if (!isBetweenRevisions(world)) return undefined
    const { abort, phase } = statusOf(world)
    const last = lastRequests(end)
    const [aborted = -1, retried = -1, promoted = -1] = ['abort', 'retry', 'promoteFull'].map((kind) => last.get(kind))
    if (aborted > retried && abort !== true) return 'an abort was asked for and nobody retried, but the update goes on'
    const isOvertaken = promoted < Math.max(aborted, retried, history.specMs) || rolloutOf(world)?.spec.paused === true
    return !isOvertaken && phase === 'Paused' ? 'promoted in full, and paused all the same' : undefined
  },
}

export const S21: StateInvariant = {
  id: 'S21',
  words: 'No header or mirror route of an update is left behind it.',
  check({ world, scenario }) {
    if (!isHealthy(world) && !isTakenBack(world)) return undefined
    const kept = scenario.objects.filter(({ kind }) => kind === 'HTTPRoute')
    const rules = kept.flatMap(
      (route) => (route as unknown as { spec?: { rules?: readonly unknown[] } }).spec?.rules ?? [],
    )
    const surplus = rulesOf(world).length - rules.length
    return surplus === 0 ? undefined : `the routes have ${surplus} rules more than the user wrote`
  },
}

/** How old a read may be that a message rests on: one request that is given up late, and what is between. */
const READ_AGE_MS = 30_000

function findRepeated(told: readonly Told[]): string | undefined {
  const first = new Map<string, Told>()
  for (const message of told) {
    const former = first.get(message.id)
    first.set(message.id, message)
    if (!former) continue
    const isExcused = former.by === message.by ? !former.isAnswered : (message.markedForMs ?? 0) < READ_AGE_MS
    if (!isExcused) return `"${message.id}" is told again by ${message.by}, after ${former.by}`
  }
  return undefined
}

const KINDS: readonly ChangeKind[] = ['UpdateStarted', 'Aborted', 'Promoted', 'Paused']

/** A pause that a person waits at is told as well, so that of pauses there may be more. */
function findUntold({ history, told, isUndisturbed }: End): string | undefined {
  for (const kind of KINDS) {
    const changes = history.changes.filter((change) => change.kind === kind)
    const messages = told.filter((one) => one.kind === kind)
    for (const podHash of new Set([...changes, ...messages].map((one) => one.podHash))) {
      const count = changes.filter((change) => change.podHash === podHash).length
      const ids = new Set(messages.filter((one) => one.podHash === podHash).map(({ id }) => id)).size
      const isSurplus = isUndisturbed && kind !== 'Paused' && ids > count
      if (ids < count || isSurplus) return `${kind} of ${podHash} happened ${count} times and was told ${ids} times`
    }
  }
  return undefined
}

export const L7: StateInvariant = {
  id: 'L7',
  words:
    'Whoever waits for messages hears of each start, halt, abort and promotion, and twice only where its sender died or was left without an answer.',
  check: (end) => findUntold(end) ?? findRepeated(end.told),
}

/** Values of the Secrets of a scenario. */
const secretsOf = ({ objects }: Scenario): readonly string[] =>
  objects
    .filter(({ kind }) => kind === 'Secret')
    .flatMap((secret) => Object.values((secret as { data?: Readonly<Record<string, string>> }).data ?? {}))
    .map((value) => Buffer.from(value, 'base64').toString())

export const S26: StateInvariant = {
  id: 'S26',
  words: 'No token and no value of a Secret stands in any object, message, event or line of the log that we write.',
  check({ scenario, said }) {
    for (const secret of [RECEIVER_TOKEN, ...secretsOf(scenario)]) {
      const found = said.find((text) => text.includes(secret))
      if (found !== undefined) return `a secret is said: ${found.slice(0, 200)}`
    }
    return undefined
  },
}

export const stateInvariants: readonly StateInvariant[] = [E1, E2, E3, E4, L4, L5, L6, L7, S21, S26]
