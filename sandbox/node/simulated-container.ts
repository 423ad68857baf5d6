/**
 * What a container that is not a real process would show at a given moment: its whole history follows from its behaviour and
 * the time it was started. Pure; the same arguments always give the same answer, so a restarted node agrees with itself.
 */
import type { SimulatedBehaviour } from './behaviour.ts'
import { isRestarted, kubernetesRestartRule, restartDelayMs } from './restart-backoff.ts'

export interface Run {
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly exitCode: number
  readonly reason: string
}

/** One container as observed, by simulation or from a process. Times are epoch milliseconds. */
export interface ContainerFacts {
  readonly name: string
  readonly state:
    | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
    | { readonly kind: 'running'; readonly startedAtMs: number }
    | ({ readonly kind: 'terminated' } & Run)
  readonly lastRun?: Run
  readonly restartCount: number
  readonly ready: boolean
  /** When this view becomes outdated by itself. */
  readonly changesAtMs?: number
}

export interface SimulationInput {
  readonly name: string
  readonly behaviour: SimulatedBehaviour
  readonly restartPolicy: string | undefined
  readonly boundAtMs: number
  readonly nowMs: number
}

export const reasonOfExit = (exitCode: number): string => (exitCode === 0 ? 'Completed' : 'Error')

export function simulateContainer(input: SimulationInput): ContainerFacts {
  const { name, behaviour, boundAtMs, nowMs } = input
  const startedAtMs = boundAtMs + behaviour.startMs
  if (nowMs < startedAtMs) {
    return { ...unstartedContainer(name), changesAtMs: startedAtMs }
  }
  switch (behaviour.kind) {
    case 'wait':
      return simulateWaiting(name, behaviour, startedAtMs)
    case 'serve':
      return simulateRunning({ name, startedAtMs, restartCount: 0 }, behaviour.readyMs, nowMs)
    case 'exit':
      return simulateExits(input, behaviour, startedAtMs)
  }
}

/** A process that has not been started (yet). */
export const unstartedContainer = (name: string): ContainerFacts => ({
  name,
  state: { kind: 'waiting', reason: 'ContainerCreating', message: '' },
  restartCount: 0,
  ready: false,
})

function simulateWaiting(
  name: string,
  { reason, message, startFailed }: Extract<SimulatedBehaviour, { kind: 'wait' }>,
  atMs: number,
): ContainerFacts {
  const lastRun = { startedAtMs: atMs, finishedAtMs: atMs, exitCode: 128, reason: 'StartError' }
  const state = { kind: 'waiting', reason, message } as const
  return { name, state, ...(startFailed ? { lastRun } : {}), restartCount: startFailed ? 1 : 0, ready: false }
}

function simulateRunning(
  { startedAtMs, ...run }: { name: string; startedAtMs: number; restartCount: number; lastRun?: Run },
  readyMs: number | 'never',
  nowMs: number,
): ContainerFacts {
  const state = { kind: 'running', startedAtMs } as const
  if (readyMs === 'never') return { ...run, state, ready: false }
  const readyAtMs = startedAtMs + readyMs
  return nowMs >= readyAtMs ? { ...run, state, ready: true } : { ...run, state, ready: false, changesAtMs: readyAtMs }
}

/** Walks run after run; the walk is short because the waits between runs double up to five minutes. */
function simulateExits(
  { name, restartPolicy, nowMs }: SimulationInput,
  { afterMs, exitCode, readyMs }: Extract<SimulatedBehaviour, { kind: 'exit' }>,
  firstStartMs: number,
): ContainerFacts {
  const isHealthyRun = afterMs >= kubernetesRestartRule.resetAfterMs
  let startedAtMs = firstStartMs
  let lastRun: Run | undefined
  for (let restartCount = 0; ; restartCount += 1) {
    const finishedAtMs = startedAtMs + afterMs
    const before = lastRun ? { name, restartCount, lastRun } : { name, restartCount }
    if (nowMs < finishedAtMs) {
      const facts = simulateRunning({ ...before, startedAtMs }, readyMs, nowMs)
      return { ...facts, changesAtMs: Math.min(facts.changesAtMs ?? finishedAtMs, finishedAtMs) }
    }
    const run: Run = { startedAtMs, finishedAtMs, exitCode, reason: reasonOfExit(exitCode) }
    if (!isRestarted(restartPolicy, exitCode)) {
      return { ...before, state: { kind: 'terminated', ...run }, ready: false }
    }
    const delayMs = isHealthyRun ? 0 : restartDelayMs(restartCount)
    const nextStartMs = finishedAtMs + delayMs
    if (nowMs < nextStartMs) {
      const message = `back-off ${delayMs / 1000}s restarting failed container=${name}`
      const state = { kind: 'waiting', reason: 'CrashLoopBackOff', message } as const
      return { name, state, lastRun: run, restartCount, ready: false, changesAtMs: nextStartMs }
    }
    lastRun = run
    startedAtMs = nextStartMs
  }
}
