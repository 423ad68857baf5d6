/**
 * What a gate's configuration means once the preset is filled in: names of series and labels, thresholds as numbers, times in milliseconds. Every
 * mistake names its field. Shared by validation and by the provider, so that what passes the one cannot surprise the other.
 *
 *   default (analysis.md 5.1)   errorRate               latency       events
 *   tolerance                   1.2, or 0.1 points      1.15          0.8
 *   target                      3                       1.5           0 (total loss)
 *   alpha, beta                 1/300, 1/3              same          same
 *   minEvents, warmup, history  5, 60s, 4h              same          same
 */
import type { GateMetric } from '../api/gate.ts'
import { parseGoDuration } from '../api/scalars.ts'
import type { GateId } from '../api/verdict.ts'
import { compilePattern } from './expression/pattern.ts'
import { ExpressionError } from './expression/syntax.ts'
import { type GatePreset, gatePresets } from './gate-presets.ts'
import { findSelectorProblem, hasMatchers, type Matcher, quoteRegex } from './gate-selector.ts'
import { hasPlaceholder } from './problem.ts'

/** Numbers of the decision. */
export interface GateThresholds {
  readonly direction: 'up' | 'down'
  readonly alpha: number
  readonly beta: number
  readonly toleranceRatio: number
  readonly toleranceExcess: number
  readonly minEvents: number
  readonly target: number
  readonly earlyPass: boolean
  readonly warmupMs: number
  /** Undefined: as the scrape interval says. */
  readonly leastTickMs?: number
}

export interface GatePlan {
  readonly gate: GateId
  /** The gate has nothing to read because no event was named. */
  readonly isNotAskedFor: boolean
  readonly version: { readonly label: string; readonly canary: string; readonly stable: string }
  readonly podLabel: string
  readonly counts: GatePreset['counts']
  /** What all series must have besides their version. */
  readonly matchers: readonly Matcher[]
  readonly requests: string
  readonly failed: string
  readonly codeLabel: string
  readonly failedCodes: string
  readonly buckets: string
  /** Of the histogram's bounds. */
  readonly unitSeconds: number
  readonly event: string
  /** Matchers leave only this workload, whatever the version: older versions of it can be found. */
  readonly hasWorkload: boolean
  readonly thresholds: GateThresholds
  readonly historyMs: number
  /** Stable's past that the gate replays itself on before its first look; 0: it does not. */
  readonly selfTestMs: number
  readonly onSelfTest: 'warn' | 'hold'
  /** Undefined: as the kind of run says. */
  readonly durationMs: number | undefined
  readonly maxHoldMs: number | undefined
  readonly onUndecided: 'pause' | 'proceed' | 'abort'
  readonly timeoutMs: number
}

export interface PlanProblem {
  readonly field: string
  readonly message: string
}

export interface PlannedGate {
  /** Meaningful only without problems. */
  readonly plan: GatePlan
  readonly problems: readonly PlanProblem[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const LONGEST_HISTORY_MS = 24 * HOUR_MS
const TICK = { least: 1000, most: 10 * MINUTE_MS }
const LONGEST_TIMEOUT_SECONDS = 300

const DEFAULTS = {
  errorRate: { direction: 'up', tolerance: 1.2, toleranceExcess: 0.001, target: 3 },
  latency: { direction: 'up', tolerance: 1.15, toleranceExcess: 0, target: 1.5 },
  events: { direction: 'down', tolerance: 0.8, toleranceExcess: 0, target: 0 },
} as const

/** Fields whose text still holds `{{args.x}}` are taken as right; the run plans again. */
export function planGate(config: GateMetric): PlannedGate {
  const problems: PlanProblem[] = []
  const add: Report = (field, message) => void problems.push({ field, message })
  const read = createReader(config, add)
  const presetId = config.preset || 'http'
  const preset = presetId === 'custom' ? undefined : gatePresets[presetId]
  const event = read.selector('event', '')
  const thresholds = readThresholds(config, read)
  const plan: GatePlan = {
    gate: config.gate,
    isNotAskedFor: config.gate === 'events' && event === '',
    version: {
      label: read.label('versionLabel', preset?.versionLabel ?? 'rollouts_pod_template_hash'),
      canary: (config.canary ?? '').trim(),
      stable: (config.stable ?? '').trim(),
    },
    podLabel: read.label('podLabel', preset?.podLabel ?? 'pod'),
    counts: preset?.counts ?? 'own',
    matchers: listMatchers(config, preset),
    requests: read.selector('requests', preset?.requests ?? ''),
    failed: read.selector('failed', ''),
    codeLabel: read.label('codeLabel', preset?.codeLabel ?? ''),
    // A block of YAML ends with a line break, which no code has.
    failedCodes: (config.failedCodes ?? '').trim() || (preset?.failedCodes ?? ''),
    buckets: read.selector('buckets', preset?.buckets ?? ''),
    unitSeconds: (config.unit || (preset?.unit ?? 'seconds')) === 'milliseconds' ? 0.001 : 1,
    event,
    hasWorkload: false,
    thresholds,
    historyMs: read.duration('history', { initial: 4 * HOUR_MS, most: LONGEST_HISTORY_MS }),
    selfTestMs: read.duration('selfTest', { initial: 0, most: LONGEST_HISTORY_MS }),
    onSelfTest: config.onSelfTest || 'warn',
    durationMs: config.duration ? read.duration('duration', { initial: 0, least: MINUTE_MS / 60 }) : undefined,
    maxHoldMs: config.maxHold ? read.duration('maxHold', { initial: 0 }) : undefined,
    onUndecided: config.onUndecided || 'pause',
    timeoutMs: 1000 * read.number('timeout', { initial: 30, least: 1, most: LONGEST_TIMEOUT_SECONDS }),
  }
  checkNames(config, plan, preset, add)
  checkTarget(config, thresholds, add)
  return { plan: { ...plan, hasWorkload: tellsWorkload(plan) }, problems }
}

type Report = (field: keyof GateMetric, message: string) => void

function readThresholds({ gate, tick }: GateMetric, read: Reader): GateThresholds {
  const { direction, tolerance, toleranceExcess, target } = DEFAULTS[gate]
  const isUp = direction === 'up'
  const ratio = isUp ? { least: 1.01, most: 100 } : { least: 0.01, most: 0.99 }
  const alpha = read.number('alpha', { initial: 1 / 300, least: 1e-9, most: 0.1 })
  const beta = read.number('beta', { initial: 1 / 3, least: 1e-9, most: 1 })
  return {
    direction,
    alpha,
    beta: read.flag('strict') ? Math.min(alpha, beta) : beta,
    toleranceRatio: read.number('tolerance', { initial: tolerance, ...ratio }),
    toleranceExcess: read.number('toleranceExcess', { initial: toleranceExcess, least: 0, most: 1 }),
    minEvents: read.number('minEvents', { initial: 5, least: 1, most: 1e6 }),
    target: read.number('target', { initial: target, least: isUp ? 1.01 : 0, most: isUp ? 1000 : 0.99 }),
    earlyPass: read.flag('earlyPass'),
    warmupMs: read.duration('warmup', { initial: MINUTE_MS }),
    ...(tick ? { leastTickMs: read.duration('tick', { initial: MINUTE_MS, ...TICK }) } : {}),
  }
}

function listMatchers(config: GateMetric, preset: GatePreset | undefined): Matcher[] {
  const { namespace = '', service = '', workload = '', match = {} } = config
  const names = preset?.labels ?? { namespace: 'namespace', service: 'service' }
  const equal = (label: string | undefined, value: string): Matcher[] =>
    label === undefined || value === '' ? [] : [{ label, op: '=', value }]
  const byPod: Matcher[] =
    workload !== '' && preset?.workloadByPod
      ? [{ label: preset.podLabel, op: '=~', value: `${quoteRegex(workload)}-[a-z0-9]+-[a-z0-9]{5}` }]
      : []
  return [
    ...equal(names.namespace, namespace),
    ...equal(names.service, service),
    ...equal(names.workload, workload),
    ...byPod,
    ...Object.keys(match)
      .sort()
      .flatMap((label) => equal(label, match[label] ?? '')),
  ]
}

function checkNames(config: GateMetric, plan: GatePlan, preset: GatePreset | undefined, add: Report): void {
  const isCustom = preset === undefined
  const name = config.preset || 'http'
  if (plan.gate !== 'latency' && !plan.isNotAskedFor && plan.requests === '')
    add('requests', 'is required with preset custom: the counter of all requests, such as app_requests_total')
  if (plan.gate === 'latency' && plan.buckets === '')
    add('buckets', 'is required with preset custom: the histogram of durations, such as app_request_seconds_bucket')
  if (plan.gate === 'errorRate') checkFailures(config, plan, isCustom, add)
  if (plan.gate === 'events' && config.event === undefined)
    add(
      'event',
      'is required: the counter of the business event, such as orders_total (an empty text asks for no gate)',
    )
  for (const field of ['service', 'workload'] as const)
    if (config[field] && !hasPlaceholder(config[field]) && !knows(preset, field))
      add(field, `preset ${name} has no label of that; use match with the label's own name`)
  checkLengths(plan, add)
  checkVersions(plan, preset, add)
}

const LONGEST_VALUE = 500
const MOST_MATCHERS = 30

/** They are part of every query and of every verdict. */
function checkLengths({ matchers, version }: GatePlan, add: Report): void {
  const tooLong = `is longer than ${LONGEST_VALUE} characters`
  if (matchers.length > MOST_MATCHERS) add('match', `has more than ${MOST_MATCHERS} labels`)
  const long = matchers.find(({ value }) => value.length > LONGEST_VALUE)
  if (long) add('match', `the value of ${long.label} ${tooLong}`)
  for (const arm of ['canary', 'stable'] as const) if (version[arm].length > LONGEST_VALUE) add(arm, tooLong)
}

/** What is put up with cannot have to be caught as well: no stage would ever pass. */
function checkTarget(config: GateMetric, { direction, target, toleranceRatio }: GateThresholds, add: Report): void {
  if (direction === 'up' ? target > toleranceRatio : target < toleranceRatio) return
  add(
    config.target === undefined ? 'tolerance' : 'target',
    `a stage passes when a ratio of ${shorten(target)} would have been caught (target), and ${shorten(toleranceRatio)} is put up with (tolerance): give a target ${direction === 'up' ? 'above' : 'below'} it`,
  )
}

const knows = (preset: GatePreset | undefined, field: 'service' | 'workload'): boolean =>
  preset === undefined
    ? field === 'service'
    : preset.labels[field] !== undefined || (field === 'workload' && preset.workloadByPod === true)

function checkFailures(config: GateMetric, plan: GatePlan, isCustom: boolean, add: Report): void {
  if (plan.failed !== '') return
  if (plan.codeLabel === '' || plan.failedCodes === '') {
    const field = plan.codeLabel === '' ? 'codeLabel' : 'failedCodes'
    if (isCustom) add(field, 'is required with preset custom, or failed: which requests are failures?')
    return
  }
  if (hasPlaceholder(plan.failedCodes)) return
  try {
    compilePattern(plan.failedCodes, 0)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    add(config.failedCodes === undefined ? 'preset' : 'failedCodes', error.message)
  }
}

/** Arms that cannot be told apart are known before any traffic is shifted. */
function checkVersions({ version, isNotAskedFor }: GatePlan, preset: GatePreset | undefined, add: Report): void {
  if (isNotAskedFor) return
  if (version.canary === '')
    add('canary', `is required: the value of ${version.label} on the canary's series, such as the argument canary-hash`)
  else if (version.canary === version.stable && !hasPlaceholder(version.canary))
    add('stable', `is the same as canary (${version.stable}): ${version.label} does not tell versions apart`)
  if (version.stable === '' && !preset?.stableIsEmpty)
    add('stable', `is required: the value of ${version.label} on stable's series, such as the argument stable-hash`)
}

/** A namespace alone holds others' workloads too. */
function tellsWorkload(plan: GatePlan): boolean {
  const selector = plan.gate === 'latency' ? plan.buckets : plan.requests
  const own = plan.matchers.filter(({ label }) => !/namespace/.test(label))
  return plan.counts === 'own' && (own.length > 0 || (hasMatchers(selector) && !/^\w+\{reporter=/.test(selector)))
}

type NumberField = 'timeout' | 'alpha' | 'beta' | 'tolerance' | 'toleranceExcess' | 'minEvents' | 'target'

interface Bounds {
  readonly initial: number
  readonly least?: number
  readonly most?: number
}

type Reader = ReturnType<typeof createReader>

function createReader(config: GateMetric, add: Report) {
  const isOpen = (value: unknown): boolean => typeof value === 'string' && hasPlaceholder(value)
  const isEmpty = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value.trim() === '')
  return {
    number(field: NumberField, { initial, least = 0, most = Number.MAX_VALUE }: Bounds): number {
      const given = config[field]
      if (isEmpty(given) || isOpen(given)) return initial
      const value = Number(given)
      if (value >= least && value <= most) return value
      add(field, `${String(given).trim()} is not within ${shorten(least)} and ${shorten(most)}`)
      return initial
    },
    duration(
      field: 'warmup' | 'tick' | 'history' | 'selfTest' | 'duration' | 'maxHold',
      { initial, least = 0, most = 7 * 24 * HOUR_MS }: Bounds,
    ) {
      const given = config[field]
      if (isEmpty(given) || isOpen(given)) return initial
      const value = parseGoDuration(given ?? '')
      if (value === undefined) add(field, `"${given}" is not a duration such as 30s, 5m or 1h30m`)
      else if (value < least || value > most)
        add(field, `${given} is not within ${shorten(least / 1000)}s and ${shorten(most / HOUR_MS)}h`)
      else return value
      return initial
    },
    flag: (field: 'strict' | 'earlyPass'): boolean => config[field] === true || config[field] === 'true',
    label(field: 'versionLabel' | 'podLabel' | 'codeLabel', initial: string): string {
      const given = config[field] || initial
      if (given !== '' && !isOpen(given) && !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(given))
        add(field, `"${given}" is not the name of a label: letters, digits and underscores, as Prometheus stores it`)
      return given
    },
    selector(field: 'requests' | 'failed' | 'buckets' | 'event', initial: string): string {
      const given = (config[field] ?? '').trim() || initial
      const problem = given === '' || isOpen(given) ? undefined : findSelectorProblem(given)
      if (problem !== undefined) add(field, problem)
      return given
    },
  }
}

const shorten = (value: number): string => String(Number(value.toPrecision(3)))
