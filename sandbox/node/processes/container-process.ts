/**
 * One container as a local process: started without a shell in a process group of its own, probed, restarted with back-off,
 * stopped by preStop, SIGTERM and SIGKILL. It reports facts; the pod's status is decided elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Clock } from '../../../controller/runtime/clock.ts'
import type { Container } from '../objects.ts'
import { isRestarted, type RestartRule, restartDelayMs } from '../restart-backoff.ts'
import { type ContainerFacts, type Run, reasonOfExit } from '../simulated-container.ts'
import type { Env } from './container-env.ts'
import { createOutputRing } from './output-ring.ts'
import { type ProcessGuard, signalGroup } from './process-guard.ts'
import { createReadinessProbe } from './readiness-probe.ts'

export interface ContainerProcess {
  facts(): ContainerFacts
  isAlive(): boolean
  /** Waits `preStopMs`, sends SIGTERM, and SIGKILL once `graceMs` are over. A later call can only shorten the grace. */
  terminate(graceMs: number, preStopMs: number): void
  /** The newest output, bounded. */
  output(): string
}

export interface ContainerProcessOptions {
  readonly container: Container
  readonly argv: readonly string[]
  readonly env: Env
  readonly workingDirectory: string
  readonly address: string
  readonly restartPolicy: string | undefined
  readonly restartRule: RestartRule
  readonly clock: Clock
  readonly guard: ProcessGuard
  readonly onChange: () => void
}

/** The exit code Kubernetes shows for a program that could not be started. */
const START_FAILED = 128

/** Starts the process at once. */
export function startContainerProcess(options: ContainerProcessOptions): ContainerProcess {
  const { container, clock, guard, onChange, restartRule } = options
  const { name } = container
  const ring = createOutputRing()
  const probe = createReadinessProbe({ container, address: options.address, clock, onChange })
  let state: ContainerFacts['state'] = { kind: 'waiting', reason: 'ContainerCreating', message: '' }
  let lastRun: Run | undefined
  let restartCount = 0
  let failures = 0
  let groupId: number | undefined
  let stopping: { readonly sinceMs: number; killAtMs: number } | undefined
  let cancelRestart = (): void => {}
  let cancelTerm = (): void => {}
  let cancelKill = (): void => {}

  function start(): void {
    const startedAtMs = clock.now()
    const fail = (error: unknown): void => {
      ring.append(Buffer.from(`${error instanceof Error ? error.message : 'the program cannot be started'}\n`))
      settle({ startedAtMs, finishedAtMs: clock.now(), exitCode: START_FAILED, reason: 'StartError' })
    }
    let child: ChildProcess
    try {
      child = spawnChild()
    } catch (error) {
      // Some causes are thrown (arguments too long, a zero byte), others arrive as an event (no such program).
      fail(error)
      return
    }
    child.on('error', (error) => {
      if (child.pid === undefined) fail(error)
    })
    if (child.pid === undefined) return
    watch(child, child.pid, startedAtMs)
  }

  function spawnChild(): ChildProcess {
    const [program = '', ...args] = options.argv
    return spawn(program, args, {
      cwd: options.workingDirectory,
      env: options.env,
      detached: true,
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  function watch(child: ChildProcess, pid: number, startedAtMs: number): void {
    groupId = pid
    guard.add(pid)
    collectOutput(child)
    state = { kind: 'running', startedAtMs }
    child.once('exit', (code, signal) => {
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      settle({ startedAtMs, finishedAtMs: clock.now(), exitCode, reason: reasonOfExit(exitCode) })
    })
    probe.start()
    onChange()
  }

  function collectOutput(child: ChildProcess): void {
    child.stdout?.on('data', (chunk: Buffer) => ring.append(chunk))
    child.stderr?.on('data', (chunk: Buffer) => ring.append(chunk))
  }

  function settle(run: Run): void {
    probe.stop()
    cancelTerm()
    cancelKill()
    if (groupId !== undefined) {
      // As with the first process of a real container, whatever it left behind goes with it.
      signalGroup(groupId, 'SIGKILL')
      guard.remove(groupId)
      groupId = undefined
    }
    if (stopping || !isRestarted(options.restartPolicy, run.exitCode)) state = { kind: 'terminated', ...run }
    else scheduleRestart(run)
    onChange()
  }

  function scheduleRestart(run: Run): void {
    failures = run.finishedAtMs - run.startedAtMs >= restartRule.resetAfterMs ? 0 : failures
    const delayMs = restartDelayMs(failures, restartRule)
    failures += 1
    lastRun = run
    const message = `back-off ${delayMs / 1000}s restarting failed container=${name}`
    state = { kind: 'waiting', reason: 'CrashLoopBackOff', message }
    cancelRestart = clock.setTimer(delayMs, () => {
      restartCount += 1
      start()
    })
  }

  function scheduleStop(graceMs: number, preStopMs: number): void {
    const nowMs = clock.now()
    stopping ??= { sinceMs: nowMs, killAtMs: Number.POSITIVE_INFINITY }
    const killAtMs = stopping.sinceMs + graceMs
    if (killAtMs >= stopping.killAtMs || groupId === undefined) return
    const isFirst = stopping.killAtMs === Number.POSITIVE_INFINITY
    stopping.killAtMs = killAtMs
    cancelKill()
    cancelKill = clock.setTimer(killAtMs - nowMs, () => send('SIGKILL'))
    if (isFirst && preStopMs < graceMs) cancelTerm = clock.setTimer(preStopMs, () => send('SIGTERM'))
  }

  const send = (signal: NodeJS.Signals): void => {
    if (groupId !== undefined) signalGroup(groupId, signal)
  }

  start()
  return {
    facts: () => ({
      name,
      state,
      ...(lastRun === undefined ? {} : { lastRun }),
      restartCount,
      ready: state.kind === 'running' && probe.isReady(),
    }),
    isAlive: () => groupId !== undefined,
    terminate(graceMs, preStopMs) {
      cancelRestart()
      scheduleStop(graceMs, preStopMs)
    },
    output: () => ring.read(),
  }
}
