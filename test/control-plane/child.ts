/**
 * Runs one server of the control plane as a child process with its output in a file, and ends it by its pid. It must
 * not know which server it runs, nor signal a process that it did not start.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

export interface ServerProcess {
  readonly name: string
  readonly pid: number
  readonly logPath: string
  /** True until the process has ended; a stopped (SIGSTOP) process still runs. */
  isRunning(): boolean
  /** One sentence on how it ended, or undefined while it runs. */
  ending(): string | undefined
  /** Sends a signal, such as SIGKILL to crash it or SIGSTOP and SIGCONT to freeze it. */
  signal(signal: NodeJS.Signals): void
  /** Asks politely, then insists after `graceMs`; resolves once the process is gone. */
  end(graceMs: number): Promise<void>
}

export interface ServerCommand {
  readonly path: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logPath: string
}

const SETPRIV = '/usr/bin/setpriv'

/** Starts the command; where Linux offers it, the kernel ends the child should this process die without a goodbye. */
export function startServer(command: ServerCommand): ServerProcess {
  const name = basename(command.path)
  const log = openSync(command.logPath, 'a')
  const [program, args] = boundToParent(command)
  const child = spawn(program, args, { env: command.env, stdio: ['ignore', log, log] })
  closeSync(log)
  if (child.pid === undefined) {
    child.on('error', () => {})
    throw new Error(`Could not start ${command.path}: check that it is an executable of this machine`)
  }
  return describe(name, child, child.pid, command.logPath)
}

function boundToParent({ path, args }: ServerCommand): readonly [string, readonly string[]] {
  if (process.platform !== 'linux' || !isExecutable(SETPRIV)) return [path, args]
  return [SETPRIV, ['--pdeathsig', 'KILL', '--', path, ...args]]
}

/** The child does not keep this process alive: a test that forgets to stop it ends all the same, and takes it along. */
function describe(name: string, child: ChildProcess, pid: number, logPath: string): ServerProcess {
  child.unref()
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.removeListener('exit', killAtExit)
      resolve()
    })
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child.kill(name)
  }
  const end = async (graceMs: number) => {
    if (!isRunning()) return
    child.ref()
    signal('SIGCONT')
    signal('SIGTERM')
    const insist = setTimeout(() => signal('SIGKILL'), graceMs)
    await ended
    clearTimeout(insist)
  }
  const ending = () => (isRunning() ? undefined : `${name} ended with ${child.signalCode ?? `code ${child.exitCode}`}`)
  return { name, pid, logPath, isRunning, ending, signal, end }
}

/** The end of a server's log, for an error message. */
export function lastLines(logPath: string, count = 15): string {
  try {
    return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return '(no log)'
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
