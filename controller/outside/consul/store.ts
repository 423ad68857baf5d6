/** Keys of Consul's KV store behind the port of objects outside Kubernetes: one blocking query for each key that a Rollout names. */
import { KubeError, noAnswerReasons, type ObjectRef } from '../../kube/client.ts'
import { describeRef } from '../../kube/kinds.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { HttpTransport } from '../../runtime/http.ts'
import type { Random } from '../../runtime/random.ts'
import { consulKeys } from '../../traffic/consul-kv/key.ts'
import type { OutsideReading, OutsideStore } from '../../traffic/outside.ts'
import { type FollowedKey, followKey } from './followed-key.ts'
import { type ConsulAccess, createKvApi } from './kv-api.ts'

export interface ConsulStoreOptions {
  readonly access: ConsulAccess
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly random: Random
}

const UNREAD: OutsideReading = { known: false, why: 'it has not been read yet' }

export function createConsulStore({ access, transport, clock, random }: ConsulStoreOptions): OutsideStore {
  const api = createKvApi(transport, access)
  const followed = new Map<string, FollowedKey>()
  const listeners = new Set<(ref: ObjectRef) => void>()
  const ending = new Set<Promise<void>>()

  function end(name: string, key: FollowedKey): void {
    followed.delete(name)
    const stopped = key.stop().finally(() => ending.delete(stopped))
    ending.add(stopped)
  }

  return {
    kinds: [consulKeys],
    follow(refs) {
      const names = new Set(refs.map(({ name }) => name))
      for (const [name, key] of followed) if (!names.has(name)) end(name, key)
      for (const ref of refs) {
        if (followed.has(ref.name)) continue
        const tell = (): void => {
          for (const listener of listeners) listener(ref)
        }
        followed.set(ref.name, followKey(ref, { api, clock, random, tell }))
      }
    },
    read: ({ name }) => followed.get(name)?.read() ?? UNREAD,
    async write(write, options) {
      const key = followed.get(write.ref.name)
      if (!key) {
        const status = { code: 0, reason: noAnswerReasons.notSent, message: UNREAD.known ? '' : UNREAD.why }
        throw new KubeError(status, `${write.do} ${describeRef(write.ref)}`)
      }
      await key.write(write, options)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      listeners.clear()
      for (const [name, key] of followed) end(name, key)
      await Promise.all(ending)
    },
  }
}
