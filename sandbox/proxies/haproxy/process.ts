/**
 * A real HAProxy under its own master process. New weights are set in the running worker; everything else is a new worker that takes over the
 * listeners. What was asked for counts as served when the worker says so itself and no older one is left.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../../controller/runtime/clock.ts'
import { startChild } from '../../child.ts'
import type { FoundProgram } from '../../debian-programs.ts'
import { waitFor } from '../../wait.ts'
import { explainRefusal } from '../refusal.ts'
import { askMaster, parseMap, parseWorkers } from './master-socket.ts'
import type { HaproxySettings, RenderedHaproxy } from './render.ts'

const run = promisify(execFile)

export interface HaproxyOptions {
  readonly program: FoundProgram
  /** Existing directory with a short name, for sockets are in it too. */
  readonly directory: string
  /** `host:port` to listen on. */
  readonly address: string
  readonly clock: Clock
}

export interface HaproxyProcess {
  /** Resolves when every request is served as `wanted` says. Rejects with a `ConfigRefusal` when HAProxy does not take it. One call at a time. */
  serve(wanted: RenderedHaproxy): Promise<void>
  /** How often a new worker took over. */
  reloads(): number
  stop(): Promise<void>
}

const NOBODY = 65_534
/** Key of the map under which a worker says which configuration it has; keys of rules have a slash. */
const VERSION_KEY = 'config'
/** Longer than HAProxy lets an older worker live. */
const SERVED_WITHIN_MS = 15_000
const CHECK_WITHIN_MS = 10_000

type Weights = RenderedHaproxy['weights']

const renderMap = (weights: Weights): string =>
  Object.entries(weights)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')

const isSame = (a: Weights, b: Weights): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value)

const withVersion = ({ config, weights }: RenderedHaproxy): Weights => ({
  [VERSION_KEY]: createHash('sha256').update(config).digest('hex').slice(0, 16),
  ...weights,
})

/** The first line in which HAProxy says what is wrong, without its mark, its process and its file. */
const findAlert = (output: string): string =>
  output
    .split('\n')
    .find((line) => line.startsWith('[ALERT]'))
    ?.replace(/^\[ALERT\]\s+\(\d+\) : /, '')
    .replace(/parsing \[(.*?:\d+)\]/, '$1') ?? 'HAProxy refused its configuration'

/** Where a HAProxy that is started in `directory` keeps its files. */
export const settingsOf = (directory: string, address: string): HaproxySettings => ({
  address,
  handoverSocket: join(directory, 'handover.sock'),
  weightsFile: join(directory, 'weights.map'),
  ...(process.getuid?.() === 0 ? { runAs: NOBODY } : {}),
})

/** Resolves when HAProxy serves `first`. */
export async function startHaproxy(options: HaproxyOptions, first: RenderedHaproxy): Promise<HaproxyProcess> {
  const { program, directory, clock } = options
  const { weightsFile } = settingsOf(directory, options.address)
  const configFile = join(directory, 'haproxy.cfg')
  const masterSocket = join(directory, 'master.sock')
  let current = first
  let reloads = 0

  const writeChecked = async (wanted: RenderedHaproxy): Promise<void> => {
    const next = `${configFile}.next`
    await writeFile(next, wanted.config)
    await writeFile(weightsFile, renderMap(withVersion(wanted)))
    await run(program.file, ['-c', '-f', next], {
      timeout: CHECK_WITHIN_MS,
      env: { ...process.env, ...program.env },
    }).catch((error: { readonly stderr?: string }) => {
      throw explainRefusal(wanted.config, next, findAlert(error.stderr ?? ''))
    })
    await rename(next, configFile)
  }
  const isServed = async (wanted: RenderedHaproxy): Promise<boolean> => {
    if (child.exitCode() !== undefined) throw new Error(`HAProxy ended: ${child.tail()}`)
    try {
      const workers = parseWorkers(await askMaster(masterSocket, 'show proc'))
      const served = parseMap(await askMaster(masterSocket, `@1 show map ${weightsFile}`))
      return workers.current === 1 && workers.old === 0 && isSame(served, withVersion(wanted))
    } catch {
      // The master is about to take over its own socket.
      return false
    }
  }
  const untilServed = (wanted: RenderedHaproxy): Promise<boolean> =>
    waitFor(() => isServed(wanted), {
      clock,
      what: 'HAProxy to serve its configuration',
      withinMs: SERVED_WITHIN_MS,
      everyMs: 10,
    })
  const setWeights = async (wanted: RenderedHaproxy): Promise<void> => {
    await writeFile(weightsFile, renderMap(withVersion(wanted)))
    for (const [key, value] of Object.entries(wanted.weights)) {
      if (current.weights[key] === value) continue
      await askMaster(masterSocket, `@1 set map ${weightsFile} ${key} ${value}`)
    }
  }

  await writeChecked(first)
  const child = await startChild({
    name: 'HAProxy',
    command: program.file,
    args: ['-W', '-S', `${masterSocket},mode,600`, '-f', configFile],
    env: program.env,
    logFile: join(directory, 'haproxy.log'),
  })
  try {
    await untilServed(first)
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    async serve(wanted) {
      if (wanted.config === current.config) {
        await setWeights(wanted)
      } else {
        await writeChecked(wanted)
        process.kill(child.pid, 'SIGUSR2')
        reloads += 1
      }
      // From here on HAProxy may already serve it.
      current = wanted
      await untilServed(wanted)
    },
    reloads: () => reloads,
    stop: () => child.stop(),
  }
}
