/**
 * The fence between this process and the cluster: a client whose writes pass only while `mayWrite` says so, asked at the call
 * and again just before the bytes leave. Reads always pass. It must be the only writing client outside leader election.
 */
import type { KubeClient } from './client.ts'
import { describeRef, kindId } from './kinds.ts'
import { notLeader } from './no-answer.ts'

/** Writes through the result throw KubeError with code 0 and reason NotLeader while `mayWrite` is false. */
export function createGatedClient(client: KubeClient, mayWrite: () => boolean): KubeClient {
  const check = (request: string): void => {
    if (!mayWrite()) throw notLeader(request)
  }
  const permitted = { isPermitted: mayWrite }
  return {
    get: (ref) => client.get(ref),
    list: (kind, options) => client.list(kind, options),
    watch: (kind, options) => client.watch(kind, options),
    async create(kind, object, options) {
      check(`create ${kindId(kind)}`)
      return client.create(kind, object, { ...options, ...permitted })
    },
    async patch(ref, patch, body, options) {
      check(`patch ${describeRef(ref)}`)
      return client.patch(ref, patch, body, { ...options, ...permitted })
    },
    async delete(ref, options) {
      check(`delete ${describeRef(ref)}`)
      return client.delete(ref, { ...options, ...permitted })
    },
    async postSubresource(ref, subresource, body, options) {
      check(`${subresource} ${describeRef(ref)}`)
      return client.postSubresource(ref, subresource, body, { ...options, ...permitted })
    },
  }
}
