/** Objects that a router makes for a Rollout and that bear it as their owner. Whose an object is, is decided here and nowhere by its name. */
import type { KubeObject } from '../../api/meta.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { apiVersionOf } from '../../kube/kinds.ts'
import type { RouterContext, RouterWrite } from '../router.ts'

export const isOwned = ({ metadata }: KubeObject, { owner }: RouterContext): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.uid)

/** @param field where the configuration or manifest names it */
export const notOwned = (label: string, field: string): string =>
  `${label} is not owned by the Rollout: delete it or correct ${field}`

interface Made {
  readonly spec: unknown
  readonly annotations?: Readonly<Record<string, string>>
  /** Of the object that it is a copy of; the kind's own otherwise. */
  readonly apiVersion?: string | undefined
}

export function createOf(
  ref: ObjectRef,
  { owner }: RouterContext,
  { spec, annotations, apiVersion }: Made,
): RouterWrite {
  const metadata = {
    name: ref.name,
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    ...(annotations ? { annotations } : {}),
    ownerReferences: [owner],
  }
  const object = { apiVersion: apiVersion ?? apiVersionOf(ref.kind), kind: ref.kind.kind, metadata, spec }
  return { do: 'create', ref, object }
}
