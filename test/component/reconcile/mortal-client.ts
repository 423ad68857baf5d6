/**
 * A client that notes every write and can die at one of them: that write still takes effect or is lost, and from then on nothing gets through.
 * It decides nothing; what is done to the cluster is done by the client behind it.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import { type KubeClient, KubeError, type ObjectRef, type ResourceKind } from '../../../controller/kube/client.ts'

/** The write, counted from 1, at which the controller dies, and whether that write still takes effect. */
export interface Crash {
  readonly atWrite: number
  readonly applied: boolean
}

export interface MortalOptions {
  /** `verb plural/name` of every write that was begun. */
  readonly writes: string[]
  /** Those that created or deleted something. Pods have no lasting names: an eviction is noted as such. */
  readonly births: string[]
  readonly crash?: Crash | undefined
  /** Called around every write, so that what it changed can be judged. */
  readonly around?: <T>(request: string, perform: () => Promise<T>) => Promise<T>
}

const dead = (request: string): KubeError => new KubeError({ code: 0, reason: 'ConnectionLost' }, request)

export function createMortalClient(client: KubeClient, { writes, births, crash, around }: MortalOptions) {
  let isDead = false
  const check = (request: string): void => {
    if (isDead) throw dead(request)
  }
  async function write<T>(verb: string, ref: ObjectRef, perform: () => Promise<T>): Promise<T> {
    const request = `${verb} ${ref.kind.plural}/${ref.name}`
    check(request)
    writes.push(request)
    isDead = crash !== undefined && writes.length === crash.atWrite
    if (isDead && crash?.applied === false) throw dead(request)
    const answer = await (around ? around(request, perform) : perform())
    if (verb === 'evict') births.push('evict a pod')
    else if (verb !== 'patch') births.push(request)
    check(request)
    return answer
  }
  const mortal: KubeClient = {
    ...client,
    async get<T extends KubeObject>(ref: ObjectRef) {
      check('get')
      return client.get<T>(ref)
    },
    async list<T extends KubeObject>(kind: ResourceKind, options?: Parameters<KubeClient['list']>[1]) {
      check('list')
      return client.list<T>(kind, options)
    },
    create: (kind, object, options) =>
      write('create', { kind, name: object.metadata.name }, () => client.create(kind, object, options)),
    patch: (ref, patch, body, options) => write('patch', ref, () => client.patch(ref, patch, body, options)),
    delete: (ref, options) => write('delete', ref, () => client.delete(ref, options)),
    postSubresource: (ref, subresource, body, options) =>
      write('evict', ref, () => client.postSubresource(ref, subresource, body, options)),
  }
  return { client: mortal, isDead: () => isDead }
}
