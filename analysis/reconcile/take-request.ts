/** Takes a measurement from a provider that answers one request. Every failure becomes a measurement; a cancelled request leaves nothing. */
import type { Metric } from '../../controller/api/analysis.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../controller/runtime/http.ts'
import type { PreparedExchange, ProviderModule, ProviderOutcome } from '../providers/provider.ts'
import type { Taking } from './deps.ts'
import { hideFrom, maskAll, renderMeasurement, type Taken } from './render-measurement.ts'
import { readProviderSecret } from './secrets.ts'

/** Without times. Undefined when the request was cancelled. Throws KubeError when the API server has no answer about a Secret. */
export async function takeRequest(
  provider: ProviderModule,
  metric: Metric,
  config: unknown,
  taking: Taking,
): Promise<Taken | undefined> {
  const { world, deps, mask, signal } = taking
  const settings = deps.config.providers ?? {}
  const fail = (message: string): Taken => ({
    measurement: renderMeasurement({ kind: 'error', message }, metric, world.mode, mask),
    metadata: {},
  })
  const wish = provider.secretOf?.(config, settings)
  const secret = wish && (await readProviderSecret(wish, world.run, deps))
  if (secret && 'problem' in secret) return fail(secret.problem)
  const prepared = provider.prepare(config, {
    mode: world.mode,
    now: deps.clock.now(),
    prometheusAddress: deps.config.prometheusAddress,
    settings,
    ...(secret === undefined ? {} : { secret: secret.values }),
  })
  if ('problem' in prepared) return fail(prepared.problem)
  const hidden: string[] = []
  const outcome = await exchange(prepared, taking, (credential) => hidden.push(credential))
  if (!outcome || signal.aborted) return undefined
  return {
    measurement: renderMeasurement(outcome, metric, world.mode, hideFrom(mask, hidden)),
    metadata: maskAll(prepared.metadata, mask),
  }
}

async function exchange(
  { request, auth, fallback, parse }: PreparedExchange,
  { deps, signal }: Taking,
  hide: (credential: string) => void,
): Promise<ProviderOutcome | undefined> {
  const send = (one: HttpRequest): Promise<HttpResponse> => deps.authorized.send(one, auth, { signal, hide })
  try {
    const response = await send(request)
    const other = fallback?.(response)
    return parse(other ? await send(other) : response)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    return error.kind === 'cancelled' ? undefined : { kind: 'error', message: error.message }
  }
}
