/**
 * Suite `proxies`: what share of the requests the canary gets from real proxies that are driven as a rollout drives them, whether a color decides alone,
 * and what a change costs those who are asking just then. It judges shares; it measures no speed.
 */
import { findProxies } from '../../sandbox/proxies/programs.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { startDrivenHaproxy } from './driven-haproxy.ts'
import { startDrivenNginx } from './driven-nginx.ts'
import type { ColorCase, DrivenProxy, Traffic } from './driven-proxy.ts'
import { HOST } from './proxy-cluster.ts'
import { sendRequests, type Tally, times } from './proxy-requests.ts'

export interface ProxiesOptions {
  /** For each weight. */
  readonly requests: number
  readonly say: (text: string) => void
  readonly stops: StopList
}

export interface ShareResult extends Traffic {
  readonly proxy: string
  readonly requests: number
  /** Answered by the canary, and by stable. */
  readonly toCanary: number
  readonly toStable: number
}

export interface ColorResult {
  readonly proxy: string
  readonly name: string
  readonly requests: number
  /** Not answered by the revision that the color names. */
  readonly astray: number
}

export interface ChangesResult {
  readonly proxy: string
  readonly changes: number
  /** What a worker was replaced for, of all changes. */
  readonly reloads: number
  readonly requests: number
  readonly failures: Tally['failures']
  readonly repeated: number
}

export interface ProxiesResult {
  readonly shares: readonly ShareResult[]
  readonly colors: readonly ColorResult[]
  readonly changes: readonly ChangesResult[]
}

const measuredWeights: readonly Traffic[] = [
  { canary: 1, total: 1000 },
  ...[0, 1, 5, 20, 50, 80, 100].map((canary) => ({ canary, total: 100 })),
]
const CHANGES = 20

export async function measureProxies(options: ProxiesOptions): Promise<ProxiesResult> {
  const { requests, say, stops } = options
  const programs = await findProxies(process.env, say)
  const shares: ShareResult[] = []
  const colors: ColorResult[] = []
  const changes: ChangesResult[] = []
  for (const proxy of [
    await startDrivenHaproxy({ program: programs.haproxy, stops }),
    await startDrivenNginx({ program: programs.nginx, stops }),
  ]) {
    say(`${proxy.name}: ${measuredWeights.length} weights, ${requests} requests each`)
    for (const traffic of measuredWeights) shares.push(await measureShare(proxy, traffic, requests))
    say(`${proxy.name}: ${proxy.colors.length} colors`)
    for (const color of proxy.colors) colors.push(await measureColor(proxy, color, Math.ceil(requests / 10)))
    say(`${proxy.name}: ${CHANGES} changes under load`)
    changes.push(await measureChanges(proxy, CHANGES))
  }
  return { shares, colors, changes }
}

/** Throws when a request got no answer of a pod. */
export async function measureShare(proxy: DrivenProxy, traffic: Traffic, requests: number): Promise<ShareResult> {
  await proxy.drive(traffic)
  const { stable = 0, canary = 0 } = await ask(proxy, {}, requests)
  return { proxy: proxy.name, ...traffic, requests, toCanary: canary, toStable: stable }
}

/** `requests` for each kind of request. Throws when one got no answer of a pod. */
export async function measureColor(proxy: DrivenProxy, color: ColorCase, requests: number): Promise<ColorResult> {
  await color.drive()
  let astray = 0
  for (const { headers, goesTo } of color.requests)
    astray += requests - ((await ask(proxy, headers, requests))[goesTo] ?? 0)
  return { proxy: proxy.name, name: color.name, requests: requests * color.requests.length, astray }
}

/** New weights, and now and then a color, while requests never end. */
export async function measureChanges(proxy: DrivenProxy, changes: number): Promise<ChangesResult> {
  await proxy.drive({ canary: 0, total: 100 })
  const before = proxy.reloads()
  let isOver = false
  const sending = sendRequests({ url: proxy.url, host: HOST, isWanted: () => !isOver })
  try {
    for (let change = 0; change < changes; change += 1) {
      const color = change % 5 === 4 ? proxy.colors[change % proxy.colors.length] : undefined
      await (color ? color.drive() : proxy.drive({ canary: (change * 37) % 101, total: 100 }))
    }
  } finally {
    isOver = true
  }
  const { requests, failures, repeated } = await sending
  return { proxy: proxy.name, changes, reloads: proxy.reloads() - before, requests, failures, repeated }
}

async function ask(
  { name, url }: DrivenProxy,
  headers: Readonly<Record<string, string>>,
  requests: number,
): Promise<Tally['byRevision']> {
  const { byRevision, failures } = await sendRequests({ url, host: HOST, headers, isWanted: times(requests) })
  if (Object.keys(failures).length > 0)
    throw new Error(`${name}: ${JSON.stringify(failures)} of ${requests} requests failed`)
  return byRevision
}
