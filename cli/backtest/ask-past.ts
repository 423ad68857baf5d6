/**
 * How a backtest asks Prometheus: as a gate or a metric does, at one address for all of them, and only with credentials that need no token of somebody
 * else's.
 */
import { z } from 'zod'
import { readAuthentication } from '../../analysis/providers/authentication.ts'
import { askSamples, type PrometheusAccess, renderQuestion } from '../../analysis/providers/gate/ask-prometheus.ts'
import { type RawSeries, readMatrix } from '../../analysis/providers/gate/matrix.ts'
import type { Ask } from '../../analysis/providers/gate/samples-of-run.ts'
import { readShape } from '../../analysis/providers/json-answer.ts'
import { boundText } from '../../analysis/providers/provider.ts'
import { CliError } from '../cli-error.ts'
import type { Send } from './cached-send.ts'
import type { CompiledGate } from './compile-gates.ts'
import type { CompiledMetric } from './compile-metrics.ts'

/** Throws CliError where requests would have to be signed. */
export function createAsk({ config, plan, gate }: CompiledGate, address: string, send: Send): Ask {
  const access = accessOf(gate.name, config, { address, timeoutMs: plan.timeoutMs, path: 'penstock/gate' })
  return (window) => askSamples(access, window, send)
}

/** A query at every step of a range, both ends included. Throws CliError with the query when there is no whole answer. */
export type AskRange = (query: string, range: TimeRange) => Promise<readonly RawSeries[]>

/** Epoch milliseconds. */
export interface TimeRange {
  readonly from: number
  readonly to: number
  readonly stepMs: number
}

/** `scalar`, `vector`, `matrix` or `string`. */
export type AskKind = (query: string, at: number) => Promise<{ readonly kind: string } | { readonly problem: string }>

const TIMEOUT_MS = 30_000

/** Throws CliError where requests would have to be signed, or the address is none. */
export function createMetricAsk(
  { name, config }: CompiledMetric,
  address: string,
  send: Send,
): { readonly samples: Ask; readonly range: AskRange; readonly kind: AskKind } {
  const access = accessOf(name, config, {
    address,
    timeoutMs: (config.timeout ?? 0) * 1000 || TIMEOUT_MS,
    path: 'prometheus',
  })
  const ask = async (endpoint: 'query' | 'query_range', form: Readonly<Record<string, string>>) => {
    const request = renderQuestion(access, endpoint, form)
    if (!request) throw new CliError(`--prometheus ${address} is not an http or https URL`, 2)
    return await send(request)
  }
  return {
    samples: (window) => askSamples(access, window, send),
    async range(query, { from, to, stepMs }) {
      const times = { start: String(from / 1000), end: String(to / 1000), step: String(stepMs / 1000) }
      const reading = readMatrix(await ask('query_range', { query, ...times }))
      if ('problem' in reading)
        throw new CliError(`${name}: prometheus: ${reading.problem}; query: ${boundText(query)}`)
      return reading.series
    },
    async kind(query, at) {
      const answer = readShape(answerSchema, (await ask('query', { query, time: String(at / 1000) })).body)
      if (answer?.data) return { kind: answer.data.resultType }
      return { problem: `prometheus: ${boundText(answer?.error ?? 'the answer is not that of a Prometheus API')}` }
    },
  }
}

const answerSchema = z.looseObject({
  error: z.string().optional(),
  data: z.looseObject({ resultType: z.string() }).optional(),
})

function accessOf(
  name: string,
  config: PrometheusAccess['config'],
  { address, timeoutMs, path }: { readonly address: string; readonly timeoutMs: number; readonly path: string },
): PrometheusAccess {
  const authentication = readAuthentication(config.authentication, { path, service: 'aps' })
  if ('problem' in authentication || authentication.auth !== undefined)
    throw new CliError(
      `${name}: requests are not signed here: give an address that asks for no signature with --prometheus, and leave out authentication`,
    )
  return { config, address, timeoutMs, auth: undefined }
}
