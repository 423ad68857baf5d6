/**
 * The load balancers behind Ingresses as objects outside Kubernetes, read from AWS again and again: often while an Ingress has changed lately,
 * seldom at rest, for AWS counts calls. It changes nothing there, and judges no weight.
 */
import { createHash } from 'node:crypto'
import type { KubeObject } from '../../api/meta.ts'
import { KubeError, type ObjectRef, type ResourceKind } from '../../kube/client.ts'
import { apiVersionOf, describeRef } from '../../kube/kinds.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { OutsideReading, OutsideStore } from '../../traffic/outside.ts'
import type { ElbReader } from './elb.ts'

/** Of an Ingress, what tells its load balancers. */
export interface IngressFacts extends KubeObject {
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname?: string }[] } }
}

export interface LoadBalancersOptions {
  /** Of the objects; each is named `<namespace>/<ingress>`. */
  readonly kind: ResourceKind
  readonly elb: ElbReader
  readonly clock: Clock
  /** From memory; undefined: not known, or not there. */
  ingress(namespace: string, name: string): IngressFacts | undefined
}

const LOOK_MS = 10_000
/** So long after a change the load balancer may still follow it. */
const BUSY_MS = 300_000
const REST_MS = 300_000
/** For everything that one Ingress needs of AWS. */
const LIMIT_MS = 60_000
const LONGEST_REASON = 200

interface Known {
  readonly reading: OutsideReading
  /** Of the Ingress that it was read for. */
  readonly resourceVersion: string | undefined
  readonly readAtMs: number
  readonly changedAtMs: number
}

export function createLoadBalancers({ kind, elb, clock, ingress }: LoadBalancersOptions): OutsideStore {
  const followed = new Map<string, ObjectRef>()
  const known = new Map<string, Known>()
  const listeners = new Set<(ref: ObjectRef) => void>()
  let isStopped = false
  let endQuestion = (): void => {}
  let round: Promise<void> | undefined
  let cancelTimer: (() => void) | undefined

  const isDue = (key: string, resourceVersion: string | undefined): boolean => {
    const before = known.get(key)
    if (!before || before.resourceVersion !== resourceVersion || !before.reading.known) return true
    const now = clock.monotonicMs()
    return now - before.changedAtMs < BUSY_MS || now - before.readAtMs >= REST_MS
  }

  async function look(key: string, ref: ObjectRef): Promise<void> {
    const [namespace = '', name = ''] = ref.name.split('/')
    const source = ingress(namespace, name)
    const resourceVersion = source?.metadata.resourceVersion
    if (!isDue(key, resourceVersion)) return
    const reading = await ask(ref, source)
    if (isStopped || !followed.has(key)) return
    const before = known.get(key)
    const now = clock.monotonicMs()
    const isChanged = before?.resourceVersion !== resourceVersion
    known.set(key, {
      reading,
      resourceVersion,
      readAtMs: now,
      changedAtMs: isChanged ? now : (before?.changedAtMs ?? now),
    })
    if (JSON.stringify(reading) !== JSON.stringify(before?.reading)) for (const listener of listeners) listener(ref)
  }

  async function ask(ref: ObjectRef, source: IngressFacts | undefined): Promise<OutsideReading> {
    const hostnames = (source?.status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname || [])
    const owner = `${ref.name}-`
    const limit = new AbortController()
    const cancelLimit = clock.setTimer(LIMIT_MS, () => limit.abort())
    endQuestion = () => limit.abort()
    try {
      const loadBalancers: object[] = []
      for (const hostname of hostnames)
        loadBalancers.push({ hostname, ...(await elb.describe(hostname, owner, limit.signal)) })
      const resourceVersion = createHash('sha256').update(JSON.stringify(loadBalancers)).digest('hex').slice(0, 16)
      const metadata = { name: ref.name, resourceVersion }
      return {
        known: true,
        object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, loadBalancers } as KubeObject,
      }
    } catch (error) {
      return { known: false, why: `AWS does not answer (${reasonOf(error)})` }
    } finally {
      cancelLimit()
    }
  }

  async function lookAtAll(): Promise<void> {
    for (const [key, ref] of followed) if (!isStopped) await look(key, ref)
  }

  function schedule(delayMs: number): void {
    if (isStopped || round) return
    cancelTimer?.()
    cancelTimer = clock.setTimer(delayMs, () => {
      round = lookAtAll().finally(() => {
        round = undefined
        if (followed.size > 0) schedule(LOOK_MS)
      })
    })
  }

  return {
    kinds: [kind],
    follow(refs) {
      followed.clear()
      for (const ref of refs) followed.set(describeRef(ref), ref)
      for (const key of known.keys()) if (!followed.has(key)) known.delete(key)
      if (followed.size > 0) schedule(0)
    },
    read: (ref) => known.get(describeRef(ref))?.reading ?? { known: false, why: 'AWS has not been asked yet' },
    async write(write) {
      const message = 'load balancers are read only; the AWS Load Balancer Controller changes them'
      throw new KubeError({ code: 405, reason: 'MethodNotAllowed', message }, `${write.do} ${describeRef(write.ref)}`)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      isStopped = true
      endQuestion()
      cancelTimer?.()
      await round
    },
  }
}

/** Names of errors of AWS tell more than their words: AccessDenied, ThrottlingException. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return `${error.name}: ${error.message}`.replaceAll(/\s+/g, ' ').slice(0, LONGEST_REASON)
}
