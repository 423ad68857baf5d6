/**
 * Suite `backtest`: `penstock backtest` as people run it, as a process of its own, over a day of twenty pods in a real Prometheus on this
 * machine: once with an empty cache, and once more with what it has kept.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { StopList } from '../../../sandbox/stop-list.ts'
import { startPrometheus } from '../../component/analysis/prometheus-process.ts'
import { PODS, writeHistory } from './history.ts'

export interface BacktestOptions {
  readonly hours: number
  readonly say: (text: string) => void
  readonly stops: StopList
}

export interface BacktestResult {
  readonly hours: number
  readonly pods: number
  readonly samples: number
  readonly first: Timed
  /** Prometheus' answers are on disk. */
  readonly cached: Timed
  readonly cases: number
  readonly falselyAborted: number
  readonly releases: readonly string[]
}

export interface Timed {
  readonly seconds: number
  /** Of the command, without Prometheus. */
  readonly cpuSeconds: number
  readonly rssMb: number
}

const HOUR_MS = 3_600_000
/** What the gates learn from before the first case. */
const LEARNT_MS = 4 * HOUR_MS + 10 * 60_000

const policy = `kind: BacktestPolicy
name: triple
stages:
  - { weight: 5, duration: 5m }
  - { weight: 10, duration: 5m }
  - { weight: 25, duration: 5m }
  - { weight: 50, duration: 5m }
gates:
  - { name: error-rate, gate: errorRate, namespace: shop, service: checkout }
  - { name: p99, gate: latency, namespace: shop, service: checkout }
  - { name: orders, gate: events, event: orders_total, namespace: shop, service: checkout }
`

export async function measureBacktest({ hours, say, stops }: BacktestOptions): Promise<BacktestResult> {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-bench-backtest-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  // Whole hours ago, so that all of it is settled.
  const to = Math.floor(clock.now() / HOUR_MS) * HOUR_MS - HOUR_MS
  const from = to - hours * HOUR_MS
  say(`writing ${hours} hours of ${PODS} pods, and what is learnt from before`)
  const { data, samples } = await writeHistory(directory, {
    from: from - LEARNT_MS,
    to,
    releaseAt: (from + to) / 2,
  })
  const prometheus = await startPrometheus(undefined, data)
  stops.add(() => prometheus.close())
  const file = join(directory, 'policy.yaml')
  await writeFile(file, policy)
  const args = ['-f', file, '--prometheus', prometheus.url, '--cache', join(directory, 'cache'), '--json']
  const range = ['--from', new Date(from).toISOString(), '--to', new Date(to).toISOString()]
  say('backtest')
  const first = await timeCommand(['backtest', ...args, ...range])
  say('backtest, from the disk')
  const cached = await timeCommand(['backtest', ...args, ...range])
  const [found] = first.document.policies
  return {
    hours,
    pods: PODS,
    samples,
    first: first.timed,
    cached: cached.timed,
    cases: found?.cases ?? 0,
    falselyAborted: found?.aborted ?? 0,
    releases: (found?.releases ?? []).map(
      ({ canary, outcome, afterSeconds }) => `${canary} ${outcome} ${afterSeconds}s`,
    ),
  }
}

interface Document {
  readonly policies: readonly {
    readonly cases: number
    readonly aborted: number
    readonly releases: readonly { readonly canary: string; readonly outcome: string; readonly afterSeconds: number }[]
  }[]
}

const CLI = fileURLToPath(new URL('timed-cli.ts', import.meta.url))

async function timeCommand(args: readonly string[]): Promise<{ readonly timed: Timed; readonly document: Document }> {
  const startedMs = clock.monotonicMs()
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err]: [string[], string[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString('utf8')))
  const [code] = (await once(child, 'close')) as readonly (number | null)[]
  if (code !== 0) throw new Error(`penstock backtest ended with ${code}: ${err.join('').slice(-2000)}`)
  const seconds = (clock.monotonicMs() - startedMs) / 1000
  const usage = lastLine(err) as Omit<Timed, 'seconds'>
  return { timed: { seconds, ...usage }, document: lastLine(out) as Document }
}

const lastLine = (chunks: readonly string[]): unknown => JSON.parse(chunks.join('').trimEnd().split('\n').at(-1) ?? '')
