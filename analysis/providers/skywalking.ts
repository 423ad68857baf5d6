/**
 * Apache SkyWalking's GraphQL API as a metric provider: the metric's own query over the last `interval`, whose whole data is the value, as in
 * Argo. SkyWalking reads times in its own zone; ours are UTC.
 */
import { type SkywalkingMetric, skywalkingMetricSchema } from '../../controller/api/metric-providers/skywalking.ts'
import { parseGoDuration } from '../../controller/api/scalars.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import { readGraphql } from './graphql.ts'
import { renderValue } from './json-answer.ts'
import { defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

const REQUEST_TIMEOUT_MS = 30_000
const MOST_BYTES = 4 * 1024 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'

export const skywalking = defineProvider<SkywalkingMetric>({
  id: 'skywalking',
  schema: skywalkingMetricSchema,
  prepare,
})

function prepare({ address, query = '', interval = '' }: SkywalkingMetric, { now }: ProviderContext): Preparation {
  if (!address) return { problem: 'skywalking.address is not set' }
  const intervalMs = parseGoDuration(interval) ?? 0
  if (intervalMs <= 0) return { problem: `skywalking.interval: "${interval}" is not a positive duration such as 5m` }
  const duration = { start: renderMinute(now - intervalMs), end: renderMinute(now), step: 'MINUTE' }
  return {
    request: {
      method: 'POST',
      url: `${address.replace(/\/+$/, '')}/graphql`,
      headers: { Accept: JSON_TYPE, 'Content-Type': JSON_TYPE },
      body: JSON.stringify({ query, variables: { duration } }),
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'skywalking',
    },
    metadata: {},
    parse,
  }
}

/** `2026-01-01 0930` */
const renderMinute = (epochMs: number): string => {
  const [date = '', time = ''] = new Date(epochMs).toISOString().split('T')
  return `${date} ${time.slice(0, 5).replace(':', '')}`
}

function parse(response: HttpResponse): ProviderOutcome {
  const answer = readGraphql(response)
  if ('problem' in answer) return { kind: 'error', message: `skywalking: ${answer.problem}` }
  const { data } = answer
  if (data === null) return { kind: 'noData', why: 'no results returned from SkyWalking query' }
  return { kind: 'sample', value: data, text: renderValue(data) }
}
