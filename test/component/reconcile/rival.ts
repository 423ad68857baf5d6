/**
 * A client beside which somebody else is faster once: just before one of its writes the object is changed, harmlessly, so that the write's
 * precondition fails as it does on a real API server. It decides nothing about the write itself.
 */
import type { KubeClient, ObjectRef } from '../../../controller/kube/client.ts'

/** @param atWrite the patch or deletion that comes too late, counted from 1; absent: none */
export function withRival(client: KubeClient, atWrite: number | undefined): KubeClient {
  let changes = 0
  async function precede(ref: ObjectRef): Promise<void> {
    changes += 1
    if (changes === atWrite)
      await client.patch(ref, 'merge', { metadata: { annotations: { 'example.com/touched': 'yes' } } })
  }
  return {
    ...client,
    async patch(ref, patch, body, options) {
      await precede(ref)
      return client.patch(ref, patch, body, options)
    },
    async delete(ref, options) {
      await precede(ref)
      return client.delete(ref, options)
    },
  }
}
