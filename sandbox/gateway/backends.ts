/**
 * From a backendRef to the addresses behind it now: Service port → EndpointSlice port → ready endpoints. Pure. A backend that cannot
 * be resolved is a problem with Gateway API's reason, never an empty list.
 */
import type { BackendRef, GatewayEndpointSlice, GatewayService } from './objects.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly pod: string
}

export type ResolvedBackend =
  | { readonly key: string; readonly weight: number; readonly endpoints: readonly Endpoint[] }
  | { readonly key: string; readonly weight: number; readonly reason: string; readonly message: string }

/** What the gateway knows of Services. */
export interface BackendSource {
  service(namespace: string, name: string): GatewayService | undefined
  slices(namespace: string, service: string): readonly GatewayEndpointSlice[]
}

/** `home` is the namespace of the object that names the backend. */
export function resolveBackend(home: string, ref: BackendRef, source: BackendSource): ResolvedBackend {
  const namespace = ref.namespace ?? home
  const weight = ref.weight ?? 1
  const key = `${namespace}/${ref.name}:${ref.port ?? ''}`
  const refuse = (reason: string, message: string): ResolvedBackend => ({ key, weight, reason, message })
  if ((ref.kind ?? 'Service') !== 'Service' || (ref.group ?? '') !== '') {
    return refuse('InvalidKind', `backend "${ref.name}": only Services are served`)
  }
  if (namespace !== home) {
    return refuse('RefNotPermitted', `backend "${key}": this gateway does not send across namespaces`)
  }
  if (ref.filters?.length) return refuse('UnsupportedValue', `backend "${ref.name}": filters are not supported`)
  const service = source.service(namespace, ref.name)
  if (!service) return refuse('BackendNotFound', `Service "${namespace}/${ref.name}" does not exist`)
  const port = service.spec?.ports?.find((candidate) => candidate.port === ref.port)
  if (!port)
    return refuse('BackendNotFound', `Service "${namespace}/${ref.name}" has no port ${ref.port ?? '(none given)'}`)
  const slices = source.slices(namespace, ref.name)
  return { key, weight, endpoints: slices.flatMap((slice) => listReadyEndpoints(slice, port.name)) }
}

function listReadyEndpoints(slice: GatewayEndpointSlice, portName: string | undefined): readonly Endpoint[] {
  const port = slice.ports?.find((candidate) => (candidate.name ?? '') === (portName ?? ''))?.port
  if (typeof port !== 'number') return []
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
    const [address] = addresses
    const isReady = conditions?.ready !== false && conditions?.terminating !== true
    return isReady && address !== undefined ? [{ address, port, pod: targetRef?.name ?? '' }] : []
  })
}
