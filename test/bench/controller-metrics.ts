/** What the controller says of itself on /metrics: its calls to the API server by verb and kind, its memory and its CPU time. */

export interface ControllerMetrics {
  /** Calls that change something, by `verb kind`, such as `patch rollouts`; those to Leases left out. */
  readonly writes: Readonly<Record<string, number>>
  /** Calls of every sort but watches, by `verb kind`; those to Leases left out. Those that were refused or not answered apart. */
  readonly calls: Readonly<Record<string, number>>
  readonly failedCalls: Readonly<Record<string, number>>
  readonly rssBytes: number
  readonly cpuSeconds: number
}

const writeVerbs = new Set(['create', 'update', 'patch', 'delete'])

interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

function* parseSeries(text: string): Generator<Series> {
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) continue
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
    yield { name, labels: Object.fromEntries(pairs), value: Number(value) }
  }
}

/** From the text exposition format. */
export function parseControllerMetrics(text: string): ControllerMetrics {
  const writes: Record<string, number> = {}
  const calls: Record<string, number> = {}
  const failedCalls: Record<string, number> = {}
  const plain: Record<string, number> = {}
  for (const { name, labels, value } of parseSeries(text)) {
    plain[name] = value
    const { verb = '', kind = '', status_code: code = '' } = labels
    if (name !== 'controller_clientset_k8s_request_total' || verb === 'watch' || kind === 'leases') continue
    const call = `${verb} ${kind}`
    const counted = /^[123]/.test(code) ? calls : failedCalls
    counted[call] = (counted[call] ?? 0) + value
    if (writeVerbs.has(verb)) writes[call] = (writes[call] ?? 0) + value
  }
  return {
    writes,
    calls,
    failedCalls,
    rssBytes: plain.process_resident_memory_bytes ?? 0,
    cpuSeconds: plain.process_cpu_seconds_total ?? 0,
  }
}

/** Calls between two readings, without those that did not happen. */
export function subtractCalls(
  later: ControllerMetrics['calls'],
  earlier: ControllerMetrics['calls'],
): Readonly<Record<string, number>> {
  const entries = Object.entries(later).map(([call, count]) => [call, count - (earlier[call] ?? 0)] as const)
  return Object.fromEntries(entries.filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export const sumWrites = (writes: ControllerMetrics['writes']): number =>
  Object.values(writes).reduce((sum, count) => sum + count, 0)

export async function readControllerMetrics(url: string): Promise<ControllerMetrics> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  return parseControllerMetrics(await response.text())
}
