/** The REST address of an object that somebody names as manifests do, by apiVersion and kind. It must not ask the server. */
import type { ObjectRef } from './client.ts'

export interface NamedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespaced: boolean
  /** The plural, where it cannot be guessed from the kind. */
  readonly resource?: string | undefined
}

/** The plural is guessed as Kubernetes' own clients do it. */
export function refOfAny(object: NamedObject, namespace: string): ObjectRef {
  const { apiVersion, kind, resource, name, namespaced } = object
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return {
    kind: { group, version, plural: resource ?? guessPlural(kind), kind, namespaced },
    name,
    ...(namespaced ? { namespace } : {}),
  }
}

/** Said where discovery does not know the kind: the API server's 404 is the same as for an object that is not there. */
export const describeUnserved = ({ kind: { group, version, plural } }: ObjectRef): string =>
  `the cluster serves no ${plural} in version ${version} of ${group === '' ? 'the core group' : group}`

function guessPlural(kind: string): string {
  const singular = kind.toLowerCase()
  if (singular.endsWith('endpoints')) return singular
  if (singular.endsWith('s')) return `${singular}es`
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`
}
