/** Gates that nobody could judge by, as people write them by mistake: with the field that a refusal has to name, and the words that tell the fix. Plain data. */
import type { AnalysisTemplate } from '../../controller/api/analysis.ts'

export interface GateMistake {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** Of the metric, beside its provider. */
  readonly metric?: Readonly<Record<string, unknown>>
  /** Below the metric. */
  readonly field: string
  readonly fix: RegExp
}

const PLACE = 'provider.plugin.penstock/gate'

/** What is right about all of them. */
export const soundGate = {
  gate: 'errorRate',
  service: 'shop',
  canary: '{{args.canary-hash}}',
  stable: '{{args.stable-hash}}',
}

const mistake = (name: string, config: GateMistake['config'], field: string, fix: RegExp): GateMistake => ({
  name,
  config: { ...soundGate, ...config },
  field: `${PLACE}.${field}`,
  fix,
})

export const gateMistakes: readonly GateMistake[] = [
  mistake('an unknown gate', { gate: 'errors' }, 'gate', /"errorRate"\|"latency"\|"events"/),
  mistake('an unknown preset', { preset: 'istoi' }, 'preset', /"istio"/),
  mistake(
    'both selectors missing',
    { preset: 'custom' },
    'requests',
    /is required with preset custom.*such as app_requests_total/,
  ),
  mistake(
    'no histogram',
    { gate: 'latency', preset: 'custom' },
    'buckets',
    /is required with preset custom.*such as app_request_seconds_bucket/,
  ),
  mistake(
    'a query for a selector',
    { requests: 'rate(http_requests_total[1m])' },
    'requests',
    /the raw counter, without rate\(\)/,
  ),
  mistake('no event', { gate: 'events' }, 'event', /the counter of the business event, such as orders_total/),
  mistake('a tolerance below 1', { tolerance: 0.5 }, 'tolerance', /0\.5 is not within 1\.01 and 100/),
  mistake('a target that is tolerated', { target: 1.1 }, 'target', /give a target above it/),
  mistake('chance beyond chance', { alpha: 2 }, 'alpha', /2 is not within/),
  mistake('no duration', { warmup: 'a minute' }, 'warmup', /"a minute" is not a duration such as 30s/),
  mistake('more history than is read', { history: '720h' }, 'history', /720h is not within/),
  mistake('no canary', { canary: '' }, 'canary', /is required: .* such as the argument canary-hash/),
  mistake('the same version twice', { canary: 'a', stable: 'a' }, 'stable', /does not tell versions apart/),
  mistake('no name of a label', { versionLabel: 'app.version' }, 'versionLabel', /letters, digits and underscores/),
  mistake(
    'a workload that the preset has no label for',
    { preset: 'traefik', workload: 'web' },
    'workload',
    /use match with the label's own name/,
  ),
  mistake(
    'a password in the address',
    { address: 'http://me:secret@prometheus' },
    'address',
    /give them as authentication\.basicAuth/,
  ),
  {
    name: 'a misspelt field',
    config: { ...soundGate, tolerence: 2 },
    field: PLACE,
    fix: /Unrecognized key: "tolerence"/,
  },
  {
    name: 'many measurements',
    config: soundGate,
    metric: { count: 10 },
    field: 'count',
    fix: /leave count at 1, and say how long as duration/,
  },
]

export const templateOf = (
  name: string,
  { config, metric = {} }: Pick<GateMistake, 'config' | 'metric'>,
): AnalysisTemplate => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: {
    args: [{ name: 'canary-hash' }, { name: 'stable-hash' }],
    metrics: [{ name: 'error-rate', ...metric, provider: { plugin: { 'penstock/gate': config } } }],
  },
})
