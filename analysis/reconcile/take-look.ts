/**
 * Looks at a measurement of a provider that is asked until it knows. What it cannot be told (no answer from the other side) is an error of this
 * measurement; a cancelled look leaves the measurement as it was.
 */
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import { formatInstant, parseInstant } from '../../controller/api/scalars.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { TransportError } from '../../controller/runtime/http.ts'
import type { LongProviderModule, LookOutcome, LookPorts } from '../providers/long-provider.ts'
import type { Taking } from './deps.ts'
import { hideFrom, renderMeasurement, renderOwn, type Taken } from './render-measurement.ts'
import { readProviderSecret } from './secrets.ts'

/** With `resumeAt` while it goes on, without other times. Undefined when the look was cancelled. */
export async function takeLook(
  provider: LongProviderModule,
  metric: Metric,
  config: unknown,
  taking: Taking,
  open: Measurement | undefined,
): Promise<Taken | undefined> {
  const { world, deps, signal } = taking
  const { metadata, status } = world.run
  const now = deps.clock.now()
  const order = {
    config,
    metric,
    run: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      uid: metadata.uid ?? '',
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      createdAt: parseInstant(metadata.creationTimestamp) ?? parseInstant(status?.startedAt) ?? now,
      startedAt: parseInstant(status?.startedAt) ?? now,
    },
    open,
    mode: world.mode,
    now,
    prometheusAddress: deps.config.prometheusAddress,
    readableNamespaces: deps.config.readableNamespaces ?? [],
  }
  const hidden: string[] = []
  const ports = portsOf(taking, (credential) => hidden.push(credential))
  const outcome = await look(() => provider.look(order, ports, signal))
  if (!outcome || signal.aborted) return undefined
  const mask = hideFrom(taking.mask, hidden)
  if (outcome.kind !== 'running' && outcome.kind !== 'decided')
    return { measurement: renderMeasurement(outcome, metric, world.mode, mask), metadata: {} }
  const measurement = renderOwn(outcome, mask)
  if (outcome.kind === 'decided') return { measurement, metadata: {} }
  const { resumeAt, isUnchanged = false } = outcome
  return { measurement: { ...measurement, resumeAt: formatInstant(resumeAt) }, isUnchanged, metadata: {} }
}

async function look(ask: () => Promise<LookOutcome>): Promise<LookOutcome | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof TransportError)
      return error.kind === 'cancelled' ? undefined : { kind: 'error', message: error.message }
    if (error instanceof KubeError) return { kind: 'error', message: error.message }
    throw error
  }
}

const portsOf = ({ world, deps, signal }: Taking, hide: (credential: string) => void): LookPorts => ({
  send: (request, auth) => deps.authorized.send(request, auth, { signal, hide }),
  async readSecret(wish) {
    const secret = await readProviderSecret(wish, world.run, deps)
    if (secret && 'problem' in secret) throw new TransportError('denied', secret.problem)
    return secret?.values
  },
  readObject: (ref) => deps.client.get(ref),
  listResources: (group, version) => deps.discovery.listResources(group, version),
})
