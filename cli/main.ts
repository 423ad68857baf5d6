/**
 * Composition root of the CLI: builds the real terminal, clock and API client, runs one command line and ends the process with its exit
 * code. The only file of the CLI that touches the process or its environment.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { systemClock } from '../controller/runtime/clock.ts'
import { CliError } from './cli-error.ts'
import type { CliDeps, Connection, ConnectOptions } from './deps.ts'
import { runCli } from './program.ts'
import type { Simulator } from './simulate/simulator.ts'

const { env, stdout, stderr } = process

const stopper = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopper.abort())
// `penstock get … | head` closes the pipe early; that is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''

async function connect(options: ConnectOptions): Promise<Connection> {
  const { connectToCluster } = await import('./cluster/connect.ts')
  return connectToCluster(options, systemClock)
}

async function listFiles(path: string): Promise<readonly string[]> {
  if (path === '-' || !(await stat(path).catch(() => undefined))?.isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
  if (names.length === 0) throw new CliError(`${path} holds no .yaml, .yml or .json file`, 1)
  return names.map((name) => join(path, name))
}

async function readText(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, 1, {
      cause: error,
    })
  }
}

async function writeText(path: string, content: string): Promise<void> {
  if (path === '-') return void stdout.write(content)
  try {
    await writeFile(path, content)
  } catch (error) {
    throw new CliError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, 1, {
      cause: error,
    })
  }
}

async function loadSimulator(): Promise<Simulator> {
  try {
    return (await import('../sim/user/simulator.ts')).simulator
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new CliError(
      'the simulator is not part of this image; run it from a checkout, or from `npm run build` in one',
    )
  }
}

const deps: CliDeps = {
  terminal: {
    out: (chunk) => void stdout.write(chunk),
    err: (chunk) => void stderr.write(chunk),
    isTty: stdout.isTTY === true,
    color: stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    unicode: /utf-?8/i.test(locale),
  },
  clock: systemClock,
  signal: stopper.signal,
  connect,
  listFiles,
  readText,
  writeText,
  openHttp: async () => (await import('./cluster/http.ts')).openHttp(systemClock),
  tellPlan: async (client, picture) => (await import('./cluster/plan.ts')).tellPlan(client, picture),
  forecast: async (client, namespace, atMs) => (await import('./cluster/plan.ts')).forecast(client, namespace, atMs),
  loadSimulator,
  loadValidators: async () => (await import('./lint/validators.ts')).validators,
}

process.exitCode = await runCli(process.argv.slice(2), deps)
