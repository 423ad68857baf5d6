/**
 * One child process of the sandbox: started without a shell, its output kept in a file, stopped by SIGTERM and, when it does not listen,
 * SIGKILL. It ends by its pid only, and its end is an event that somebody waits for.
 */
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export interface ChildOptions {
  /** How people call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Receives standard output and standard error. */
  readonly logFile: string
  /** Called with each whole line of standard output. */
  readonly onLine?: (line: string) => void
}

export interface Child {
  readonly pid: number
  /** The last lines that it wrote, for an error message. */
  tail(): string
  /** Undefined while it runs. */
  exitCode(): number | undefined
  stop(graceMs?: number): Promise<void>
  /** SIGKILL, as the kernel does it when memory is short; resolves when it is gone. */
  kill(): Promise<void>
}

const TAIL_LINES = 8
const GRACE_MS = 5_000

/** Resolves once the process has been started. Rejects when the program cannot be run. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = createWriteStream(options.logFile, { flags: 'a' })
  const child = spawn(options.command, [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const lines: string[] = []
  let code: number | undefined
  const exited = new Promise<void>((resolve) => {
    child.once('close', (status, signal) => {
      code = status ?? (signal === null ? 1 : 128)
      log.end(() => resolve())
    })
  })
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const follow = (chunk: Buffer, onLine: ((line: string) => void) | undefined): void => {
    log.write(chunk)
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      if (lines.length > TAIL_LINES) lines.shift()
      onLine?.(line)
    }
  }
  child.stdout.on('data', (chunk: Buffer) => follow(chunk, options.onLine))
  child.stderr.on('data', (chunk: Buffer) => follow(chunk, undefined))
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => reject(new Error(`${options.name}: ${error.message}`)))
  })
  return {
    pid: child.pid ?? 0,
    tail: () => lines.join('\n'),
    exitCode: () => code,
    async stop(graceMs = GRACE_MS) {
      if (code === undefined) child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(kill)
    },
    async kill() {
      if (code === undefined) child.kill('SIGKILL')
      await exited
    },
  }
}
