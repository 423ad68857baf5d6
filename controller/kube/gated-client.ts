/**
 * The fence between this process and the cluster: a client whose writes pass only while `mayWrite` says so, asked at the call
 * and again just before the bytes leave. Reads always pass. It must be the only writing client outside leader election.
 */
import type { KubeClient } from './client.ts'
import { describeRef, kindId } from './kinds.ts'
import { notLeader } from './no-answer.ts'

export interface GatedClient extends KubeClient {
  /** Resolves when no write is under way. */
  settled(): Promise<void>
}

/** Writes through the result throw KubeError with code 0 and reason NotLeader while `mayWrite` is false. */
export function createGatedClient(client: KubeClient, mayWrite: () => boolean): GatedClient {
  const underWay = new Set<Promise<unknown>>()
  const permitted = { isPermitted: mayWrite }

  async function whenPermitted<T>(request: string, write: () => Promise<T>): Promise<T> {
    if (!mayWrite()) throw notLeader(request)
    const writing = write()
    underWay.add(writing)
    try {
      return await writing
    } finally {
      underWay.delete(writing)
    }
  }

  return {
    get: (ref) => client.get(ref),
    list: (kind, options) => client.list(kind, options),
    watch: (kind, options) => client.watch(kind, options),
    create: (kind, object, options) =>
      whenPermitted(`create ${kindId(kind)}`, () => client.create(kind, object, { ...options, ...permitted })),
    patch: (ref, patch, body, options) =>
      whenPermitted(`patch ${describeRef(ref)}`, () => client.patch(ref, patch, body, { ...options, ...permitted })),
    delete: (ref, options) =>
      whenPermitted(`delete ${describeRef(ref)}`, () => client.delete(ref, { ...options, ...permitted })),
    postSubresource: (ref, subresource, body, options) =>
      whenPermitted(`${subresource} ${describeRef(ref)}`, () =>
        client.postSubresource(ref, subresource, body, { ...options, ...permitted }),
      ),
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}
