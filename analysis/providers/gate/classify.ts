/**
 * What a scraped series is to a gate: of which version and pod, and what it counts. Decided by labels alone. A series of neither version is left
 * out; what sets one series of a pod apart from the others becomes its detail, for people and to tell copies from counters.
 */
import { compilePattern } from '../../../controller/metric-language/expression/pattern.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { digestText } from '../../domain/gates/digest.ts'
import type { Arm, SeriesRole } from '../../domain/gates/samples.ts'

/** What was asked for. */
export type Purpose = 'requests' | 'failed' | 'buckets' | 'event'

export interface SeriesIdentity {
  readonly arm: Arm
  readonly pod: string
  readonly role: SeriesRole
  readonly le?: number
  /** `503 POST /checkout` */
  readonly detail: string
  /** With whatever else was counted apart, by name: equal for two series only if they count the same. */
  readonly fullDetail: string
  readonly codeless?: true
}

export type Classify = (labels: Readonly<Record<string, string>>, isNative: boolean) => SeriesIdentity | undefined

/** Labels of where a sample was scraped, not of what was counted: two series that differ in nothing else count the same. */
const TARGET_LABELS = [
  '__name__',
  'le',
  'instance',
  'job',
  'endpoint',
  'container',
  'namespace',
  'service',
  'node',
  'prometheus',
]
/** Stores that hold the samples of several Prometheus call them by a label of their own: `thanos_replica`, `__replica__`. */
const REPLICA_LABEL = /replica/
const METHODS = ['method', 'http_request_method', 'http_method', 'request_method', 'grpc_method', 'rpc_method']
const ROUTES = ['route', 'http_route', 'handler', 'path', 'uri', 'grpc_service', 'rpc_service']
const LONGEST_DETAIL = 120

type Plan = Pick<
  GatePlan,
  'version' | 'podLabel' | 'counts' | 'codeLabel' | 'failedCodes' | 'failed' | 'unitSeconds' | 'gate'
>

/** `matched`: labels that all series have in common. */
export function createClassifier(plan: Plan, purpose: Purpose, matched: readonly string[]): Classify {
  const { version, podLabel, counts } = plan
  const isFailed = purpose === 'requests' ? createCodeTest(plan) : () => false
  const ignored = new Set([...TARGET_LABELS, ...matched, version.label, podLabel])
  const needsCode = purpose === 'requests' && plan.gate === 'errorRate' && plan.failed === ''
  return (labels, isNative) => {
    const arm = armOf(labels[version.label] ?? '', version)
    if (arm === undefined) return undefined
    const scraped = labels[podLabel] || labels.instance || version[arm]
    const role = roleOf(purpose, isNative, isFailed(labels[plan.codeLabel] ?? ''))
    return {
      arm,
      // A proxy counts for both versions: its halves are told apart as two pods are.
      pod: counts === 'proxied' ? `${scraped} (${arm})` : scraped,
      role,
      ...(role === 'bucket' ? { le: readBound(labels.le ?? '', plan.unitSeconds) } : {}),
      ...(needsCode && !labels[plan.codeLabel] ? { codeless: true } : {}),
      ...renderDetail(labels, plan.codeLabel, ignored),
    }
  }
}

const armOf = (value: string, { canary, stable }: Plan['version']): Arm | undefined =>
  value === canary ? 'canary' : value === stable ? 'stable' : undefined

function createCodeTest({ codeLabel, failedCodes, failed }: Plan): (code: string) => boolean {
  if (codeLabel === '' || failedCodes === '' || failed !== '') return () => false
  // Codes are few, and a compiled pattern holds a hundred kilobytes: it is not kept between two of them.
  const known = new Map<string, boolean>()
  return (code) => {
    const before = known.get(code)
    if (before !== undefined) return before
    const answer = compilePattern(`^(?:${failedCodes})$`, 0).isFoundIn(code)
    known.set(code, answer)
    return answer
  }
}

/** A counter of failures beside that of all requests is counted like an event: its requests are already among the others. */
function roleOf(purpose: Purpose, isNative: boolean, isFailure: boolean): SeriesRole {
  if (purpose === 'buckets') return isNative ? 'native' : 'bucket'
  if (purpose === 'requests') return isFailure ? 'failed' : 'requests'
  return 'events'
}

/** Seconds; the digits that scaling adds are cut, so that equal bounds are equal numbers. */
export const readBound = (le: string, unitSeconds: number): number =>
  le === '+Inf' ? Number.POSITIVE_INFINITY : Number((Number(le) * unitSeconds).toPrecision(12))

function renderDetail(
  labels: Readonly<Record<string, string>>,
  codeLabel: string,
  ignored: ReadonlySet<string>,
): Pick<SeriesIdentity, 'detail' | 'fullDetail'> {
  const known = [codeLabel, ...METHODS, ...ROUTES]
  const words = known.flatMap((name) => (labels[name] ? [labels[name]] : []))
  const others = Object.keys(labels)
    .filter((name) => !ignored.has(name) && !known.includes(name) && !REPLICA_LABEL.test(name))
    .sort()
    .map((name) => `${name}=${labels[name] ?? ''}`)
  return { detail: shorten(words.join(' ')), fullDetail: shorten([...words, ...others].join(' ')) }
}

/** How a counter of a pod is called. */
export type Naming = (identity: Pick<SeriesIdentity, 'arm' | 'pod' | 'role' | 'le' | 'detail' | 'fullDetail'>) => string

/** In short, unless that is the name of another one of the pod already. */
export function createNaming(): Naming {
  const owners = new Map<number, number>()
  return ({ arm, pod, role, le, detail, fullDetail }) => {
    const name = digestText(`${arm}\n${pod}\n${role}\n${le ?? ''}\n${detail}`)
    const counted = digestText(fullDetail)
    const owner = owners.get(name) ?? counted
    owners.set(name, owner)
    return owner === counted ? detail : fullDetail
  }
}

/** What is cut keeps a hash, so that different texts stay different. */
const shorten = (text: string): string =>
  text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL - 9)}…${hash(text)}` : text

/** FNV-1a. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}
