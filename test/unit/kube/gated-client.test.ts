/** The gate is asked at the call, and goes with every write to where its bytes leave: a write may wait longer than the lease lasts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { createGatedClient } from '../../../controller/kube/gated-client.ts'
import { configMaps } from '../../../controller/kube/kinds.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const ref = { kind: configMaps, namespace: 'shop', name: 'x' }
const object = { metadata: { name: 'x', namespace: 'shop' } }

/** Each kind of write with other options of its caller. */
const writes: Readonly<Record<string, (client: KubeClient) => Promise<unknown>>> = {
  create: (client) => client.create(configMaps, object, { urgent: true }),
  patch: (client) => client.patch(ref, 'merge', {}, { urgent: true }),
  delete: (client) => client.delete(ref, { urgent: true }),
  postSubresource: (client) => client.postSubresource(ref, 'eviction', {}, { urgent: true }),
}

describe('the gated client', () => {
  for (const [verb, write] of Object.entries(writes))
    test(`passes the gate on with ${verb}`, async () => {
      let given: object | undefined
      const note = async (...args: readonly unknown[]): Promise<never> => {
        given = args.at(-1) as object
        return object as never
      }
      const { client } = createMemoryKube()
      const noting: KubeClient = { ...client, create: note, patch: note, delete: note, postSubresource: note }
      const mayWrite = (): boolean => true
      await write(createGatedClient(noting, mayWrite))
      assert.deepEqual(given, { urgent: true, isPermitted: mayWrite })
    })
})
