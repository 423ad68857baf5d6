/**
 * Amazon CloudWatch as a metric provider: one GetMetricData, signed as the controller's own AWS identity. The result is the list of AWS'
 * MetricDataResults, as in Argo: conditions read `result[0].Values[0]`.
 *
 *   result of a query            strict      compat
 *   without values               no data     an empty list
 *   NaN or infinite              no data     itself
 *   StatusCode not Complete      an error    as it is
 */
import { z } from 'zod'
import {
  type CloudWatchMetric,
  cloudWatchMetricSchema,
  type MetricDataQuery,
} from '../../controller/api/metric-providers/cloud-watch.ts'
import { type IntOrString, parseGoDuration } from '../../controller/api/scalars.ts'
import { readInt } from '../../controller/metric-language/analysis-metric.ts'
import { checkCloudWatch } from '../../controller/metric-language/provider-rules/cloud-watch.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { formatShort } from './go-number.ts'
import { readShape } from './json-answer.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

const DEFAULT_INTERVAL_MS = 300_000
const TIMEOUT_MS = 30_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_VALUES = 10_000

/** What addresses end with, by how a region's name begins. */
const DOMAINS: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['eusc-', 'amazonaws.eu'],
  ['', 'amazonaws.com'],
]

export const cloudWatch = defineProvider<CloudWatchMetric>({
  id: 'cloudWatch',
  schema: cloudWatchMetricSchema,
  prepare,
})

function prepare(config: CloudWatchMetric, { now, mode, settings }: ProviderContext): Preparation {
  const [problem] = checkCloudWatch(config, 'cloudWatch')
  if (problem) return { problem: `${problem.field}: ${problem.message}` }
  const region = settings?.aws?.region
  if (!region) return { problem: 'cloudWatch: the controller has no region; set AWS_REGION in its environment' }
  const intervalMs = config.interval ? (parseGoDuration(config.interval) ?? 0) : DEFAULT_INTERVAL_MS
  const endpoint = settings?.aws?.endpoint ?? `https://monitoring.${region}.${domainOf(region)}`
  return {
    request: {
      method: 'POST',
      url: `${endpoint.replace(/\/+$/, '')}/`,
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': 'GraniteServiceVersion20100801.GetMetricData',
      },
      body: JSON.stringify({
        StartTime: (now - intervalMs) / 1000,
        EndTime: now / 1000,
        MetricDataQueries: config.metricDataQueries.map(renderQuery),
      }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'cloudWatch',
    },
    auth: { kind: 'sigv4', service: 'monitoring', region, profile: undefined, roleArn: undefined },
    metadata: {},
    parse: (response) => parse(response, mode),
  }
}

const domainOf = (region: string): string => DOMAINS.find(([start]) => region.startsWith(start))?.[1] ?? ''

/** Undefined fields are left out by JSON. */
const renderQuery = ({ id, expression, label, metricStat, period, returnData }: MetricDataQuery): object => ({
  Id: id,
  Expression: expression,
  Label: label,
  MetricStat: metricStat && {
    Metric: {
      Namespace: metricStat.metric?.namespace,
      MetricName: metricStat.metric?.metricName,
      Dimensions: metricStat.metric?.dimensions?.map(({ name, value }) => ({ Name: name, Value: value })),
    },
    Period: readPeriod(metricStat.period),
    Stat: metricStat.stat,
    Unit: metricStat.unit || undefined,
  },
  Period: readPeriod(period),
  ReturnData: returnData,
})

const readPeriod = (period: IntOrString | undefined): number | undefined => readInt(period)

/** AWS writes what JSON has no number for as a text. */
const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform((text) => Number(text))])
const message = z.looseObject({ Code: z.string().optional(), Value: z.string().optional() })
const answerSchema = z.looseObject({
  MetricDataResults: z.array(
    z.looseObject({
      Id: z.string().default(''),
      Label: z.string().default(''),
      StatusCode: z.string().default(''),
      Timestamps: z.array(z.number()).default([]),
      Values: z.array(double).default([]),
      Messages: z.array(message).default([]),
    }),
  ),
  Messages: z.array(message).default([]),
  NextToken: z.string().optional(),
})
type Answer = z.infer<typeof answerSchema>
type Result = Answer['MetricDataResults'][number]

const fail = (text: string): ProviderOutcome => ({ kind: 'error', message: `cloudWatch: ${text}` })

function parse(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  if (response.status !== 200) return fail(renderRefusal(response))
  const answer = readShape(answerSchema, response.body)
  if (!answer) return fail('the answer is not that of GetMetricData')
  const metadata = answer.Messages.length === 0 ? {} : { metadata: { messages: renderMessages(answer) } }
  const results = answer.MetricDataResults
  if (results.reduce((sum, { Values }) => sum + Values.length, 0) > MOST_VALUES)
    return fail(`the queries return more than ${MOST_VALUES} values`)
  if (mode === 'strict') {
    const gap = findGap(answer)
    if (gap) return { ...gap, ...metadata }
  }
  const text = results.map(({ Values }) => `[${Values.map(formatShort).join(' ')}]`).join(' ')
  return { kind: 'sample', value: results.map(renderResult), text: boundText(`[${text}]`), ...metadata }
}

/** What keeps an answer from being judged. */
function findGap({ MetricDataResults: results, NextToken }: Answer): ProviderOutcome | undefined {
  const unfinished = results.find(({ StatusCode }) => StatusCode !== 'Complete' && StatusCode !== '')
  if (unfinished)
    return fail(`the data of query "${boundText(unfinished.Id, 50)}" is ${boundText(unfinished.StatusCode, 50)}`)
  if (NextToken) return fail('the answer has more pages; ask for less')
  const empty = results.find(({ Values }) => Values.length === 0)
  if (empty) return { kind: 'noData', why: `query "${boundText(empty.Id, 50)}" returns no values` }
  const broken = results.find(({ Values }) => !Values.every(Number.isFinite))
  return broken && { kind: 'noData', why: `query "${boundText(broken.Id, 50)}" returns a value that is no number` }
}

const renderResult = ({ Id, Label, StatusCode, Timestamps, Values, Messages }: Result) => ({
  Id,
  Label,
  StatusCode,
  Timestamps,
  Values,
  Messages: Messages.map(({ Code = '', Value = '' }) => ({ Code, Value })),
})

const renderMessages = ({ Messages }: Answer): string =>
  boundText(Messages.map(({ Code = '', Value = '' }) => `${Code}: ${Value}`).join('; '))

const refusalSchema = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
})

/** AWS' words on a wrong query help; those on rights quote the controller's identity. */
function renderRefusal({ status, body }: HttpResponse): string {
  const refusal = readShape(refusalSchema, body)
  const code = /(?:^|#)(\w{1,80})$/.exec(refusal?.__type ?? '')?.[1]
  if (!refusal || code === undefined) return `HTTP ${status}`
  const words = refusal.message ?? refusal.Message ?? ''
  const isOfQuery = /^(Invalid|Missing|Validation)/.test(code) && words !== ''
  return isOfQuery ? `HTTP ${status}, ${code}: ${boundText(words, 300)}` : `HTTP ${status}, ${code}`
}
