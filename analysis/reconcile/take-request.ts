/** Takes a measurement from a provider that answers one request. Every failure becomes a measurement; a cancelled request leaves nothing. */
import type { Metric } from '../../controller/api/analysis.ts'
import { type HttpResponse, TransportError } from '../../controller/runtime/http.ts'
import type { PreparedExchange, ProviderModule, ProviderOutcome } from '../providers/provider.ts'
import { authorize } from './authorize.ts'
import type { Taking } from './deps.ts'
import { maskAll, renderMeasurement, type Taken } from './render-measurement.ts'
import { readProviderSecret } from './secrets.ts'

/** Without times. Undefined when the request was cancelled. Throws KubeError when the API server has no answer about a Secret. */
export async function takeRequest(
  provider: ProviderModule,
  metric: Metric,
  config: unknown,
  taking: Taking,
): Promise<Taken | undefined> {
  const { world, deps, mask, signal } = taking
  const wish = provider.secretOf?.(config)
  const secret = wish && (await readProviderSecret(wish, world.run, deps))
  const prepared = provider.prepare(config, {
    mode: world.mode,
    now: deps.clock.now(),
    prometheusAddress: deps.config.prometheusAddress,
    ...(secret === undefined ? {} : { secret }),
  })
  const fail = (message: string): Taken => ({
    measurement: renderMeasurement({ kind: 'error', message }, metric, world.mode, mask),
    metadata: {},
  })
  if ('problem' in prepared) return fail(prepared.problem)
  const outcome = await exchange(prepared, taking)
  if (!outcome || signal.aborted) return undefined
  return {
    measurement: renderMeasurement(outcome, metric, world.mode, mask),
    metadata: maskAll(prepared.metadata, mask),
  }
}

async function exchange(
  { request, auth, parse }: PreparedExchange,
  { deps, signal }: Taking,
): Promise<ProviderOutcome | undefined> {
  const authorized = authorize(request, auth)
  if ('problem' in authorized) return { kind: 'error', message: authorized.problem }
  let response: HttpResponse
  try {
    response = await deps.http.send(authorized.request, signal)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    return error.kind === 'cancelled' ? undefined : { kind: 'error', message: error.message }
  }
  return parse(response)
}
