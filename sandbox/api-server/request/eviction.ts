/** Eviction: a delete that asks the PodDisruptionBudgets first. Also binding, which gives a pod its node. */
import { badRequest, conflict, evictionRefused, notFound, success } from '../errors.ts'
import { asArray, asObject, asString, type JsonObject, readPath, type Stored } from '../json.ts'
import type { ResourceType } from '../resource-type.ts'
import { matchesSelector } from '../selectors.ts'
import type { Core, WriteOptions } from './context.ts'
import { deleteObject, parseDeleteOptions } from './delete.ts'
import { readLive, updateObject } from './update.ts'

const budgetBucket = 'policy/poddisruptionbudgets'

const isReady = (pod: Stored): boolean =>
  asArray(readPath(pod, 'status.conditions')).some((entry) => {
    const { type, status } = asObject(entry)
    return type === 'Ready' && status === 'True'
  })

/** Pending pods and pods that have ended cost no budget. */
const costsNothing = (pod: Stored): boolean =>
  ['Pending', 'Succeeded', 'Failed'].includes(asString(readPath(pod, 'status.phase'))) ||
  pod.metadata.deletionTimestamp !== undefined

/** Spends one disruption of the budget that covers the pod. Throws 429 when there is none left. */
const spendBudget = (core: Core, pod: Stored, isDryRun: boolean): void => {
  const covers = (budget: Stored): boolean =>
    matchesSelector(readPath(budget, 'spec.selector'), pod.metadata.labels ?? {})
  const [budget] = core.store.list(budgetBucket, pod.metadata.namespace).filter(covers)
  if (budget === undefined || costsNothing(pod)) return
  const status = asObject(budget.status)
  const allowed = Number(status.disruptionsAllowed ?? 0)
  const isStale = Number(status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)
  if ((allowed <= 0 || isStale) && isReady(pod))
    throw evictionRefused(budget.metadata.name, Number(status.currentHealthy ?? 0), Number(status.desiredHealthy ?? 0))
  if (allowed <= 0 || isDryRun) return
  core.store.put(budgetBucket, { ...budget, status: { ...status, disruptionsAllowed: allowed - 1 } })
}

export const evictPod = (
  core: Core,
  type: ResourceType,
  address: { namespace: string | undefined; name: string },
  body: unknown,
  options: WriteOptions,
): JsonObject => {
  const pod = core.store.get(type.bucket, address.namespace, address.name)
  if (pod === undefined) throw notFound(type, address.name)
  const { metadata, deleteOptions } = asObject(body)
  const named = asObject(metadata).name
  if (named !== undefined && named !== address.name)
    throw badRequest('name in URL does not match name in Eviction object')
  spendBudget(core, pod, options.dryRun)
  const parsed = parseDeleteOptions(deleteOptions, new URLSearchParams())
  deleteObject(core, type, pod, { ...parsed, dryRun: parsed.dryRun || options.dryRun })
  return { ...success(), code: 201 }
}

export const bindPod = (
  core: Core,
  type: ResourceType,
  address: { namespace: string | undefined; name: string },
  body: unknown,
  options: WriteOptions,
): JsonObject => {
  const live = readLive(core, type, address.namespace, address.name)
  const nodeName = asObject(asObject(body).target).name
  if (typeof nodeName !== 'string' || nodeName === '') throw badRequest('target.name is required')
  const spec = asObject(live.spec)
  if (spec.nodeName)
    throw conflict(
      type,
      address.name,
      `pod ${address.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    )
  updateObject(
    core,
    { type, live, next: { ...live, spec: { ...spec, nodeName } }, subresource: undefined, options },
    false,
  )
  return { ...success(), code: 201 }
}
