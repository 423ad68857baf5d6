/**
 * Namespaces that are being deleted: everything in them is deleted, and the namespace goes once it is empty.
 */
import type { Stored } from '../json.ts'
import type { Core } from '../request/context.ts'
import { deleteObject } from '../request/delete.ts'

const bucket = '/namespaces'

const contentsOf = (core: Core, namespace: string): { bucket: string; object: Stored }[] =>
  core.store.buckets().flatMap((name) => core.store.list(name, namespace).map((object) => ({ bucket: name, object })))

/** Deletes what is in the namespace, and the namespace when nothing is left. */
const drain = (core: Core, name: string): void => {
  const namespace = core.store.get(bucket, undefined, name)
  if (namespace?.metadata.deletionTimestamp === undefined) return
  for (const { bucket: contentBucket, object } of contentsOf(core, name)) {
    const type = core.registry.ofBucket(contentBucket)
    if (type !== undefined && object.metadata.deletionTimestamp === undefined)
      deleteObject(core, type, object, { propagationPolicy: 'Background', dryRun: false })
  }
  const isEmpty = contentsOf(core, name).length === 0
  if (isEmpty && (namespace.metadata.finalizers ?? []).length === 0) core.store.remove(bucket, namespace)
}

export const startNamespaceLifecycle = (core: Core, defer: (run: () => void) => void): (() => void) =>
  core.store.subscribe((event) => {
    if (event.bucket === bucket && event.object.metadata.deletionTimestamp !== undefined && event.type === 'MODIFIED')
      defer(() => drain(core, event.object.metadata.name))
    const { namespace } = event.object.metadata
    if (event.type !== 'DELETED' || namespace === undefined) return
    if (core.store.get(bucket, undefined, namespace)?.metadata.deletionTimestamp !== undefined)
      defer(() => drain(core, namespace))
  })
