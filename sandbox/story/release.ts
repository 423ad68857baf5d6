/**
 * Plays one release: commit, watch, and note what became of it. It never touches the Rollout itself, except where the plot has a person
 * abort it.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { RunningSync } from '../git/sync.ts'
import type { RunningLoad } from '../load/load.ts'
import { waitFor } from '../wait.ts'
import { listVerdicts, type Outcome, readOutcome, type ToldVerdict } from './cause.ts'
import { NAMESPACE, ROLLOUT } from './observation.ts'
import { firstRelease, type Release } from './plot.ts'
import { compareDelay } from './prediction.ts'
import { confirmWeights, describeExpected, type ReactionSample, type ReleaseReport } from './report.ts'
import type { Stage } from './stage.ts'

const run = promisify(execFile)

export interface ReleaseDeps {
  readonly stage: Stage
  readonly sync: RunningSync
  readonly load: RunningLoad
  /** Commits the release and returns the commit's name. */
  readonly commit: (release: Release) => Promise<string>
  readonly signal: AbortSignal
}

export interface PlayedRelease {
  readonly report: ReleaseReport
  readonly reaction?: ReactionSample
}

const START_WITHIN_MS = 30_000
/** A stage alone is held for a minute and a half where the machine lets few requests through. */
const END_WITHIN_MS = 180_000
const REVERT_WITHIN_MS = 30_000
const SYNC_WITHIN_MS = 20_000
const QUIET_WITHIN_MS = 10_000
const CLI_WITHIN_MS = 60_000
const FIRST_WEIGHT = 5
/** What a person needs to make up his mind. */
const CONSIDERED_MS = 3_000

const hashNow = ({ observation }: Stage): string => observation.rollout()?.status?.currentPodHash ?? ''

export async function playRelease(release: Release, deps: ReleaseDeps): Promise<PlayedRelease> {
  const { stage, load } = deps
  const wait = { clock, signal: deps.signal }
  const former = hashNow(stage)
  const fromMs = clock.now()
  const lostBefore = load.counts().lost
  await deps.commit(release)
  const podHash = await waitFor(() => (hashNow(stage) === former ? undefined : hashNow(stage)), {
    ...wait,
    what: `the update to ${release.name} to start`,
    withinMs: START_WITHIN_MS,
  })
  await actByHand(release, deps)
  const outcome = await waitFor(() => findOutcome(stage, podHash), {
    ...wait,
    what: `${release.name} to end`,
    withinMs: END_WITHIN_MS,
  })
  const base = { name: release.name, expected: describeExpected(release), ...readGates(release, podHash, stage) }
  const weightsUntil = (toMs: number): readonly number[] =>
    confirmWeights(stage.observation.weights(), stage.gateway.responses, { podHash, fromMs, toMs })
  if (outcome.outcome !== 'aborted') {
    const full = outcome.outcome === 'promoted' && (await waitForAll(stage, podHash, wait))
    const report = {
      ...base,
      actual: outcome.outcome === 'promoted' ? 'promoted' : `paused: ${outcome.cause}`,
      cause: null,
      weightsSeen: [...new Set([...weightsUntil(clock.now()), ...(full ? [100] : [])])],
      abortToStableMs: null,
      abortToQuietMs: null,
      lostRequests: load.counts().lost - lostBefore,
      stayedAborted: null,
    }
    return { report }
  }
  const revert = await observeRevert(release, { podHash, fromMs }, deps)
  const stayedAborted = await observeGit(podHash, deps)
  const report = {
    ...base,
    actual: `aborted: ${outcome.cause}`,
    cause: outcome.message === '' ? outcome.cause : `${outcome.cause}: ${outcome.message}`,
    weightsSeen: weightsUntil(revert.stableAtMs),
    abortToStableMs: revert.stableAtMs - revert.causeAtMs,
    abortToQuietMs: revert.quietAtMs - revert.causeAtMs,
    lostRequests: load.counts().lost - lostBefore,
    stayedAborted,
  }
  return { report, ...(revert.reaction ? { reaction: revert.reaction } : {}) }
}

/** What the gates said, and how long the one that caught the release took. */
function readGates(
  { env }: Release,
  podHash: string,
  { observation }: Stage,
): Pick<ReleaseReport, 'verdicts' | 'provenPasses' | 'caught'> {
  const verdicts = listVerdicts(observation.runs(), podHash)
  const lead = ({ verdict }: ToldVerdict): string => verdict.text.split('\n')[0] ?? ''
  const aborting = verdicts.find(({ verdict }) => verdict.outcome === 'abort')
  return {
    verdicts: verdicts.map(lead),
    provenPasses: verdicts.filter(isProven).length,
    caught: (aborting && compareDelay(aborting, { canary: env, stable: firstRelease })) ?? null,
  }
}

const isProven = ({ verdict: { outcome, reason } }: ToldVerdict): boolean =>
  outcome === 'pass' && (reason === 'Proven' || reason === 'WouldHaveBeenCaught')

function findOutcome(stage: Stage, podHash: string): Outcome | undefined {
  const problem = stage.controller.problem()
  if (problem !== undefined) throw new Error(problem)
  const rollout = stage.observation.rollout()
  return rollout ? readOutcome(rollout, stage.observation.runs(), podHash) : undefined
}

/** A person runs the CLI once users have met the release for a while. */
async function actByHand({ name, byHand }: Release, { stage, signal }: ReleaseDeps): Promise<void> {
  if (byHand === undefined) return
  await waitFor(() => stage.observation.weights().at(-1)?.weight === FIRST_WEIGHT, {
    clock,
    signal,
    what: `${name} to reach ${FIRST_WEIGHT} %`,
    withinMs: END_WITHIN_MS,
  })
  await clock.sleep(CONSIDERED_MS, signal)
  const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
  const words = byHand.split(' ')
  const args = ['--import', 'tsx', cli, ...words, ROLLOUT, '--namespace', NAMESPACE, '--kubeconfig', stage.kubeconfig]
  await run(process.execPath, args, { timeout: CLI_WITHIN_MS, signal })
}

/** True once every answer of a whole second comes from `podHash`. */
async function waitForAll(
  stage: Stage,
  podHash: string,
  wait: { clock: typeof clock; signal: AbortSignal },
): Promise<boolean> {
  const look = (): boolean => {
    const nowMs = clock.now()
    const counts = stage.gateway.responses.count(nowMs - 1_000, nowMs)
    return counts.size === 1 && counts.has(podHash)
  }
  return waitFor(look, {
    ...wait,
    what: 'all traffic on the new revision',
    withinMs: REVERT_WITHIN_MS,
    everyMs: 200,
  }).catch(() => false)
}

interface Revert {
  readonly causeAtMs: number
  readonly stableAtMs: number
  readonly quietAtMs: number
  readonly reaction?: ReactionSample
}

interface Aborted {
  readonly podHash: string
  readonly fromMs: number
}

/** The way back: when the cause was known, when the route gave stable everything, when the last canary answer left. */
async function observeRevert(release: Release, { podHash, fromMs }: Aborted, deps: ReleaseDeps): Promise<Revert> {
  const { stage, signal } = deps
  const { observation, gateway, tap } = stage
  const stableAtMs = await waitFor(() => findStableWrite(stage, fromMs), {
    clock,
    signal,
    what: `stable to get all traffic back from ${release.name}`,
    withinMs: REVERT_WITHIN_MS,
  })
  const alertAtMs = tap.firingPosts().find((atMs) => atMs >= fromMs && atMs <= stableAtMs)
  const abortAtMs = observation.abortedAt(podHash) ?? stableAtMs
  const known = release.expected.cause === 'alert' ? alertAtMs : observation.failedAt(podHash)
  const causeAtMs = Math.min(known ?? abortAtMs, stableAtMs)
  const quietAtMs = await waitFor(() => gateway.responses.quietSince(podHash, causeAtMs, clock.now()), {
    clock,
    signal,
    what: `the last answer of ${release.name}`,
    withinMs: QUIET_WITHIN_MS,
  })
  if (release.expected.cause !== 'alert' || alertAtMs === undefined) return { causeAtMs, stableAtMs, quietAtMs }
  const reaction = {
    release: release.name,
    alertReceivedAt: alertAtMs,
    stableWrittenAfterMs: stableAtMs - alertAtMs,
    canaryQuietAfterMs: quietAtMs - alertAtMs,
  }
  return { causeAtMs, stableAtMs, quietAtMs, reaction }
}

function findStableWrite({ observation }: Stage, fromMs: number): number | undefined {
  const newest = observation.weights().at(-1)
  if (newest?.weight !== 0) return undefined
  // Aborted before it ever got traffic: stable has had everything all the time.
  return Math.max(newest.atMs, fromMs)
}

/** Git applies the aborted commit twice more: the Rollout must stay where it is. */
async function observeGit(podHash: string, deps: ReleaseDeps): Promise<boolean> {
  const { stage, sync, signal } = deps
  const wanted = sync.passes() + 2
  await waitFor(() => sync.passes() >= wanted, {
    clock,
    signal,
    what: 'Git to be applied again',
    withinMs: SYNC_WITHIN_MS,
  })
  const { status } = stage.observation.rollout() ?? {}
  return status?.abort === true && status.currentPodHash === podHash && stage.observation.weights().at(-1)?.weight === 0
}
