/**
 * The releases of the story: what each commit changes in the manifests and what must come of it. Pure data and text. It must not know how
 * Penstock decides.
 */
import { isMap, isSeq, parseAllDocuments } from 'yaml'

export type Cause = 'error-rate-spike' | 'p99-latency' | 'business-events' | 'alert' | 'by hand'

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

const healthy = { ERROR_RATE: '0', LATENCY_FACTOR: '1', ORDERS: 'on', BACKLOG: 'off' }

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
    intent: 'one request in five fails',
    env: { ...healthy, VERSION: 'v3', ERROR_RATE: '0.2' },
    expected: { outcome: 'aborted', cause: 'error-rate-spike' },
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
    expected: { outcome: 'aborted', cause: 'business-events' },
    weights: [5],
  },
  {
    name: 'backlog',
    intent: 'all gates are silent, but finished orders pile up and an alert fires',
    env: { ...healthy, VERSION: 'v6', BACKLOG: 'on' },
    expected: { outcome: 'aborted', cause: 'alert' },
    weights: [5],
  },
  {
    name: 'by-hand',
    intent: 'a good release that a person does not like',
    env: { ...healthy, VERSION: 'v7' },
    expected: { outcome: 'aborted', cause: 'by hand' },
    weights: [5],
    byHand: 'abort',
  },
  {
    name: 'fixed',
    intent: 'the next commit rolls forward from where the abort left it, and a person is in a hurry',
    env: { ...healthy, VERSION: 'v8' },
    expected: { outcome: 'promoted' },
    weights: [5, 100],
    byHand: 'promote --full',
  },
]

export const breakableGates = ['errors', 'latency', 'orders', 'alert'] as const
export type BreakableGate = (typeof breakableGates)[number]

/** Thresholds that nothing can reach; the alert is broken in the rule file. */
const brokenArgs: Readonly<Record<Exclude<BreakableGate, 'alert'>, readonly [name: string, value: string]>> = {
  errors: ['error-floor', '10'],
  latency: ['max-latency-ratio', '100'],
  orders: ['min-event-ratio', '0'],
}

/** The Rollout's manifest with the environment of a release and, on purpose, one useless threshold. Throws when it has no such field. */
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
    // The other stages refer to the first one's arguments.
    const args = document.getIn(['spec', 'strategy', 'canary', 'steps', 1, 'analysis', 'args'])
    if (!isSeq(args)) throw new Error('the Rollout manifest has no analysis arguments')
    const [name, value] = brokenArgs[broken]
    args.add(document.createNode({ name, value }))
  }
  return documents.map(String).join('---\n')
}

/** The alerting rules, with a threshold that nothing can reach when the alert is to be broken. */
export const renderAlerts = (text: string, broken?: BreakableGate): string =>
  broken === 'alert' ? text.replace(/> 20$/m, '> 1e9') : text
