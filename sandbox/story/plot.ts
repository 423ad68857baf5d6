/**
 * The releases of the story: what each commit changes in the manifests and what must come of it. Pure data and text. It must not know how
 * Penstock decides.
 */
import { isMap, isSeq, parseAllDocuments } from 'yaml'

/** The gates of `triple-gate` and the shop's own, by the names of their metrics. */
export const gateMetrics = ['error-rate', 'p99-latency', 'events', 'shipping'] as const
export type GateMetricName = (typeof gateMetrics)[number]

export type Cause = GateMetricName | 'alert' | 'by hand'

export interface Expected {
  readonly outcome: 'promoted' | 'aborted'
  readonly cause?: Cause
}

export interface Release {
  readonly name: string
  /** One line for people: what is in this release. */
  readonly intent: string
  /** Environment variables of the shop's container that this commit sets. */
  readonly env: Readonly<Record<string, string>>
  readonly expected: Expected
  /** Weights in percent that users must see; only promoted releases are held to them. */
  readonly weights: readonly number[]
  /** What a person does with the command line once the release has reached 5 %. */
  readonly byHand?: 'abort' | 'promote --full'
}

/** As services are: some requests always fail. */
const healthy = { ERROR_RATE: '0.05', LATENCY_FACTOR: '1', ORDERS: 'on', BACKLOG: 'off', LEAK: 'off' }

/** What runs before the story begins. */
export const firstRelease: Readonly<Record<string, string>> = { ...healthy, VERSION: 'v1' }

export const releases: readonly Release[] = [
  {
    name: 'good',
    intent: 'a good release',
    env: { ...healthy, VERSION: 'v2' },
    expected: { outcome: 'promoted' },
    weights: [5, 25, 50, 100],
  },
  {
    name: 'errors',
    intent: 'one request in four fails, where one in twenty did',
    env: { ...healthy, VERSION: 'v3', ERROR_RATE: '0.25' },
    expected: { outcome: 'aborted', cause: 'error-rate' },
    weights: [5],
  },
  {
    name: 'slow',
    intent: 'every answer takes 40 % longer',
    env: { ...healthy, VERSION: 'v4', LATENCY_FACTOR: '1.4' },
    expected: { outcome: 'aborted', cause: 'p99-latency' },
    weights: [5],
  },
  {
    name: 'no-orders',
    intent: 'answers are fine, but nobody can order',
    env: { ...healthy, VERSION: 'v5', ORDERS: 'off' },
    expected: { outcome: 'aborted', cause: 'events' },
    weights: [5],
  },
  {
    name: 'backlog',
    intent: 'orders are taken as ever, and nobody ships them',
    env: { ...healthy, VERSION: 'v6', BACKLOG: 'on' },
    expected: { outcome: 'aborted', cause: 'shipping' },
    weights: [5],
  },
  {
    name: 'leak',
    intent: 'all gates are silent, but connections stay open and an alert fires',
    env: { ...healthy, VERSION: 'v7', LEAK: 'on' },
    expected: { outcome: 'aborted', cause: 'alert' },
    weights: [5],
  },
  {
    name: 'by-hand',
    intent: 'a good release that a person does not like',
    env: { ...healthy, VERSION: 'v8' },
    expected: { outcome: 'aborted', cause: 'by hand' },
    weights: [5],
    byHand: 'abort',
  },
  {
    name: 'fixed',
    intent: 'the next commit rolls forward from where the abort left it, and a person is in a hurry',
    env: { ...healthy, VERSION: 'v9' },
    expected: { outcome: 'promoted' },
    weights: [5, 100],
    byHand: 'promote --full',
  },
]

export const breakableGates = ['errors', 'latency', 'orders', 'shipping', 'alert'] as const
export type BreakableGate = (typeof breakableGates)[number]

/** A gate in dry run looks on and has no say; the alert is broken in the rule file. */
const brokenMetrics: Readonly<Record<Exclude<BreakableGate, 'alert'>, GateMetricName>> = {
  errors: 'error-rate',
  latency: 'p99-latency',
  orders: 'events',
  shipping: 'shipping',
}

/** The Rollout's manifest with the environment of a release and, on purpose, one gate without a say. Throws when it has no such field. */
export function renderRollout(text: string, env: Readonly<Record<string, string>>, broken?: BreakableGate): string {
  const documents = parseAllDocuments(text)
  const [document] = documents
  if (!document) throw new Error('the Rollout manifest is empty')
  const variables = document.getIn(['spec', 'template', 'spec', 'containers', 0, 'env'])
  if (!isSeq(variables)) throw new Error('the Rollout manifest has no env')
  for (const [name, value] of Object.entries(env)) {
    const entry = variables.items.find((item) => isMap(item) && item.get('name') === name)
    if (!isMap(entry)) throw new Error(`the Rollout manifest has no env ${name}`)
    entry.set('value', value)
  }
  if (broken !== undefined && broken !== 'alert') {
    // The other stages refer to the first one's analysis.
    const analysis = document.getIn(['spec', 'strategy', 'canary', 'steps', 1, 'analysis'])
    if (!isMap(analysis)) throw new Error('the Rollout manifest has no analysis')
    analysis.set('dryRun', [{ metricName: brokenMetrics[broken] }])
  }
  return documents.map(String).join('---\n')
}

/** The alerting rules, with a threshold that nothing can reach when the alert is to be broken. */
export const renderAlerts = (text: string, broken?: BreakableGate): string =>
  broken === 'alert' ? text.replace(/> 20$/m, '> 1e9') : text
