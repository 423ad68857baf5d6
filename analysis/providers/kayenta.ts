/**
 * A canary analysis of Spinnaker's Kayenta as a measurement: started once, and asked for its score until it is complete. The score alone decides, as
 * in Argo; conditions have no say. A start is written down before it is sent, and what Kayenta lists is looked through first, so that a controller
 * that was cut short in between finds the analysis it had started.
 *
 *   open measurement knows      look
 *   nothing                     finds the canary config
 *   the config                  finds the execution of just this request, or starts one
 *   the execution               asks for the score
 */
import { z } from 'zod'
import { type KayentaMetric, kayentaMetricSchema } from '../../controller/api/metric-providers/kayenta.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../controller/runtime/http.ts'
import { readShape } from './json-answer.ts'
import { type CanaryRequest, executionsSchema, isExecutionOf, renderCanaryRequest } from './kayenta-request.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from './long-provider.ts'
import { boundText } from './provider.ts'

/** Key of a measurement's metadata; Argo's. */
const CANARY_EXECUTION_ID = 'canaryExecutionId'
const CANARY_CONFIG_ID = 'canaryConfigId'
/** Starts or polls in a row that had no answer. */
const LOST_ANSWERS = 'lostAnswers'

const RESUME_DELAY_MS = 15_000
const REQUEST_TIMEOUT_MS = 15_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_LOST_ANSWERS = 4
const LISTED_EXECUTIONS = '10'

interface Look {
  readonly config: KayentaMetric
  readonly order: LookOrder
  readonly ports: LookPorts
  /** Of the open measurement. */
  readonly known: Readonly<Record<string, string>>
}

export const kayenta: LongProviderModule = {
  id: 'kayenta',
  async look(order, ports) {
    const parsed = kayentaMetricSchema.safeParse(order.config)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return { kind: 'error', message: `kayenta.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
    }
    const known = order.open?.metadata ?? {}
    const look: Look = { config: parsed.data, order, ports, known }
    if (known[CANARY_EXECUTION_ID]) return await readScore(look, known[CANARY_EXECUTION_ID])
    if (known[CANARY_CONFIG_ID]) return await start(look, known[CANARY_CONFIG_ID])
    return await findConfig(look)
  },
}

const fail = ({ known }: Look, message: string): LookOutcome => ({
  kind: 'error',
  message: `kayenta: ${boundText(message)}`,
  ...(Object.keys(known).length === 0 ? {} : { metadata: known }),
})

const running = ({ order }: Look, metadata: Readonly<Record<string, string>>, delayMs: number): LookOutcome => ({
  kind: 'running',
  resumeAt: order.now + delayMs,
  metadata,
})

/** `path` below the address, with parameters. */
function renderRequest({ config }: Look, path: string, parameters: Readonly<Record<string, string>> = {}): HttpRequest {
  const query = new URLSearchParams(parameters).toString()
  return {
    method: 'GET',
    url: `${config.address.replace(/\/+$/, '')}${path}${query === '' ? '' : `?${query}`}`,
    timeoutMs: REQUEST_TIMEOUT_MS,
    maxBytes: MOST_BYTES,
    target: 'kayenta',
  }
}

const configsSchema = z.array(z.looseObject({ id: z.string(), name: z.string().nullish() }))

/** Argo asks with the name of the storage account, which is right only where both accounts are one. */
async function findConfig(look: Look): Promise<LookOutcome> {
  const { config, order, ports } = look
  const { application, storageAccountName, configurationAccountName, canaryConfigName } = config
  const account = order.mode === 'argo' ? storageAccountName : configurationAccountName
  const response = await ports.send(
    renderRequest(look, '/canaryConfig', { application, configurationAccountName: account }),
  )
  if (response.status !== 200) return fail(look, `Invalid Response: HTTP ${response.status}`)
  const configs = readShape(configsSchema, response.body)
  if (!configs) return fail(look, 'the answer is no list of canary configs')
  const found = configs.find(({ name }) => name === canaryConfigName)
  if (!found?.id) return fail(look, 'Canary config not found')
  return running(look, { [CANARY_CONFIG_ID]: found.id }, 0)
}

async function start(look: Look, canaryConfigId: string): Promise<LookOutcome> {
  const { config, order, ports } = look
  const request = renderCanaryRequest(config, {
    measurementStartedAt: parseInstant(order.open?.startedAt) ?? order.now,
    runStartedAt: order.run.startedAt ?? order.run.createdAt,
    interval: order.metric.interval,
  })
  if ('problem' in request) return fail(look, request.problem)
  const started = await findStarted(look, canaryConfigId, request)
  if (started !== undefined) return follow(look, canaryConfigId, started)
  const { application, metricsAccountName, configurationAccountName, storageAccountName } = config
  const parameters = { application, metricsAccountName, configurationAccountName, storageAccountName }
  const response = await sendOrLose(look, () =>
    ports.send({
      ...renderRequest(look, `/canary/${encodeURIComponent(canaryConfigId)}`, parameters),
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
    }),
  )
  if ('kind' in response) return response
  if (response.status !== 200) return fail(look, `Invalid Response: HTTP ${response.status}`)
  const id = readShape(z.looseObject({ canaryExecutionId: z.string().min(1) }), response.body)?.canaryExecutionId
  return id === undefined ? fail(look, 'Invalid canaryExecutionId') : follow(look, canaryConfigId, id)
}

const follow = (look: Look, canaryConfigId: string, id: string): LookOutcome =>
  running(look, { [CANARY_CONFIG_ID]: canaryConfigId, [CANARY_EXECUTION_ID]: id }, RESUME_DELAY_MS)

/** Undefined when there is none, and when Kayenta does not tell: then it is started, for the second time at worst. */
async function findStarted(look: Look, canaryConfigId: string, request: CanaryRequest): Promise<string | undefined> {
  const { application, storageAccountName } = look.config
  const parameters = { application, limit: LISTED_EXECUTIONS, storageAccountName }
  const response = await look.ports
    .send(renderRequest(look, '/canary/executions', parameters))
    .catch((error: unknown) => {
      if (error instanceof TransportError && error.kind !== 'cancelled') return undefined
      throw error
    })
  if (response?.status !== 200) return undefined
  return readShape(executionsSchema, response.body)?.find((execution) =>
    isExecutionOf(execution, canaryConfigId, request),
  )?.pipelineId
}

/** An answer that was lost may have done its work: it is asked again, a few times. Argo gives up at once. */
async function sendOrLose(look: Look, send: () => Promise<HttpResponse>): Promise<HttpResponse | LookOutcome> {
  try {
    const response = await send()
    return response.status >= 500 && look.order.mode === 'strict' ? lose(look, `HTTP ${response.status}`) : response
  } catch (error) {
    const isLost = error instanceof TransportError && (error.kind === 'timeout' || error.kind === 'network')
    if (!isLost || look.order.mode === 'argo') throw error
    return lose(look, error.message)
  }
}

function lose(look: Look, why: string): LookOutcome {
  const lost = Number(look.known[LOST_ANSWERS] ?? 0) + 1
  if (lost > MOST_LOST_ANSWERS) return fail(look, why)
  return running(look, { ...look.known, [LOST_ANSWERS]: String(lost) }, RESUME_DELAY_MS)
}

const statusSchema = z.looseObject({
  complete: z.boolean().optional(),
  status: z.string().nullish(),
  result: z
    .looseObject({
      judgeResult: z
        .looseObject({
          score: z.looseObject({ score: z.number() }).nullish(),
          results: z.array(z.looseObject({ classification: z.string().nullish() })).nullish(),
        })
        .nullish(),
    })
    .nullish(),
})
type Status = z.infer<typeof statusSchema>

async function readScore(look: Look, id: string): Promise<LookOutcome> {
  const { ports, known } = look
  const response = await sendOrLose(look, () => ports.send(renderRequest(look, `/canary/${encodeURIComponent(id)}`)))
  if ('kind' in response) return response
  if (response.status !== 200) return fail(look, `Invalid Response: HTTP ${response.status}`)
  const status = readShape(statusSchema, response.body)
  if (!status) return fail(look, 'the answer is no canary execution')
  if (status.complete === undefined) return fail(look, 'Missing Complete Status')
  const { [LOST_ANSWERS]: _none, ...ids } = known
  if (!status.complete) return running(look, ids, RESUME_DELAY_MS)
  return judge(look, status, ids)
}

function judge(look: Look, { status, result }: Status, metadata: Readonly<Record<string, string>>): LookOutcome {
  const { score, results } = result?.judgeResult ?? {}
  if (!score) return fail(look, `Missing Score${status ? `: the execution is ${status}` : ''}`)
  if (look.order.mode === 'strict' && results && results.length > 0 && results.every(hasNoVerdict))
    return { kind: 'noData', why: 'Kayenta could classify none of the metrics', metadata }
  const { pass, marginal } = look.config.threshold
  const whole = Math.trunc(score.score)
  const phase = whole >= pass ? 'Successful' : whole >= marginal ? 'Inconclusive' : 'Failed'
  return { kind: 'decided', phase, value: String(whole), metadata }
}

/** Kayenta gives a group of only these 100 points. */
const hasNoVerdict = ({ classification }: { readonly classification?: string | null | undefined }): boolean =>
  classification === 'Nodata' || classification === 'Error'
