/**
 * The part of consul-k8s that a test needs: custom resources become Consul's config entries on a real agent, which judges them, and their status says
 * what it said.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { KubeClient, ObjectRef } from '../../../controller/kube/client.ts'
import { serviceResolvers, serviceRouters, serviceSplitters } from '../../../controller/kube/kinds.ts'
import type { ConsulAgent } from '../../consul/agent.ts'

const KINDS = [
  [serviceResolvers, 'service-resolver'],
  [serviceSplitters, 'service-splitter'],
  [serviceRouters, 'service-router'],
] as const
const LOOK_EVERY_MS = 50

type Synced = KubeObject & { readonly spec?: object }

/** Resolves once it works; the result ends it. */
export async function playConsulK8s(client: KubeClient, agent: ConsulAgent, namespace: string, name: string) {
  const taken = new Map<string, string>()
  let isEnded = false

  async function sync(ref: ObjectRef, kind: string): Promise<void> {
    const object = await client.get<Synced>(ref)
    const spec = JSON.stringify(object?.spec)
    if (!object || taken.get(kind) === spec) return
    const entry = { Kind: kind, Name: name, ...(pascalCased(object.spec) as object) }
    const { status, body } = await agent.call('PUT', '/v1/config', JSON.stringify(entry))
    const isTaken = status === 200
    const condition = { type: 'Synced', status: isTaken ? 'True' : 'False', ...(isTaken ? {} : { message: body }) }
    await client.patch(ref, 'merge', { status: { conditions: [condition] } }, { subresource: 'status' })
    taken.set(kind, spec)
  }
  const pass = async (): Promise<void> => {
    for (const [kind, word] of KINDS) await sync({ kind, namespace, name }, word)
  }
  const run = async (): Promise<void> => {
    while (!isEnded) {
      await pass()
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
  await agent.call('PUT', '/v1/config', JSON.stringify({ Kind: 'service-defaults', Name: name, Protocol: 'http' }))
  await pass()
  const running = run()
  return async (): Promise<void> => {
    isEnded = true
    await running
  }
}

/** Config entries are written like Go's fields; the names of subsets are the user's. */
function pascalCased(value: unknown, isNamed = false): unknown {
  if (Array.isArray(value)) return value.map((item) => pascalCased(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      isNamed ? key : key.replace(/^./, (first) => first.toUpperCase()),
      pascalCased(field, key === 'subsets'),
    ]),
  )
}
