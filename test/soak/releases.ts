/**
 * Plays one release of each kind as people and Alertmanager do, and waits for the end that it must come to. The controller may be dead at any
 * moment: nothing here asks it for anything but to store an alert, which is posted until it has been.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import { abortPatches, type ClientPatch, promotePatches } from '../../controller/argo/client-patches.ts'
import { rollouts } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { Random } from '../../controller/runtime/random.ts'
import { renderAlert } from '../bench/alert.ts'
import { imageOf, NAMESPACE } from '../bench/manifests.ts'
import { canaryWeight } from '../bench/sightings.ts'
import { isSettled, type Stage } from '../bench/stage.ts'
import { BLUE_GREEN, CANARY, weights } from './manifests.ts'
import type { Kind } from './order.ts'

export interface ReleaseContext {
  readonly stage: Stage
  readonly random: Random
  /** A number that no release had before. */
  readonly nextVersion: () => number
  /** From now on the pods of this version answer every fourth request with 500. */
  readonly spoil: (version: number) => void
  /** Throws when what has been waited for since `startedMs` (monotonic) takes too long, whatever happened meanwhile. */
  readonly checkPatience: (startedMs: number, what: string) => void
}

/** Milliseconds from the first post of the alert, which is repeated until it is stored. */
export interface Reaction {
  /** The HTTPRoute gives stable everything. */
  readonly routeMs: number
  /** The last answer of the canary that is followed by a second without any. */
  readonly lastAnswerMs: number
}

type Play = (context: ReleaseContext) => Promise<Reaction | undefined>

/** Rejects when something did not come about in time: the release is stuck. */
export const playRelease = (kind: Kind, context: ReleaseContext): Promise<Reaction | undefined> => plays[kind](context)

const plays: Readonly<Record<Kind, Play>> = {
  async promote(context) {
    const version = await begin(context, CANARY)
    await promoteAtPause(context, version)
    await untilPromoted(context, CANARY, version)
    return undefined
  },
  async abort(context) {
    const version = await begin(context, CANARY)
    await untilWeight(context, version)
    await send(context, CANARY, abortPatches())
    await untilAborted(context, version)
    return undefined
  },
  async 'alert-abort'(context) {
    const version = context.nextVersion()
    context.spoil(version)
    await context.stage.setImage(CANARY, version)
    await untilWeight(context, version)
    const reaction = await react(context, version)
    await untilAborted(context, version)
    return reaction
  },
  async 'blue-green'(context) {
    const version = await begin(context, BLUE_GREEN)
    await untilPromoted(context, BLUE_GREEN, version)
    return undefined
  },
  async supersede(context) {
    const first = await begin(context, CANARY)
    await untilWeight(context, first)
    const second = await begin(context, CANARY)
    await promoteAtPause(context, second)
    await untilPromoted(context, CANARY, second)
    return undefined
  },
}

async function begin({ stage, nextVersion }: ReleaseContext, name: string): Promise<number> {
  const version = nextVersion()
  await stage.setImage(name, version)
  return version
}

async function send({ stage }: ReleaseContext, name: string, patches: readonly ClientPatch[]): Promise<void> {
  const ref = { kind: rollouts, namespace: NAMESPACE, name }
  for (const { kind, body, subresource } of patches)
    await stage.cluster.client.patch(ref, kind, body, subresource ? { subresource } : {})
}

/** As `waitFor`, but for a bound that grows with what the wait meets. */
async function until<T>(
  context: ReleaseContext,
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  everyMs = 20,
): Promise<T> {
  const startedMs = clock.monotonicMs()
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    context.checkPatience(startedMs, what)
    await clock.sleep(everyMs)
  }
}

/** The newest pods are of this version, and status is about them. */
function isOf(version: number, { metadata, spec, status }: Rollout): boolean {
  const [container] = (spec.template?.spec?.containers ?? []) as readonly { readonly image?: string }[]
  return container?.image === imageOf(version) && String(metadata.generation) === status?.observedGeneration
}

const weightOf = ({ caches }: Stage): number => canaryWeight(caches.routes.get(NAMESPACE, CANARY)) ?? 0

async function promoteAtPause(context: ReleaseContext, version: number): Promise<void> {
  const { stage } = context
  const isPaused = (): boolean => {
    const rollout = stage.rollout(CANARY)
    return isOf(version, rollout) && rollout.status?.currentStepIndex === 3 && rollout.status.controllerPause === true
  }
  await until(context, `version ${version} to pause`, isPaused)
  await send(context, CANARY, promotePatches(stage.rollout(CANARY)))
}

/** One of the weights, drawn by chance, and a user has met the new version. */
async function untilWeight(context: ReleaseContext, version: number): Promise<void> {
  const { stage, random } = context
  const weight = weights[Math.floor(random.next() * weights.length)] ?? weights[0]
  const isReached = (): boolean => {
    const rollout = stage.rollout(CANARY)
    const nowMs = clock.now()
    const answers = (): number =>
      stage.gateway.responses.count(nowMs - 1_000, nowMs).get(rollout.status?.currentPodHash ?? '') ?? 0
    return isOf(version, rollout) && weightOf(stage) >= weight && answers() > 0
  }
  await until(context, `version ${version} to get ${weight} %`, isReached)
}

async function react(context: ReleaseContext, version: number): Promise<Reaction> {
  const { stage } = context
  const hash = stage.rollout(CANARY).status?.currentPodHash ?? ''
  const payload = renderAlert(CANARY, version, hash)
  const [startedMs, postedAtMs] = [clock.monotonicMs(), clock.now()]
  const back = untilStableHasAll(context, version)
  await postUntilStored(context, payload)
  const routeMs = (await back) - startedMs
  const what = `a second without an answer of version ${version}`
  const quietAtMs = await until(context, what, () => stage.gateway.responses.quietSince(hash, postedAtMs, clock.now()))
  return { routeMs, lastAnswerMs: quietAtMs - postedAtMs }
}

async function untilStableHasAll(context: ReleaseContext, version: number): Promise<number> {
  const what = `stable to get all traffic back from version ${version}`
  await until(context, what, () => weightOf(context.stage) === 0, 5)
  return clock.monotonicMs()
}

/** As Alertmanager does: until the receiver has taken it. */
async function postUntilStored(context: ReleaseContext, payload: object): Promise<void> {
  const { stage } = context
  const post = async (): Promise<boolean> => {
    const answer = await stage.controller.post(payload).catch(() => undefined)
    return JSON.stringify(answer ?? '').includes('"decision":"abort"') || stage.rollout(CANARY).status?.abort === true
  }
  await until(context, 'the alert to be stored', post, 1_000)
}

const sizesOf = (
  { caches }: Stage,
  name: string,
): ReadonlyMap<string, { readonly wanted: number; readonly available: number }> =>
  new Map(
    caches.replicaSets
      .list(NAMESPACE)
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .map(({ metadata, spec, status }) => [
        metadata.labels?.['rollouts-pod-template-hash'] ?? '',
        { wanted: spec.replicas ?? 0, available: status?.availableReplicas ?? 0 },
      ]),
  )

/** The revision that status calls stable has all pods, and no other has any. */
function onlyStableRuns(stage: Stage, name: string): boolean {
  const { spec, status } = stage.rollout(name)
  const sizes = [...sizesOf(stage, name)]
  return sizes.every(([hash, { wanted, available }]) =>
    hash === status?.stableRS ? wanted === spec.replicas && available === spec.replicas : wanted === 0,
  )
}

const untilPromoted = (context: ReleaseContext, name: string, version: number): Promise<boolean> =>
  until(context, `version ${version} to be promoted`, () => {
    const rollout = context.stage.rollout(name)
    const { stableRS, currentPodHash } = rollout.status ?? {}
    const isStable = isOf(version, rollout) && isSettled(rollout, 'Healthy') && stableRS === currentPodHash
    return isStable && onlyStableRuns(context.stage, name) && (name !== CANARY || weightOf(context.stage) === 0)
  })

const untilAborted = (context: ReleaseContext, version: number): Promise<boolean> =>
  until(context, `version ${version} to be taken back`, () => {
    const rollout = context.stage.rollout(CANARY)
    const isBack = isOf(version, rollout) && isSettled(rollout, 'Degraded') && rollout.status?.abort === true
    return isBack && weightOf(context.stage) === 0 && onlyStableRuns(context.stage, CANARY)
  })
