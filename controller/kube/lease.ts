/**
 * Leader election on a Lease, with client-go's rules: a foreign lease is over when this process has seen it unchanged for its
 * duration by its own monotonic clock; wall clocks decide nothing. Leadership ends locally at the renew deadline, before
 * anybody else may take over, even when no timer ran meanwhile (paused process, blocked event loop).
 */
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import { jitter, type Random } from '../runtime/random.ts'
import { isAlreadyExists, isConflict, type KubeClient, KubeError, type ObjectRef } from './client.ts'
import { leases } from './kinds.ts'
import { type Lease, type LeaseSpec, renderHeldSpec, renderReleasedSpec } from './lease-record.ts'

export interface LeaderElectionOptions {
  /** Not the gated one: the lease is how the gate opens. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly namespace: string
  readonly name: string
  readonly identity: string
  /** 15 s, 10 s and 2 s when absent. */
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
  readonly onStarted?: () => void
  /** Told once per lost or released leadership. The gate is shut before. */
  readonly onStopped?: (cause: 'lost' | 'released') => void
}

export interface LeaderElection {
  start(): void
  /** Stops contending; a held lease is released so that the next candidate need not wait. */
  stop(): Promise<void>
  /** The fencing gate: true only while no other process can hold the lease. */
  mayWrite(): boolean
  isLeader(): boolean
  /** Identity of the last holder seen; '' when unknown or released. */
  holder(): string
}

const RETRY_JITTER = 1.2

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { clock, random, log, identity } = options
  const leaseDurationMs = options.leaseDurationMs ?? 15_000
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000
  const retryPeriodMs = options.retryPeriodMs ?? 2_000
  if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * RETRY_JITTER)) {
    throw new RangeError('leader election needs leaseDuration > renewDeadline > 1.2 × retryPeriod')
  }
  const ref: ObjectRef = { kind: leases, namespace: options.namespace, name: options.name }
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  /** Monotonic end of our right to write: the sending time of the last acknowledged renewal plus the renew deadline. */
  let gateUntilMs = Number.NEGATIVE_INFINITY
  let observed: { readonly lease: Lease; readonly atMs: number } | undefined

  const mayWrite = (): boolean => clock.monotonicMs() < gateUntilMs

  function observe(lease: Lease): void {
    if (observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return
    observed = { lease, atMs: clock.monotonicMs() }
  }

  function isForeignAndAlive(spec: LeaseSpec | undefined): boolean {
    const holder = spec?.holderIdentity ?? ''
    if (holder === '' || holder === identity || !observed) return false
    return clock.monotonicMs() < observed.atMs + (spec?.leaseDurationSeconds ?? 0) * 1000
  }

  /** One try to acquire or renew. */
  async function tryHold(): Promise<void> {
    // A renewal needs no read: the patch fails by its resourceVersion if anybody else has written.
    if (!(mayWrite() && observed)) {
      const lease = await options.client.get<Lease>(ref)
      if (!lease) return createHeld()
      observe(lease)
    }
    if (!observed || isForeignAndAlive(observed.lease.spec)) return
    const { lease } = observed
    const sentAtMs = clock.monotonicMs()
    const spec = renderHeldSpec(lease.spec, identity, leaseDurationMs, clock.now())
    const { uid, resourceVersion } = lease.metadata
    hold(sentAtMs, await options.client.patch<Lease>(ref, 'merge', { metadata: { uid, resourceVersion }, spec }))
  }

  async function createHeld(): Promise<void> {
    const sentAtMs = clock.monotonicMs()
    const spec = renderHeldSpec(undefined, identity, leaseDurationMs, clock.now())
    const metadata = { name: options.name, namespace: options.namespace }
    const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
    hold(sentAtMs, await options.client.create<Lease>(leases, lease))
  }

  function hold(sentAtMs: number, lease: Lease): void {
    observed = { lease, atMs: clock.monotonicMs() }
    if (stopping.signal.aborted) return
    // Counted from the sending: the server stored it no earlier, so others wait at least until then plus the duration.
    gateUntilMs = sentAtMs + renewDeadlineMs
  }

  async function attempt(): Promise<void> {
    try {
      // The transport has its own, longer deadline; an unanswered renewal must not eat the time of the next ones.
      await withinMs(clock, tryHold(), renewDeadlineMs / 2)
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return refresh()
      log.warn('leader election: the lease could not be written', { reason: 'LeaseFailed', error })
      // Whoever creates a deleted lease anew leads at once, without waiting for ours to run out.
      if (error instanceof KubeError && error.code === 404) gateUntilMs = Number.NEGATIVE_INFINITY
    }
  }

  async function refresh(): Promise<void> {
    const lease = await options.client.get<Lease>(ref).catch(() => undefined)
    if (!lease) return
    observe(lease)
    if (lease.spec?.holderIdentity !== identity) gateUntilMs = Number.NEGATIVE_INFINITY
  }

  async function lead(): Promise<void> {
    log.info('leading', { reason: 'LeaderElected', identity })
    options.onStarted?.()
    while (mayWrite() && !stopping.signal.aborted) {
      const leftMs = gateUntilMs - clock.monotonicMs()
      await clock.sleep(Math.min(retryPeriodMs, leftMs), stopping.signal)
      if (mayWrite() && !stopping.signal.aborted) await attempt()
    }
    if (stopping.signal.aborted) return
    gateUntilMs = Number.NEGATIVE_INFINITY
    log.error('leadership lost', { reason: 'LeaderLost', identity })
    options.onStopped?.('lost')
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await attempt()
      if (mayWrite()) await lead()
      else await clock.sleep(jitter(random, retryPeriodMs, RETRY_JITTER), stopping.signal)
    }
  }

  async function release(): Promise<void> {
    const wasLeader = mayWrite()
    gateUntilMs = Number.NEGATIVE_INFINITY
    if (!wasLeader || !observed) return
    const { uid, resourceVersion } = observed.lease.metadata
    const spec = renderReleasedSpec(observed.lease.spec ?? {}, clock.now())
    try {
      await options.client.patch<Lease>(ref, 'merge', { metadata: { uid, resourceVersion }, spec })
    } catch (error) {
      log.warn('leader election: the lease could not be released', { reason: 'ReleaseFailed', error })
    }
    options.onStopped?.('released')
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
      await release()
    },
    mayWrite,
    isLeader: mayWrite,
    holder: () => observed?.lease.spec?.holderIdentity ?? '',
  }
}

/** Ends when `work` does, or after `ms`; work that comes too late still takes effect when it arrives. */
function withinMs(clock: Clock, work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(ms, resolve)
    work.then(resolve, reject).finally(cancel)
  })
}
