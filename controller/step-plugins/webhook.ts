/**
 * `penstock/webhook`: tells another system of the step and takes its verdict, at once or by being asked again. What is neither a verdict nor a
 * request to wait is an Error, never a success. Raw text of the other side is not shown: the URL is a tenant's, the request is ours.
 *
 *   answer                                             means
 *   passes `failure`                                   Failed
 *   passes `success`                                   Successful
 *   202                                                Running
 *   2xx with {"phase": ...}                            that phase
 *   2xx without, tests are configured                  Running
 *   2xx without, no tests · 3xx · 4xx · 5xx · none     Error
 */
import { type AnswerTest, stepPluginSchemas, type WebhookConfig } from '../api/step-plugin-config.ts'
import { answerPhases, LONGEST_RESULT_MESSAGE, type StepAnswer } from '../api/step-result.ts'
import type { Value } from '../metric-language/expression/syntax.ts'
import type { HttpRequest, HttpResponse } from '../runtime/http.ts'
import { definePlugin, type StepCall, type StepPorts } from './plugin.ts'
import { passesTest } from './value-test.ts'

const DEFAULT_TIMEOUT_SECONDS = 10
const MOST_BYTES = 256 * 1024
/** Headers that frame the message or identify the call are ours. */
const RESERVED = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'idempotency-key',
])

export const webhook = definePlugin<WebhookConfig>({
  id: 'penstock/webhook',
  schema: stepPluginSchemas['penstock/webhook'],
  run: ask,
  terminate: tell,
  abort: tell,
})

async function ask(call: StepCall<WebhookConfig>, ports: StepPorts, signal: AbortSignal): Promise<StepAnswer> {
  const response = await ports.http.send(renderRequest(call, await readHeaders(call, ports)), signal)
  return parseVerdict(call.config, response)
}

/** The other side is told of the end; what counts is that it has heard. */
async function tell(call: StepCall<WebhookConfig>, ports: StepPorts, signal: AbortSignal): Promise<StepAnswer> {
  const { status } = await ports.http.send(renderRequest(call, await readHeaders(call, ports)), signal)
  return status >= 200 && status <= 299 ? { phase: 'Successful' } : { phase: 'Error', message: `answered ${status}` }
}

async function readHeaders(
  { config, rollout }: StepCall<WebhookConfig>,
  { readSecret }: StepPorts,
): Promise<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {}
  for (const { key, value, valueFrom } of config.headers ?? []) {
    if (RESERVED.has(key.toLowerCase())) continue
    const ref = valueFrom?.secretKeyRef
    headers[key] = ref ? await readSecret(rollout.metadata.namespace ?? '', ref.name, ref.key) : (value ?? '')
  }
  return headers
}

export function renderRequest(call: StepCall<WebhookConfig>, headers: Readonly<Record<string, string>>): HttpRequest {
  const { config } = call
  return {
    method: config.method ?? 'POST',
    url: config.url,
    headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': call.key },
    body: JSON.stringify(renderBody(call)),
    timeoutMs: (config.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    maxBytes: MOST_BYTES,
    target: 'step-webhook',
    ...(config.insecure ? { tls: { insecure: true } } : {}),
  }
}

function renderBody({ operation, key, purpose, config, rollout, step }: StepCall<WebhookConfig>) {
  const { name, namespace, uid } = rollout.metadata
  return {
    id: operation,
    request: key,
    operation: purpose,
    rollout: { name, namespace, uid },
    revision: step.revision,
    podTemplateHash: { latest: step.podHash, stable: rollout.status?.stableRS },
    step: { index: step.index, startedAt: step.startedAt },
    weight: rollout.status?.canary?.weights?.canary.weight,
    payload: config.payload,
  }
}

/** Total: hostile and broken answers become an Error, never a throw for their content. */
export function parseVerdict(config: WebhookConfig, { status, body }: HttpResponse): StepAnswer {
  const document = readJson(body)
  const message = describe(document, status)
  const wish = config.pollSeconds === undefined ? {} : { afterSeconds: config.pollSeconds }
  if (passes(config.failure, status, document)) return { phase: 'Failed', message }
  if (passes(config.success, status, document)) return { phase: 'Successful', message }
  if (status === 202) return { phase: 'Running', message, ...wish }
  if (status < 200 || status > 299) return { phase: 'Error', message: `answered ${status}` }
  const said = fieldOf(document, 'phase')
  const phase = answerPhases.find((one) => one === said)
  if (phase) return { phase, message, ...(phase === 'Running' ? wish : {}) }
  const hasTests = config.success !== undefined || config.failure !== undefined
  if (said === undefined && hasTests) return { phase: 'Running', message, ...wish }
  return { phase: 'Error', message: `answered ${status} without a phase that is one of ${answerPhases.join(', ')}` }
}

/** A test without status codes looks at 2xx answers only. */
function passes(test: AnswerTest | undefined, status: number, document: Value | undefined): boolean {
  if (!test) return false
  const fits = test.statusCodes ? test.statusCodes.includes(status) : status >= 200 && status <= 299
  if (!fits || test.jsonPath === undefined) return fits
  return document !== undefined && passesTest({ ...test, jsonPath: test.jsonPath }, document)
}

function readJson(body: string): Value | undefined {
  try {
    return JSON.parse(body) as Value
  } catch {
    return undefined
  }
}

function describe(document: Value | undefined, status: number): string {
  const message = fieldOf(document, 'message')
  return typeof message === 'string' && message !== '' ? message.slice(0, LONGEST_RESULT_MESSAGE) : `answered ${status}`
}

function fieldOf(document: Value | undefined, field: string): Value | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined
  return Object.hasOwn(document, field) ? (document as Readonly<Record<string, Value>>)[field] : undefined
}
