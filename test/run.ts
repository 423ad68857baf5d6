/**
 * Runs groups of suites and closes with one line, `N passed, N failed`. Each group is one child process (a process per file costs thirty times
 * as much); a group that dies counts as a failure. It decides which files belong to which group; it must not know what they test.
 *
 *   tsx test/run.ts [--node24] [--only TEXT] [--update] [--left-out GROUP] GROUP [GROUP ...]
 *   groups: unit component e2e architecture golden sim; --node24 runs `unit` once more on the current LTS, brought by an npm package
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** A file belongs to the group of the first pattern that matches its path below test/. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/^architecture\.test\.ts$/, 'architecture'],
  [/^golden\//, 'golden'],
  [/^sim\/hunt\//, 'sim'],
  [/^(component|contract\/api-server)\//, 'component'],
  [/^e2e\//, 'e2e'],
  [/^(unit|contract|sim)\//, 'unit'],
]
/** What a group runs besides its own files. */
const included: Readonly<Record<string, readonly string[]>> = { unit: ['unit', 'golden', 'architecture'] }

const groupOf = (path: string): string | undefined => patterns.find(([pattern]) => pattern.test(path))?.[1]

function listSuites(group: string, only: string | undefined): string[] {
  const groups = included[group] ?? [group]
  const entries = readdirSync(here, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(here, join(entry.parentPath, entry.name)))
  return paths
    .filter((path) => groups.includes(groupOf(path) ?? '') && (only === undefined || path.includes(only)))
    .sort()
}

interface Tally {
  readonly passed: number
  readonly failed: number
}

/** The child imports every suite of the group; its closing block is read from the output, which is passed on as it comes. */
function runGroup(node: string, group: string, only: string | undefined): Promise<Tally> {
  const args = ['--import', 'tsx', '--test-reporter=spec', fileURLToPath(import.meta.url), '--child', group]
  const child = spawn(node, only === undefined ? args : [...args, only], {
    cwd: join(here, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let tail = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    tail = (tail + chunk.toString('utf8')).slice(-200_000)
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const number = (word: string): number => Number(new RegExp(`^\\S+ ${word} (\\d+)$`, 'gm').exec(tail)?.[1] ?? 0)
      const failed = number('fail') + number('cancelled')
      const died = code !== 0 && failed === 0
      if (died) process.stdout.write(`group ${group} ended with ${signal ?? `exit code ${code}`} and no failed test\n`)
      resolve({ passed: number('pass'), failed: died ? 1 : failed })
    })
  })
}

/** Carries nothing but Node itself, for this kind of machine. */
const LTS_NAME = `node-${process.platform}-${process.arch}`
const LTS_PACKAGE = `${LTS_NAME}@24.9.0`

/** The current LTS, whatever Node this is: installed once below node_modules/.cache. */
function installLts(): string {
  const prefix = join(here, '..', 'node_modules', '.cache', LTS_PACKAGE)
  const binary = join(prefix, 'node_modules', LTS_NAME, 'bin', 'node')
  if (!existsSync(binary))
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', prefix, LTS_PACKAGE], {
      stdio: 'inherit',
    })
  return binary
}

interface Run {
  readonly group: string
  readonly node: string
}

async function runAll(runs: readonly Run[], only: string | undefined, leftOut: string | undefined): Promise<void> {
  let passed = 0
  let failed = 0
  for (const { group, node } of runs) {
    process.stdout.write(`\n== ${group}${node === process.execPath ? '' : ` on ${LTS_PACKAGE}`}\n`)
    const tally = await runGroup(node, group, only)
    passed += tally.passed
    failed += tally.failed
  }
  if (passed + failed === 0) failed = 1
  if (leftOut !== undefined)
    process.stdout.write(`\nleft out by CONTROL_PLANE=none: ${leftOut}, the tests on a real Kubernetes control plane\n`)
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

const [first = '', ...rest] = process.argv.slice(2)
if (first === '--child') {
  for (const path of listSuites(rest[0] ?? '', rest[1])) await import(pathToFileURL(join(here, path)).href)
} else {
  const args = [first, ...rest]
  const take = (name: string): string | undefined => {
    const at = args.indexOf(name)
    return at < 0 ? undefined : args.splice(at, 2)[1]
  }
  const leftOut = take('--left-out')
  const onLts = args.includes('--node24')
  const only = take('--only')
  if (args.includes('--update')) process.env.PENSTOCK_UPDATE_GOLDEN = '1'
  args.splice(0, args.length, ...args.filter((arg) => arg !== '--update' && arg !== '--node24'))
  const known = [...new Set(patterns.map(([, group]) => group))]
  const unknown = args.filter((group) => !known.includes(group))
  if (args.length === 0 || unknown.length > 0) {
    process.stderr.write(`unknown group ${unknown.join(', ')}; groups: ${known.join(' ')}\n`)
    process.exit(2)
  }
  const runs = args.map((group) => ({ group, node: process.execPath }))
  await runAll(onLts ? [...runs, { group: 'unit', node: installLts() }] : runs, only, leftOut)
}
