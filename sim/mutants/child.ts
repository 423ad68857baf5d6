/** Runs a bundle as a process of its own: a mutant may hang, or take the process with it. It judges nothing. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface ChildOptions {
  readonly flags?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ends the process once it answers true: more need not be known. */
  readonly isEnough: (line: string) => boolean
}

export interface ChildOutcome {
  readonly end: 'finished' | 'enough' | 'hung'
  readonly code: number | null
  readonly cpuMs: number
  /** The end of what it said beside its lines. */
  readonly errors: string
}

/** Of the processor: a machine that is busy makes everything slow, and that is no hang. */
const MOST_CPU_SECONDS = 120
const LONGEST_MS = 600_000
const KILL_AFTER_MS = 5_000

/** Without what would make a test runner in the child speak to one around us. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...rest } = process.env
  return rest
}

/** The bundle is deleted at the end. */
export async function runBundle(file: string, options: ChildOptions): Promise<ChildOutcome> {
  const { flags = [], args = [], env = {}, isEnough } = options
  const limited = `ulimit -t ${MOST_CPU_SECONDS} && exec "$0" "$@"`
  const child = spawn('/bin/sh', ['-c', limited, process.execPath, ...flags, file, ...args], {
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const startedMs = performance.now()
  let end: ChildOutcome['end'] = 'finished'
  let errors = ''
  let meter = ''
  let killer: NodeJS.Timeout | undefined
  const stop = (why: 'enough' | 'hung'): void => {
    if (end !== 'finished') return
    end = why
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
  }
  const deadline = setTimeout(() => stop('hung'), LONGEST_MS)
  child.stderr?.on('data', (text: Buffer) => {
    errors = (errors + text.toString('utf8')).slice(-2_000)
  })
  child.stdio[3]?.on('data', (text: Buffer) => {
    meter += text.toString('utf8')
  })
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isEnough(line)) stop('enough')
    })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearTimeout(deadline)
  clearTimeout(killer)
  rmSync(file, { force: true })
  const isSpent = end === 'finished' && code === null
  const cpuMs = isSpent ? MOST_CPU_SECONDS * 1_000 : performance.now() - startedMs
  return { end: isSpent ? 'hung' : end, code, errors, cpuMs: meter === '' ? cpuMs : Number(meter) }
}
