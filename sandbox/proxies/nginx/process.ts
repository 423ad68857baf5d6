/**
 * A real nginx under its own master process. Every change is a new worker that takes over the listener. What was asked for counts as served when a
 * worker says so itself and the one before it has ended.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../../controller/runtime/clock.ts'
import { startChild } from '../../child.ts'
import type { FoundProgram } from '../../debian-programs.ts'
import { waitFor } from '../../wait.ts'
import { explainRefusal } from '../refusal.ts'
import type { NginxSettings } from './render.ts'

const run = promisify(execFile)

export interface NginxOptions {
  readonly program: FoundProgram
  /** Existing directory with a short name, for a socket is in it too. */
  readonly directory: string
  /** `host:port` to listen on. */
  readonly address: string
  readonly clock: Clock
}

export interface NginxProcess {
  /** Resolves when every request is served as `config` says. Rejects with a `ConfigRefusal` when nginx does not take it. One call at a time. */
  serve(config: string): Promise<void>
  /** How often a new worker took over. */
  reloads(): number
  stop(): Promise<void>
}

interface Worker {
  readonly version: string
  readonly pid: number
}

/** Longer than nginx lets an older worker live. */
const SERVED_WITHIN_MS = 15_000
const CHECK_WITHIN_MS = 10_000
const ANSWER_TIMEOUT_MS = 2_000

/** Where an nginx that is started in `directory` keeps its files. */
export const settingsOf = (directory: string, address: string): NginxSettings => ({
  address,
  directory,
  statusFile: join(directory, 'status.conf'),
})

const versionOf = (config: string): string => createHash('sha256').update(config).digest('hex').slice(0, 16)

const renderStatus = (socketPath: string, version: string): string =>
  `server { listen unix:${socketPath}; location / { default_type text/plain; return 200 "${version} $pid"; } }\n`

/** Undefined when nobody answers. */
function askWorker(socketPath: string): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/', agent: false, timeout: ANSWER_TIMEOUT_MS }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => {
        const [version = '', pid = ''] = text.split(' ')
        resolve({ version, pid: Number(pid) })
      })
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The first line in which nginx says what is wrong, without time, mark and process. */
const findProblem = (output: string): string =>
  output
    .split('\n')
    .find((line) => line.includes('[emerg]'))
    ?.replace(/^.*\[emerg\] \d+#\d+: /, '') ?? 'nginx refused its configuration'

/** Resolves when nginx serves `first`. */
export async function startNginx(options: NginxOptions, first: string): Promise<NginxProcess> {
  const { program, directory, clock } = options
  const { statusFile } = settingsOf(directory, options.address)
  const configFile = join(directory, 'nginx.conf')
  const statusSocket = join(directory, 'status.sock')
  const former = new Set<number>()
  let current = first
  let reloads = 0

  const writeChecked = async (config: string): Promise<void> => {
    const next = `${configFile}.next`
    await writeFile(next, config)
    await writeFile(statusFile, renderStatus(statusSocket, versionOf(config)))
    await run(program.file, ['-t', '-q', '-c', next, '-p', directory, '-e', 'stderr'], {
      timeout: CHECK_WITHIN_MS,
      env: { ...process.env, ...program.env },
    }).catch((error: { readonly stderr?: string }) => {
      throw explainRefusal(config, next, findProblem(error.stderr ?? ''))
    })
    await rename(next, configFile)
  }
  const isServed = async (config: string): Promise<boolean> => {
    if (child.exitCode() !== undefined) throw new Error(`nginx ended: ${child.tail()}`)
    const worker = await askWorker(statusSocket)
    if (worker?.version !== versionOf(config)) return false
    for (const pid of former) if (!isAlive(pid)) former.delete(pid)
    return former.size === 0
  }
  const untilServed = (config: string): Promise<boolean> =>
    waitFor(() => isServed(config), {
      clock,
      what: 'nginx to serve its configuration',
      withinMs: SERVED_WITHIN_MS,
      everyMs: 10,
    })

  await writeChecked(first)
  const child = await startChild({
    name: 'nginx',
    command: program.file,
    args: ['-c', configFile, '-p', directory, '-e', 'stderr'],
    env: program.env,
    logFile: join(directory, 'nginx.log'),
  })
  try {
    await untilServed(first)
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    async serve(config) {
      if (config !== current) {
        await writeChecked(config)
        const worker = await askWorker(statusSocket)
        if (worker) former.add(worker.pid)
        process.kill(child.pid, 'SIGHUP')
        reloads += 1
        // From here on nginx may already serve it.
        current = config
      }
      await untilServed(config)
    },
    reloads: () => reloads,
    stop: () => child.stop(),
  }
}
