/** Which Service a host means. A host without dots is one of the namespace of the object that names it, as Istio reads it. */

export interface ServiceName {
  readonly name: string
  readonly namespace: string
}

/** Undefined for hosts that are no Service of a cluster: wildcards, and names of somewhere else. */
export function serviceOf(host: string | undefined, namespace: string): ServiceName | undefined {
  const [name = '', where, svc] = (host ?? '').split('.')
  if (name === '' || name.includes('*')) return undefined
  if (where === undefined) return { name, namespace }
  return svc === undefined || svc === 'svc' ? { name, namespace: where } : undefined
}

export const isSameService = (a: ServiceName | undefined, b: ServiceName | undefined): boolean =>
  a !== undefined && a.name === b?.name && a.namespace === b.namespace

/** The same host with another Service of the same namespace in it. */
export const hostBeside = (host: string | undefined, service: string): string =>
  [service, ...(host ?? '').split('.').slice(1)].join('.')
