/**
 * DELETE: preconditions, grace period, finalizers and propagation policy. It either removes the object or marks it; the
 * garbage collector and the finalizers' owners do the rest.
 */
import { renderTime } from '../clock.ts'
import { badRequest, failedPrecondition } from '../errors.ts'
import { asObject, deepEqual, type Stored } from '../json.ts'
import type { ResourceType } from '../resource-type.ts'
import type { Core } from './context.ts'

export interface DeleteOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
  readonly dryRun: boolean
}

const policies = ['Foreground', 'Background', 'Orphan'] as const
const isPolicy = (value: unknown): value is (typeof policies)[number] => policies.some((policy) => policy === value)

/** From the body of a DELETE (a DeleteOptions) and its query, which fills in what the body leaves out. */
export const parseDeleteOptions = (body: unknown, query: URLSearchParams): DeleteOptions => {
  const raw = asObject(body)
  const { uid, resourceVersion } = asObject(raw.preconditions)
  const orphans =
    raw.orphanDependents ?? (query.has('orphanDependents') ? query.get('orphanDependents') === 'true' : undefined)
  const policy = raw.propagationPolicy ?? query.get('propagationPolicy') ?? (orphans === true ? 'Orphan' : undefined)
  if (policy !== undefined && !isPolicy(policy)) throw badRequest(`invalid propagationPolicy ${JSON.stringify(policy)}`)
  const inQuery = query.get('gracePeriodSeconds')
  const grace = raw.gracePeriodSeconds ?? (inQuery === null ? undefined : Number(inQuery))
  const isDry = query.get('dryRun') === 'All' || (Array.isArray(raw.dryRun) && raw.dryRun.includes('All'))
  return {
    dryRun: isDry,
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(typeof grace === 'number' && Number.isFinite(grace) ? { gracePeriodSeconds: Math.max(0, grace) } : {}),
  }
}

const checkPreconditions = (live: Stored, type: ResourceType, { uid, resourceVersion }: DeleteOptions): void => {
  const { name } = live.metadata
  const fail = (what: string, wanted: string, found: string | undefined, hint: string): never => {
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). ${hint}`
    throw failedPrecondition(type, name, why)
  }
  if (uid !== undefined && uid !== live.metadata.uid)
    fail('UID', uid, live.metadata.uid, 'The object might have been deleted and then recreated')
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
    fail('ResourceVersion', resourceVersion, live.metadata.resourceVersion, 'The object might have been modified')
}

const policyFinalizers = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const

/** The finalizers that the policy asks for, next to those the object has. */
const finalizersFor = (live: Stored, policy: DeleteOptions['propagationPolicy']): string[] => {
  const own = live.metadata.finalizers ?? []
  if (policy === undefined) return own
  const foreign = own.filter((name) => name !== 'foregroundDeletion' && name !== 'orphan')
  return policy === 'Background' ? foreign : [...foreign, policyFinalizers[policy]]
}

const mark = (live: Stored, finalizers: string[], graceSeconds: number, now: number): Stored => {
  const { deletionTimestamp, generation, finalizers: _old, ...metadata } = live.metadata
  const isFirst = deletionTimestamp === undefined
  const isShorter = graceSeconds < (live.metadata.deletionGracePeriodSeconds ?? 0)
  const at = isFirst || isShorter ? renderTime(now + graceSeconds * 1000) : deletionTimestamp
  return {
    ...live,
    metadata: {
      ...metadata,
      deletionTimestamp: at,
      deletionGracePeriodSeconds: isFirst || isShorter ? graceSeconds : (metadata.deletionGracePeriodSeconds ?? 0),
      ...(generation === undefined ? {} : { generation: isFirst ? generation + 1 : generation }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  }
}

export interface Deletion {
  /** The last state when it is gone, the marked one while it lingers. */
  readonly object: Stored
  readonly isGone: boolean
}

/** `live` is the stored form. Throws 409 when a precondition fails. */
export const deleteObject = (core: Core, type: ResourceType, live: Stored, options: DeleteOptions): Deletion => {
  checkPreconditions(live, type, options)
  const finalizers = finalizersFor(live, options.propagationPolicy)
  const grace = type.rules.gracePeriod?.(live, options.gracePeriodSeconds) ?? 0
  if (options.dryRun) return { object: live, isGone: finalizers.length === 0 && grace === 0 }
  const goesAtOnce = finalizers.length === 0 && grace === 0 && type.rules.isEmptiedFirst !== true
  if (goesAtOnce) return { object: core.store.remove(type.bucket, live), isGone: true }
  const timed = mark(live, finalizers, grace, core.clock.now())
  const marked = type.rules.markDeleted?.(timed) ?? timed
  const isSame = deepEqual(marked, live)
  return { object: isSame ? live : core.store.put(type.bucket, marked), isGone: false }
}
