/**
 * Reads the few shell lines that test pods consist of (`sleep 5 && exit 1`, `echo done`) as a duration and an exit code. It
 * runs nothing, and a line it does not fully understand has no outcome: guessing success would fake a verdict.
 */
export interface ScriptOutcome {
  readonly afterMs: number
  readonly exitCode: number
}

const shells = new Set(['sh', 'bash', 'ash', 'dash'])
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }
/** Expansions, redirections, pipes and grouping: outside of what is read here. */
const unreadable = /[$`<>|(){}*?~]/

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** `1.5`, `10s`, `2m`; undefined for anything else. */
export function parseSleepMs(text: string | undefined): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text ?? '')
  if (!parts) return undefined
  return Number(parts[1]) * (unitMs[parts[2] === '' ? 's' : (parts[2] ?? 's')] ?? 1000)
}

/** How long a program runs and what it exits with, as far as it can be told from its argument vector. */
export function readScript(argv: readonly string[]): ScriptOutcome | undefined {
  const [program = '', ...args] = argv
  if (!shells.has(baseName(program))) return readStatement(argv)
  const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg))
  // More options may follow; the first argument that is none is the script.
  const text = flag < 0 ? undefined : args.slice(flag + 1).find((arg) => !/^[-+]./.test(arg))
  return text === undefined || unreadable.test(text) ? undefined : readLines(text)
}

function readLines(text: string): ScriptOutcome | undefined {
  let afterMs = 0
  let exitCode = 0
  for (const line of text.split(/[;\n]/).filter((part) => part.trim() !== '')) {
    for (const statement of line.split('&&')) {
      const words = statement.trim().split(/\s+/)
      const outcome = readStatement(words)
      if (!outcome) return undefined
      afterMs += outcome.afterMs
      exitCode = outcome.exitCode
      if (baseName(words[0] ?? '') === 'exit') return { afterMs, exitCode }
      if (exitCode !== 0) break
    }
  }
  return { afterMs, exitCode }
}

function readStatement(words: readonly string[]): ScriptOutcome | undefined {
  const [program = '', first] = words
  switch (baseName(program)) {
    case 'sleep': {
      const afterMs = parseSleepMs(first)
      return afterMs === undefined ? undefined : { afterMs, exitCode: 0 }
    }
    case 'exit':
      return /^\d{1,3}$/.test(first ?? '0') ? { afterMs: 0, exitCode: Number(first ?? '0') & 255 } : undefined
    case 'echo':
    case 'true':
    case 'date':
      return { afterMs: 0, exitCode: 0 }
    case 'false':
      return { afterMs: 0, exitCode: 1 }
    default:
      return undefined
  }
}
