/**
 * The configuration of `provider.plugin["penstock/gate"]`: a statistical gate that compares the canary with stable, scrape by scrape. Shape only:
 * what the presets stand for and which fields go together is told in `controller/metric-language`. An unknown field is a mistake, never ignored.
 *
 * Templates have no conditionals, so an empty text says the same as no field at all, and numbers and switches may be texts.
 */
import { z } from 'zod'
import { prometheusMetricSchema } from './analysis.ts'
import { gateIds } from './verdict.ts'

/** How metrics and labels are called; see `gate-presets.ts`. */
export const gatePresetIds = [
  'http',
  'otel-http',
  'otel-rpc',
  'istio',
  'envoy',
  'nginx-ingress',
  'traefik',
  'grpc',
  'custom',
] as const
export type GatePresetId = (typeof gatePresetIds)[number]

/** What becomes of a stage that ends without a verdict. */
export const onUndecidedIds = ['pause', 'proceed', 'abort'] as const

/** What becomes of a gate whose self-test is bad. */
export const onSelfTestIds = ['warn', 'hold'] as const

const text = z.string().optional()
const number = z
  .union([z.number(), z.string().regex(/^\s*(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*)?$/i, 'is not a number')])
  .optional()
const flag = z.union([z.boolean(), z.enum(['true', 'false', ''])]).optional()
/** A Go duration such as `90s` or `1h30m`. */
const duration = z.string().optional()

export const gateMetricSchema = z.strictObject({
  /** `errorRate`: more failures per request · `latency`: a slower P99 · `events`: fewer business events per request. */
  gate: z.enum(gateIds),

  /** Of Prometheus; the controller's own default when empty. */
  address: text,
  insecure: flag,
  /** Seconds that one query may take; default 30. */
  timeout: number,
  headers: prometheusMetricSchema.shape.headers,
  authentication: prometheusMetricSchema.shape.authentication,

  /** Names of metrics and labels; default `http`. Every name below overrides the preset's. */
  preset: z.enum([...gatePresetIds, '']).optional(),
  /** The workload that is judged, in the preset's own labels: its namespace, its Service, its name. */
  namespace: text,
  service: text,
  workload: text,
  /** More labels that every series must have, by name; a value is taken literally. */
  match: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'is not the name of a label'), z.string()).optional(),
  /** The label that tells versions apart, and its value on the canary and on stable. */
  versionLabel: text,
  canary: text,
  stable: text,
  /** The label that tells pods apart; `instance` where a series has none. */
  podLabel: text,
  /** Counter of all requests, as a PromQL instant vector selector: `http_requests_total{job="shop"}`. */
  requests: text,
  /** Counter of failed requests, where no label of `requests` tells them. */
  failed: text,
  /** Label of `requests` that holds the answer's code, and a regular expression (RE2, whole value) of those that are failures. */
  codeLabel: text,
  failedCodes: text,
  /** Classic (`..._bucket`) or native histogram of request durations, as a selector. */
  buckets: text,
  /** Unit of the histogram's bounds. */
  unit: z.enum(['seconds', 'milliseconds', '']).optional(),
  /** Counter of the business event, as a selector or the bare name: `orders_total`. Empty: the gate `events` is not asked for. */
  event: text,

  /** Ratio canary/stable that is put up with: errorRate 1.2, latency 1.15, events 0.8. */
  tolerance: number,
  /** errorRate: failures per request beyond stable's that are put up with, whatever the ratio; default 0.001 (0.1 percentage points). */
  toleranceExcess: number,
  /** Chance to abort a healthy release, over the whole rollout, at most; default 1/300. */
  alpha: number,
  /** Chance to abort a release within the tolerance, at most; default 1/3. */
  beta: number,
  /** `beta` as small as `alpha`: slower, and as sure about the tolerance. */
  strict: flag,
  /** Bad events (events: expected ones) below which nothing is aborted; default 5. */
  minEvents: number,
  /** Ratio that has to have been catchable (80 % chance) for a stage without a finding to pass: errorRate 3, latency 1.5, events 0 (total loss). */
  target: number,
  /** Canary pods younger than this do not count: cold starts are slow. Default 60s. */
  warmup: duration,
  /**
   * Scrapes are put together until they are at least so long, and evidence is weighed by the piece; three of them at least make a finding. Default: a
   * scrape, or 15s where scrapes are less than 10 s apart. Shorter finds sooner, and asks more of scrapes: on time, and all pods' at one pace.
   */
  tick: duration,
  /** Stable's history that the noise is learnt from; default 4h. `0s`: none. */
  history: duration,
  /**
   * Before its first look the gate replays itself on so much of stable's past, and says how often it would have aborted a healthy release and what it can
   * catch. Default: it does not.
   */
  selfTest: duration,
  /** When it aborts healthy releases more often there than chance allows: `warn` says so (default), `hold` makes the run Inconclusive. */
  onSelfTest: z.enum([...onSelfTestIds, '']).optional(),
  /** Pass as soon as the canary is proven to be within the tolerance; default false: at the end of the stage. */
  earlyPass: flag,
  /** Length of the stage. Default: until the run is ended in the background, else 5m. */
  duration: duration,
  /** How much longer a stage is held that cannot be decided at its end; default one more `duration`. */
  maxHold: duration,
  /** Then `pause` (the run is Inconclusive), `proceed` or `abort`; default pause. */
  onUndecided: z.enum([...onUndecidedIds, '']).optional(),
})
export type GateMetric = z.infer<typeof gateMetricSchema>
