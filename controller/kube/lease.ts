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
import { compareResourceVersions } from './resource-version.ts'

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
  /**
   * Resolves when no write of ours is under way. Waited for, with the gate shut, before a lease is released: what is not answered in time
   * keeps the lease until it runs out.
   */
  readonly settled?: () => Promise<void>
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
/** Who waits looks more often than the leader renews: a released lease is taken, and a dead leader's counted out, without delay. */
const LOOKS_PER_RETRY = 2
const LOOK_JITTER = 0.2
const SETTLE_WITHIN_MS = 2_000

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
      // A deleted lease stays its holder's for the time that it was granted: the holder may not know yet.
      if (!lease) return isForeignAndAlive(observed?.lease.spec) ? undefined : createHeld()
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
    // An answer that was overtaken: what we know since, perhaps another holder, stands.
    if (compareResourceVersions(lease.metadata.resourceVersion, observed?.lease.metadata.resourceVersion) === -1) return
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
      else await clock.sleep(untilNextLook(), stopping.signal)
    }
  }

  /** Soon, and at once when the lease that we have seen runs out. */
  function untilNextLook(): number {
    const lookMs = jitter(random, retryPeriodMs / LOOKS_PER_RETRY, LOOK_JITTER)
    const spec = observed?.lease.spec
    if (!observed || !isForeignAndAlive(spec)) return lookMs
    return Math.min(lookMs, observed.atMs + (spec?.leaseDurationSeconds ?? 0) * 1000 - clock.monotonicMs())
  }

  /** Also a lease that was acquired by an answer that came while we stopped, or that we lost to time alone. */
  async function release(): Promise<void> {
    const isSettled = await settles(clock, options.settled?.() ?? Promise.resolve(), SETTLE_WITHIN_MS)
    if (!isSettled) {
      log.warn('leader election: a write got no answer; the lease is left to run out', { reason: 'ReleaseFailed' })
      return
    }
    for (let left = 2; left > 0 && observed?.lease.spec?.holderIdentity === identity; left -= 1) {
      const { uid, resourceVersion } = observed.lease.metadata
      const spec = renderReleasedSpec(observed.lease.spec, clock.now())
      try {
        const lease = await options.client.patch<Lease>(ref, 'merge', { metadata: { uid, resourceVersion }, spec })
        observed = { lease, atMs: clock.monotonicMs() }
        log.info('the lease is released', { reason: 'LeaderReleased', identity })
      } catch (error) {
        if (isConflict(error) && left > 1) await refresh()
        else log.warn('leader election: the lease could not be released', { reason: 'ReleaseFailed', error })
      }
    }
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      const wasLeader = mayWrite()
      stopping.abort()
      gateUntilMs = Number.NEGATIVE_INFINITY
      await running
      await release()
      if (wasLeader) options.onStopped?.('released')
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

/** Whether `work` ends, either way, within `ms`. */
function settles(clock: Clock, work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, () => resolve(false))
    void work
      .then(
        () => resolve(true),
        () => resolve(true),
      )
      .finally(cancel)
  })
}
