/**
 * `penstock status`: the phase in one line; with `--wait` every change of it until the release has ended. Exit 0: Healthy (without
 * `--wait` also Progressing and Paused). Exit 1: Degraded, or the time is over. It reads only.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { ExitCode } from '../cli-error.ts'
import { watchRollout } from '../cluster/changes.ts'
import { readRollout } from '../cluster/observe.ts'
import type { CliDeps, Connection } from '../deps.ts'
import { isPassing } from '../failure.ts'
import { type CommonOptions, parseTimeout, sendJson, withConnection } from '../options.ts'
import { printable } from '../terminal.ts'
import { computePhase, type PhaseView } from '../view/phase.ts'

export interface StatusOptions extends CommonOptions {
  readonly wait?: boolean
  readonly timeout?: string
}

const LOOK_AGAIN_MS = 2_000

export const runStatus = async (name: string, options: StatusOptions, deps: CliDeps): Promise<ExitCode> => {
  const timeoutMs = options.timeout === undefined ? 0 : await parseTimeout(options.timeout)
  return withConnection(deps, options, async (connection) => {
    const rollout = await readRollout(connection.client, connection.namespace, name)
    const tell = createTeller(options, deps)
    const first = computePhase(rollout)
    tell(first)
    const last = options.wait === true ? await waitForEnd(connection, rollout, first, timeoutMs, tell, deps) : first
    const timedOut = options.wait === true && !hasEnded(last)
    if (options.json === true) sendJson(deps, { name, namespace: connection.namespace, ...last, timedOut })
    if (timedOut)
      deps.terminal.err(
        deps.signal.aborted ? 'stopped waiting\n' : `"${name}" was still ${last.phase} after ${options.timeout}\n`,
      )
    return timedOut || last.phase === 'Degraded' ? 1 : 0
  })
}

const hasEnded = ({ phase }: PhaseView): boolean => phase === 'Healthy' || phase === 'Degraded'

/** Prints a phase when it differs from the one before; nothing in `--json` mode, whose document comes last. */
function createTeller(options: StatusOptions, deps: CliDeps): (view: PhaseView) => void {
  let told = ''
  return ({ phase, message }) => {
    const line = message === '' ? phase : `${phase} - ${printable(message)}`
    if (line !== told && options.json !== true) deps.terminal.out(`${line}\n`)
    told = line
  }
}

/** A wait outlives a restart of the API server. */
function ignorePassing(error: unknown): undefined {
  if (!isPassing(error)) throw error
}

/** The phase at which it ended, or the last one seen when the time was over (`timeoutMs` 0: no limit). */
async function waitForEnd(
  connection: Connection,
  rollout: Rollout,
  first: PhaseView,
  timeoutMs: number,
  tell: (view: PhaseView) => void,
  deps: CliDeps,
): Promise<PhaseView> {
  const { name, namespace } = rollout.metadata
  const endMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : deps.clock.monotonicMs() + timeoutMs
  const changes = watchRollout(connection, rollout, deps)
  let last = first
  try {
    for (;;) {
      const leftMs = endMs - deps.clock.monotonicMs()
      if (hasEnded(last) || leftMs <= 0 || deps.signal.aborted) return last
      await changes.next(Math.min(LOOK_AGAIN_MS, leftMs))
      const live = await readRollout(connection.client, namespace ?? connection.namespace, name).catch(ignorePassing)
      if (!live) continue
      last = computePhase(live)
      tell(last)
    }
  } finally {
    changes.stop()
  }
}
