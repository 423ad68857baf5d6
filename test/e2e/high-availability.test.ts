/**
 * Two replicas on a real control plane: the leader is killed, paused, cut off and stopped, the API server restarted and its store compacted, each in
 * the middle of canaries. The end is always the same: rollouts go on or back as they should, nothing is made twice, no write of a deposed
 * leader counts, no alert is lost and no message told twice. Times are those of the API server's audit log; the tests print them.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { readOutbox } from '../../controller/api/notice.ts'
import type { CanaryStep } from '../../controller/api/rollout.ts'
import { systemClock } from '../../controller/runtime/clock.ts'
import { type SlackSink, startSlackSink } from '../../sandbox/slack-sink/slack-sink.ts'
import { waitFor, waitForClosedPort } from '../control-plane/wait.ts'
import { FINGERPRINT, postAlert, postUntilTaken } from './alert-sender.ts'
import { type AuditedRequest, type Cluster, startCluster } from './cluster.ts'
import { canary, imageOf, type Shape } from './manifests.ts'
import { type Replica, startReplica } from './replica.ts'
import { createWorkspace, type Workspace } from './workspace.ts'

/** What is promised. 15 s of the first are the Lease's own; what a busy machine can stretch is the rest, measured at about a third of its room. */
const TAKEOVER_AFTER_CRASH_MS = 20_000
const TAKEOVER_AFTER_STOP_MS = 3_000
/** For what is only waited for. */
const PATIENCE_MS = 90_000

const held: readonly CanaryStep[] = [{ setWeight: 50 }, { pause: {} }]
const moving: readonly CanaryStep[] = [{ setWeight: 50 }, { pause: { duration: 8 } }]

describe('high availability', { timeout: 30 * 60_000 }, () => {
  let cluster: Cluster
  let slack: SlackSink
  let flags: readonly string[]
  let replicas: readonly Replica[] = []
  const spaces = new Map<string, Workspace>()

  before(
    async () => {
      cluster = await startCluster()
      slack = await startSlackSink({ clock: systemClock })
      const file = join(cluster.directory, 'slack-url')
      writeFileSync(file, `${slack.webhookUrl}\n`, { mode: 0o600 })
      flags = [`--slack-webhook-url-file=${file}`]
      await pair()
      const routed: readonly (readonly [string, Shape])[] = [
        ['kill', { steps: held }],
        ['kill-moving', { steps: moving }],
        ['pause', { steps: held }],
        ['cut', { steps: [...moving, { setWeight: 75 }, { pause: {} }], routed: false, replicas: 4 }],
        ['restart', { steps: [...moving, { setWeight: 75 }, { pause: {} }] }],
        ['restart-alert', { steps: held }],
        ['stop', { steps: held }],
        ['stop-moving', { steps: moving }],
      ]
      await Promise.all(routed.map(([title, shape]) => deploy(title, shape)))
    },
    { timeout: 20 * 60_000 },
  )
  after(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()))
    await slack?.stop()
    await cluster?.stop()
  })

  /** Two that live, and one of them leads: as a Deployment keeps them. */
  async function pair(): Promise<{ readonly leader: Replica; readonly follower: Replica }> {
    await Promise.all(replicas.filter((replica) => !replica.isFit()).map((replica) => replica.stop()))
    replicas = replicas.filter((replica) => replica.isFit())
    while (replicas.length < 2) replicas = [...replicas, await startReplica(cluster, flags)]
    const leader = await waitFor(async () => replicas.find((replica) => replica.leads()), {
      what: 'one of the replicas to lead',
      timeoutMs: PATIENCE_MS,
    })
    const follower = replicas.find((replica) => replica !== leader)
    assert.ok(follower && !follower.leads(), 'one leads')
    return { leader, follower }
  }

  async function deploy(title: string, shape: Shape): Promise<void> {
    const space = await createWorkspace(cluster, title)
    spaces.set(title, space)
    await space.apply(...canary(shape))
    await space.until('the first version to be Healthy', () => space.rollout().status?.phase === 'Healthy', PATIENCE_MS)
  }

  function of(title: string): Workspace {
    const space = spaces.get(title)
    assert.ok(space)
    return space
  }

  /** The second version on its way, at the pause that is the second step, and everybody told of it. */
  async function update(title: string): Promise<Workspace> {
    const space = of(title)
    await space.setImage(imageOf(2))
    await space.untilPausedAt(1)
    await untilTold(space)
    return space
  }

  const untilTold = (space: Workspace): Promise<void> =>
    space.until('every notice to be delivered', () => {
      const notices = readOutbox(space.rollout().metadata.annotations)
      return notices.length > 0 && notices.every(({ deliveredAt }) => deliveredAt !== undefined)
    })

  async function assertAborted(space: Workspace, why: RegExp): Promise<void> {
    const { status } = await untilStatus(space, 'Degraded')
    assert.match(status?.message ?? '', why)
    await space.until('the canary to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0, PATIENCE_MS)
    assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, space.rollout().spec.replicas)
    assert.equal(space.replicaSets().length, 2)
    await untilTold(space)
  }

  async function untilStatus(space: Workspace, phase: string) {
    await space.until(`it to be ${phase}`, () => space.rollout().status?.phase === phase, PATIENCE_MS)
    return space.rollout()
  }

  async function assertReleased(space: Workspace, pods: number): Promise<void> {
    await untilStatus(space, 'Healthy')
    await space.until('the old version to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0, PATIENCE_MS)
    assert.equal(space.replicaSets().length, 2)
    assert.equal(space.podsSoFar(), pods, 'no pod was made twice')
    await untilTold(space)
  }

  /** What it wrote since it has led; before that it may have stored an alert. */
  function writesAsLeader(replica: Replica): readonly AuditedRequest[] {
    const isLease = ({ resource, verb, code }: AuditedRequest) => resource === 'leases' && verb !== 'get' && code < 300
    const ledAt = replica.requests().find(isLease)?.atMs ?? Number.POSITIVE_INFINITY
    return replica.writes().filter(({ receivedMs, code }) => receivedMs >= ledAt && code < 300)
  }

  /** From `sinceMs` to the new leader's first write to this rollout; both times are of one clock. */
  function measure(t: TestContext, what: string, sinceMs: number, replica: Replica, space: Workspace): number {
    const first = writesAsLeader(replica).find(({ uri }) => uri.includes(`/${space.namespace}/`))
    assert.ok(first, 'the new leader has written')
    const ms = first.receivedMs - sinceMs
    t.diagnostic(`${what}: ${(ms / 1000).toFixed(2)} s to the first write of a waiting abort`)
    return ms
  }

  /** S17: whatever the old leader still sent, the API server refused it. An Event changes nothing; it tells what was, also when it is late. */
  function assertFenced(t: TestContext, old: Replica, successor: Replica): void {
    const [first] = writesAsLeader(successor)
    assert.ok(first, 'the new leader has written')
    const late = old.writes().filter(({ atMs, resource }) => atMs > first.receivedMs && resource !== 'events')
    t.diagnostic(`late writes of the old leader: ${late.map(({ code }) => code).join(' ') || 'none'}`)
    assert.deepEqual(
      late.filter(({ code }) => code < 300).map(({ verb, uri, code }) => `${verb} ${uri} ${code}`),
      [],
    )
  }

  const requestsFor = (space: Workspace): number =>
    JSON.stringify(space.rollout().metadata.annotations ?? {}).split(`${FINGERPRINT}@`).length - 1

  test('one leads, both are ready and take alerts', async () => {
    const { leader, follower } = await pair()
    for (const replica of [leader, follower]) {
      assert.equal((await fetch(`${replica.healthUrl}/readyz`)).status, 200)
      const answer = await postAlert(replica, of('kill').namespace, {})
      assert.deepEqual(answer, { status: 200, decision: 'ignored', reason: 'NoUpdate' })
    }
    assert.deepEqual(follower.writes(), [], 'who does not lead writes nothing')
  })

  test('the leader is killed: an alert is taken by the other one and obeyed in time, a canary under way goes on', async (t) => {
    const { leader, follower } = await pair()
    const [space, onward] = await Promise.all([update('kill'), update('kill-moving')])
    const killedAt = Date.now()
    await leader.kill()
    const answers = await postUntilTaken([leader, follower], space.namespace)
    assert.deepEqual(answers.at(-1), { status: 200, decision: 'abort', reason: 'AlertFiring' })
    await follower.untilLeading(PATIENCE_MS)
    await assertAborted(space, /RolloutAborted: .*HighErrorRate is firing/)
    assert.deepEqual(space.weights(), [0, 50, 0])
    assert.ok(measure(t, 'leader killed', killedAt, follower, space) <= TAKEOVER_AFTER_CRASH_MS)
    await assertReleased(onward, 4)
    assert.deepEqual(onward.weights(), [0, 50, 100, 0])
    assertFenced(t, leader, follower)
  })

  test('the leader is paused beyond its lease and wakes: it writes nothing more, and ends', async (t) => {
    const { leader, follower } = await pair()
    const space = await update('pause')
    const pausedAt = Date.now()
    leader.signal('SIGSTOP')
    // Taken by its kernel, answered by nobody: the sender turns to the other one.
    const unanswered = postAlert(leader, space.namespace, {}).catch(() => undefined)
    const answers = await postUntilTaken([follower], space.namespace)
    assert.equal(answers.at(-1)?.decision, 'abort')
    assert.equal(await unanswered, undefined)
    await follower.untilLeading(PATIENCE_MS)
    await assertAborted(space, /HighErrorRate is firing/)
    assert.ok(measure(t, 'leader paused', pausedAt, follower, space) <= TAKEOVER_AFTER_CRASH_MS)
    leader.signal('SIGCONT')
    assert.equal(await leader.ended, 1, 'it ends as one that has lost the Lease')
    assert.ok(leader.log().some(({ reason }) => reason === 'LeaderLost'))
    assertFenced(t, leader, follower)
    assert.equal(requestsFor(space), 1, 'the alert is stored once')
    assert.deepEqual(space.weights(), [0, 50, 0])
  })

  test('the leader is cut off, and what it sent arrives when another one has led for long: refused', async (t) => {
    const { leader, follower } = await pair()
    const space = await update('cut')
    // The pause ends while the wire is held: the leader goes on, as far as it knows.
    leader.wire.hold()
    const cutAt = Date.now()
    assert.equal((await postAlert(leader, space.namespace, {})).status, 503, 'who is cut off takes no alert')
    const answers = await postUntilTaken([leader, follower], space.namespace)
    assert.equal(answers.at(-1)?.decision, 'abort')
    await follower.untilLeading(PATIENCE_MS)
    await assertAborted(space, /HighErrorRate is firing/)
    assert.ok(measure(t, 'leader cut off', cutAt, follower, space) <= TAKEOVER_AFTER_CRASH_MS)
    const before = leader.requests().length
    t.diagnostic(`${leader.wire.heldBytes()} bytes of the old leader arrive ${Date.now() - cutAt} ms after the cut`)
    leader.wire.heal()
    assert.equal(await leader.ended, 1)
    await waitFor(async () => leader.requests().length > before, {
      what: 'the late requests to arrive',
      timeoutMs: PATIENCE_MS,
    })
    const late = leader.requests().slice(before)
    t.diagnostic(`late: ${late.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`).join(', ')}`)
    assertFenced(t, leader, follower)
    assert.equal(requestsFor(space), 1, 'the alert is stored once')
  })

  test('the API server is restarted, and its history is lost, in the middle of canaries: they go on', async (t) => {
    await pair()
    const { controlPlane } = cluster
    const [space, alerted] = await Promise.all([update('restart'), update('restart-alert')])
    await controlPlane.restartApiServer()
    await space.untilPausedAt(3)
    const { leader, follower } = await pair()
    // It does not see the server go and come: its watches ask the new one for what only the old one knew.
    follower.wire.hold()
    await controlPlane.compact()
    const restarting = controlPlane.restartApiServer({ signal: 'SIGKILL' })
    await waitForClosedPort(Number(new URL(controlPlane.url).port))
    const taken = postUntilTaken([leader, follower], alerted.namespace)
    await restarting
    follower.wire.heal()
    const answers = await taken
    t.diagnostic(`answers to an alert meanwhile: ${[...new Set(answers.map(({ status }) => status))].join(' ')}`)
    assert.notEqual(answers[0]?.status, 200)
    await assertAborted(alerted, /HighErrorRate is firing/)
    assert.deepEqual(alerted.weights(), [0, 50, 0])
    assert.equal(requestsFor(alerted), 1, 'the alert is stored once')
    await pair()
    assert.equal((await space.cli('promote', 'web')).code, 0)
    await assertReleased(space, 4)
    assert.deepEqual(space.weights(), [0, 50, 75, 100, 0])
    const metrics = await (await fetch(follower.metricsUrl)).text()
    // On a busy machine a watch fails three times first, and is listed anew without being told.
    const gone = [...metrics.matchAll(/penstock_watch_restarts_total\{[^}]*cause="gone"[^}]*\} (\d+)/g)]
    t.diagnostic(`watches answered 410: ${gone.reduce((sum, [, count]) => sum + Number(count), 0)}`)
  })

  test('the leader is stopped: it gives the Lease back, and the other one takes over at once', async (t) => {
    const { leader, follower } = await pair()
    const [space, onward] = await Promise.all([update('stop'), update('stop-moving')])
    const stoppedAt = Date.now()
    const ended = leader.terminate()
    const answers = await postUntilTaken([leader, follower], space.namespace)
    assert.equal(answers.at(-1)?.decision, 'abort')
    await follower.untilLeading(PATIENCE_MS)
    await assertAborted(space, /HighErrorRate is firing/)
    assert.ok(measure(t, 'leader stopped', stoppedAt, follower, space) <= TAKEOVER_AFTER_STOP_MS)
    assert.equal(await ended, 0)
    await assertReleased(onward, 4)
    assertFenced(t, leader, follower)
  })

  test('nothing was told twice, and everything was told', () => {
    const texts = slack.messages().map(({ text }) => text)
    assert.deepEqual(
      texts.filter((text, index) => texts.indexOf(text) !== index),
      [],
    )
    for (const [title, space] of spaces) {
      const told = readOutbox(space.rollout().metadata.annotations)
      const about = texts.filter((text) => text.includes(space.namespace))
      assert.equal(about.length, told.length, `${title}: ${about.join(' | ')}`)
      assert.ok(told.every(({ deadLettered }) => deadLettered !== true))
    }
  })
})
