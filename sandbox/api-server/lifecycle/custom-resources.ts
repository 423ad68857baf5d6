/** Keeps the registry in step with the CRDs in the store, and empties a CRD that is being deleted. */
import { cleanupFinalizer } from '../builtin/crd-rules.ts'
import { bucketOf, customTypesOf } from '../custom-type.ts'
import type { Stored } from '../json.ts'
import type { Core } from '../request/context.ts'
import { deleteObject } from '../request/delete.ts'

const bucket = 'apiextensions.k8s.io/customresourcedefinitions'

const finish = (core: Core, crd: Stored): void => {
  const { finalizers = [], ...metadata } = crd.metadata
  const left = finalizers.filter((name) => name !== cleanupFinalizer)
  if (left.length > 0) core.store.put(bucket, { ...crd, metadata: { ...metadata, finalizers: left } })
  else core.store.remove(bucket, { ...crd, metadata })
}

const drain = (core: Core, name: string): void => {
  const crd = core.store.get(bucket, undefined, name)
  if (crd?.metadata.deletionTimestamp === undefined) return
  if (crd.metadata.finalizers?.includes(cleanupFinalizer) !== true) return
  const contents = bucketOf(crd)
  const type = core.registry.ofBucket(contents)
  for (const object of core.store.list(contents)) {
    if (type !== undefined && object.metadata.deletionTimestamp === undefined)
      deleteObject(core, type, object, { dryRun: false })
  }
  if (core.store.list(contents).length === 0) finish(core, crd)
}

export const startCustomResources = (core: Core, defer: (run: () => void) => void): (() => void) =>
  core.store.subscribe((event) => {
    if (event.bucket === bucket) {
      const isGone = event.type === 'DELETED'
      core.registry.setCustom(bucketOf(event.object), isGone ? [] : customTypesOf(event.object))
      if (!isGone && event.object.metadata.deletionTimestamp !== undefined)
        defer(() => drain(core, event.object.metadata.name))
      return
    }
    const type = core.registry.ofBucket(event.bucket)
    if (event.type === 'DELETED' && type?.isCustom) defer(() => drain(core, `${type.plural}.${type.group}`))
  })
