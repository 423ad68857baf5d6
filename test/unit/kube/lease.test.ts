import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError } from '../../../controller/kube/client.ts'
import { createGatedClient } from '../../../controller/kube/gated-client.ts'
import { configMaps, leases } from '../../../controller/kube/kinds.ts'
import { createLeaderElection } from '../../../controller/kube/lease.ts'
import { type Lease, leaseNameFor, renderMicroTime } from '../../../controller/kube/lease-record.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'
import { constantRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube, type MemoryKube } from '../../fakes/memory-kube.ts'

const name = leaseNameFor('')
const ref = { kind: leases, namespace: 'penstock', name }

function candidate(kube: MemoryKube, clock: FakeClock, identity: string, settled?: () => Promise<void>) {
  const log: string[] = []
  const election = createLeaderElection({
    client: kube.client,
    clock,
    random: constantRandom(0.5),
    log: silentLogger,
    namespace: 'penstock',
    name,
    identity,
    ...(settled ? { settled } : {}),
    onStarted: () => log.push('started'),
    onStopped: (cause) => log.push(cause),
  })
  return { clock, election, log, mayWrite: () => election.mayWrite() }
}

type Candidate = ReturnType<typeof candidate>

/** Two processes on one server, each with its own clock; `advance` moves the clocks of those that are not suspended. */
function setUp() {
  const kube = createMemoryKube()
  const a = candidate(kube, createFakeClock(), 'a')
  const b = candidate(kube, createFakeClock(Date.UTC(2031, 5, 5)), 'b')
  async function advance(ms: number, running: readonly Candidate[] = [a, b]): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 250) {
      for (const each of [a, b]) {
        if (running.includes(each)) await each.clock.advance(250)
        else each.clock.suspend(250)
      }
      assert.ok(!(a.mayWrite() && b.mayWrite()), 'two processes may write')
    }
  }
  const stop = async (): Promise<void> => {
    await a.election.stop()
    await b.election.stop()
  }
  return { kube, a, b, advance, stop }
}

const storedLease = (kube: MemoryKube): Lease['spec'] => (kube.read(ref) as Lease | undefined)?.spec

describe('leader election', () => {
  test('the first candidate leads and keeps leading by renewing; the second waits; wall clocks do not matter', async () => {
    const { kube, a, b, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    b.election.start()
    await advance(120_000)
    assert.deepEqual([a.mayWrite(), b.mayWrite()], [true, false])
    assert.deepEqual(a.log, ['started'])
    assert.equal(b.election.holder(), 'a')
    const spec = storedLease(kube)
    assert.equal(spec?.leaseTransitions, 0)
    assert.equal(spec?.leaseDurationSeconds, 15)
    assert.match(spec?.renewTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    await stop()
  })

  test('a suspended leader may not write the moment it wakes, and never at the same time as its successor', async () => {
    const { kube, a, b, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    b.election.start()
    await advance(5_000)
    await advance(20_000, [b])
    assert.equal(b.mayWrite(), true)
    assert.equal(a.mayWrite(), false, 'before any timer of the suspended process has run')
    assert.equal(storedLease(kube)?.leaseTransitions, 1)
    await advance(10_000)
    assert.deepEqual(a.log, ['started', 'lost'])
    assert.equal(a.election.holder(), 'b')
    await stop()
  })

  test('the gate shuts before the lease can run out for others when renewals get no answer', async () => {
    const { kube, a, b, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    b.election.start()
    await advance(3_000)
    kube.before((verb) => {
      if (verb === 'patch') throw new KubeError({ code: 0, reason: 'ConnectionLost' }, 'patch')
    })
    await advance(9_000)
    await advance(2_000)
    assert.equal(a.mayWrite(), false)
    assert.deepEqual(a.log, ['started', 'lost'])
    kube.before(() => {})
    await advance(30_000)
    assert.ok(a.mayWrite() !== b.mayWrite(), 'one of them leads again')
    await stop()
  })

  test('a renewal that hangs does not hold the gate open', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    let release = (): void => {}
    kube.before((verb) =>
      verb === 'patch'
        ? new Promise<void>((resolve) => {
            release = resolve
          })
        : undefined,
    )
    await advance(13_000)
    assert.equal(a.mayWrite(), false)
    kube.before(() => {})
    release()
    await stop()
  })

  test('one renewal that hangs does not eat the time of the next', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    let hung = false
    kube.before((verb) => {
      if (verb !== 'patch' || hung) return undefined
      hung = true
      return new Promise<void>(() => {})
    })
    await advance(13_000)
    assert.equal(a.mayWrite(), true)
    kube.before(() => {})
    await stop()
  })

  test('a stopped leader releases, and the next one leads without waiting for the lease to run out', async () => {
    const { kube, a, b, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    b.election.start()
    await advance(1_000)
    await a.election.stop()
    assert.equal(a.mayWrite(), false)
    assert.deepEqual(a.log, ['started', 'released'])
    assert.equal(storedLease(kube)?.holderIdentity, '')
    await advance(5_000)
    assert.equal(b.mayWrite(), true)
    await stop()
  })

  test('a lease that was given back is taken within 1.5 s, one of a dead leader 16.5 s after its death at the latest', async () => {
    for (const offsetMs of [0, 250, 500, 1_000, 1_500, 1_750]) {
      const { kube, a, b, advance, stop } = setUp()
      a.election.start()
      await advance(1_000)
      b.election.start()
      await advance(20_000 + offsetMs)
      // Killed: it neither renews nor releases, and is heard of no more.
      await advance(16_500, [b])
      assert.equal(b.mayWrite(), true, `killed ${offsetMs} ms later`)
      a.clock.suspend(0)
      await b.election.stop()
      assert.equal(storedLease(kube)?.holderIdentity, '')
      await advance(1_500, [a])
      assert.equal(a.mayWrite(), true, `released ${offsetMs} ms later`)
      await stop()
    }
  })

  test('a stop while the lease is being acquired gives it back', async () => {
    const { kube, a, stop } = setUp()
    let answer = (): void => {}
    kube.before((verb) =>
      verb === 'create'
        ? new Promise<void>((resolve) => {
            answer = resolve
          })
        : undefined,
    )
    a.election.start()
    await a.clock.settle()
    const stopped = a.election.stop()
    answer()
    await stopped
    assert.equal(storedLease(kube)?.holderIdentity, '')
    assert.deepEqual(a.log, [], 'it never led')
    await stop()
  })

  test('a release that meets its own late renewal is repeated', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    let isFirst = true
    kube.before(async (verb) => {
      if (verb !== 'patch' || !isFirst) return
      isFirst = false
      await kube.client.patch(ref, 'merge', { spec: { renewTime: 'late' } })
    })
    await a.election.stop()
    assert.equal(storedLease(kube)?.holderIdentity, '')
    await stop()
  })

  test('a release waits for the writes under way, with the gate shut; without their answers the lease is left to run out', async () => {
    for (const isAnswered of [true, false]) {
      const kube = createMemoryKube()
      let answer = (): void => {}
      const settled = new Promise<void>((resolve) => {
        answer = resolve
      })
      const { clock, election, mayWrite } = candidate(kube, createFakeClock(), 'a', () => settled)
      election.start()
      await clock.advance(1_000)
      const stopped = election.stop()
      await clock.settle()
      assert.equal(mayWrite(), false)
      assert.equal(storedLease(kube)?.holderIdentity, 'a', 'not yet')
      if (isAnswered) answer()
      else await clock.advance(3_000)
      await stopped
      assert.equal(storedLease(kube)?.holderIdentity, isAnswered ? '' : 'a')
    }
  })

  test('an answer that comes after another holder was seen opens nothing', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    let answer = (): void => {}
    let isFirst = true
    kube.after((verb) => {
      if (verb !== 'patch' || !isFirst) return
      isFirst = false
      return new Promise<void>((resolve) => {
        answer = resolve
      })
    })
    await advance(2_500)
    await kube.client.patch(ref, 'merge', { spec: { holderIdentity: 'usurper', leaseDurationSeconds: 15 } })
    await advance(6_000)
    assert.equal(a.mayWrite(), false, 'the usurper was seen')
    answer()
    await advance(250)
    assert.equal(a.mayWrite(), false)
    await stop()
  })

  test('a leader that finds a foreign holder stops at once', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    await kube.client.patch(ref, 'merge', { spec: { holderIdentity: 'usurper', leaseDurationSeconds: 15 } })
    await advance(2_500)
    assert.equal(a.mayWrite(), false)
    await stop()
  })

  test('a deleted lease ends the leadership and is created anew', async () => {
    const { kube, a, advance, stop } = setUp()
    a.election.start()
    await advance(1_000)
    await kube.client.delete(ref)
    // Long before the renew deadline: whoever creates the lease anew would lead at once.
    await advance(3_000)
    assert.deepEqual(a.log, ['started', 'lost', 'started'])
    assert.equal(storedLease(kube)?.holderIdentity, 'a')
    await stop()
  })

  test('a lease that somebody deletes is not taken from a leader that cannot know yet', async () => {
    for (let offsetMs = 0; offsetMs < 4_000; offsetMs += 250) {
      const { kube, a, b, advance, stop } = setUp()
      a.election.start()
      await advance(1_000)
      b.election.start()
      await advance(2_000 + offsetMs)
      await kube.client.delete(ref)
      // Every quarter of a second: never both.
      await advance(20_000)
      assert.ok(a.mayWrite() !== b.mayWrite(), 'one of them leads')
      await stop()
    }
  })

  test('after the lease zero writes pass the gated client, reads do', async () => {
    const { kube, a, advance, stop } = setUp()
    const gated = createGatedClient(kube.client, a.mayWrite)
    const target = { kind: configMaps, namespace: 'shop', name: 'x' }
    const object = { metadata: { name: 'x', namespace: 'shop' } }
    const isNotLeader = (error: unknown): boolean => error instanceof KubeError && error.reason === 'NotLeader'
    await assert.rejects(gated.create(configMaps, object), isNotLeader)
    a.election.start()
    await advance(1_000)
    await gated.create(configMaps, object)
    a.clock.suspend(10_000)
    const before = kube.writes.length
    await assert.rejects(gated.patch(target, 'merge', { data: { a: 'b' } }), isNotLeader)
    await assert.rejects(gated.delete(target), isNotLeader)
    await assert.rejects(gated.postSubresource(target, 'eviction', {}), isNotLeader)
    assert.equal(kube.writes.length, before)
    assert.equal((await gated.get(target))?.metadata.name, 'x')
    await stop()
  })

  test('the gated client has settled when every write that it let pass is answered', async () => {
    const kube = createMemoryKube()
    const gated = createGatedClient(kube.client, () => true)
    await gated.settled()
    const answers: (() => void)[] = []
    kube.before((verb) => (verb === 'create' ? new Promise<void>((resolve) => answers.push(resolve)) : undefined))
    const writes = ['x', 'y'].map((each) => gated.create(configMaps, { metadata: { name: each, namespace: 'shop' } }))
    let hasSettled = false
    const settled = gated.settled().then(() => {
      hasSettled = true
    })
    answers[0]?.()
    await writes[0]
    assert.equal(hasSettled, false)
    answers[1]?.()
    await Promise.all([...writes, settled])
  })

  test('periods that would allow two leaders are refused', () => {
    const kube = createMemoryKube()
    const options = { client: kube.client, clock: createFakeClock(), random: constantRandom(0), log: silentLogger }
    const make = (renewDeadlineMs: number) => () =>
      createLeaderElection({
        ...options,
        namespace: 'n',
        name,
        identity: 'a',
        leaseDurationMs: 15_000,
        renewDeadlineMs,
      })
    assert.throws(make(15_000), RangeError)
    assert.throws(make(2_000), RangeError)
  })

  test('times have six fraction digits', () => {
    assert.equal(renderMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 67)), '2026-01-02T03:04:05.067000Z')
  })
})
