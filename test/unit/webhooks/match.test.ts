import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABORT_REQUESTS, abortRequestSchema, isPending } from '../../../controller/api/abort-request.ts'
import { UNATTRIBUTED_ALERTS } from '../../../controller/api/labels.ts'
import { OUTBOX } from '../../../controller/api/notice.ts'
import { type Alert, parseAlertmanagerPayload } from '../../../webhooks/alertmanager.ts'
import { type AlertMapping, alertMappingSchema, defaultAlertMapping } from '../../../webhooks/mapping.ts'
import { type AlertDecision, decideAlert, findTarget } from '../../../webhooks/match.ts'
import { readRolloutFacts } from '../../../webhooks/rollout-facts.ts'
import {
  bothReplicaSets,
  payloadBytes,
  type RolloutOptions,
  replicaSet,
  T0,
  updatingRollout,
  type WireAlert,
  wireAlert,
  wirePayload,
} from './alert-objects.ts'

function readAlert(wire: WireAlert = {}): Alert {
  const parsed = parseAlertmanagerPayload(payloadBytes(wirePayload([wireAlert(wire)])))
  assert.ok('group' in parsed)
  const alert = parsed.group.alerts[0]
  assert.ok(alert)
  return alert
}

interface Scene {
  readonly alert?: WireAlert
  readonly rollout?: RolloutOptions | 'unknown'
  readonly mapping?: Partial<AlertMapping>
  readonly replicaSets?: typeof bothReplicaSets
  readonly mayAbort?: boolean
  readonly nowMs?: number
}

function decide(scene: Scene): AlertDecision {
  const mapping = { ...defaultAlertMapping, ...scene.mapping }
  const alert = readAlert(scene.alert)
  const target = findTarget(alert, mapping)
  assert.ok(target)
  const facts =
    scene.rollout === 'unknown'
      ? undefined
      : readRolloutFacts(updatingRollout(scene.rollout), scene.replicaSets ?? bothReplicaSets)
  return decideAlert({
    alert,
    target,
    facts,
    mapping,
    nowMs: scene.nowMs ?? T0 + 90_000,
    mayAbort: scene.mayAbort ?? true,
  })
}

const says = (scene: Scene): string => {
  const { decision, reason } = decide(scene)
  return `${decision} ${reason}`
}

const hash = (value: string): WireAlert => ({ labels: { rollouts_pod_template_hash: value } })
const gate = (value: string, more: Record<string, string> = {}): WireAlert => ({
  labels: { penstock_gate: value, ...more },
})
const annotated = (value: string): RolloutOptions => ({ annotations: { [UNATTRIBUTED_ALERTS]: value } })

describe('an alert against a rollout', () => {
  const table: readonly (readonly [string, Scene, string])[] = [
    ['a plain alert that names the rollout aborts', {}, 'abort AlertFiring'],
    ['resolved is never evidence', { alert: { status: 'resolved' } }, 'ignored Resolved'],
    ['unknown rollout', { rollout: 'unknown' }, 'ignored UnknownRollout'],
    ['completed rollout', { rollout: { status: { currentPodHash: 'stable1' } } }, 'ignored NoUpdate'],
    ['first deploy', { rollout: { status: { stableRS: '' } } }, 'ignored NoUpdate'],
    ['aborted rollout', { rollout: { status: { abort: true } } }, 'ignored AlreadyAborted'],
    ["the canary's hash", { alert: hash('canary1') }, 'abort AlertFiring'],
    ["the stable's hash", { alert: hash('stable1') }, 'ignored StableRevision'],
    [
      "the stable's hash with a gate label",
      { alert: gate('abort', { rollouts_pod_template_hash: 'stable1' }) },
      'ignored StableRevision',
    ],
    ['the hash of an older revision', { alert: hash('older1') }, 'ignored OtherRevision'],
    [
      'the hash label spelt as on pods',
      { alert: { labels: { 'rollouts-pod-template-hash': 'stable1' } } },
      'ignored StableRevision',
    ],
    ['an empty hash label counts as absent', { alert: hash('') }, 'abort AlertFiring'],
    [
      'the revision label of the canary',
      { alert: { labels: { rollout_revision: '2' } }, rollout: annotated('pause') },
      'abort AlertFiring',
    ],
    ['the revision label of another', { alert: { labels: { rollout_revision: '1' } } }, 'ignored OtherRevision'],
    ['older than the canary', { alert: { startsAt: '2025-12-31T23:59:49Z' } }, 'ignored OlderThanCanary'],
    [
      'older than the canary, though declared a gate',
      { alert: { ...gate('abort'), startsAt: '2025-12-31T23:00:00Z' } },
      'ignored OlderThanCanary',
    ],
    ['older by less than the skew', { alert: { startsAt: '2025-12-31T23:59:51Z' } }, 'abort AlertFiring'],
    ['no canary ReplicaSet yet', { replicaSets: [] }, 'ignored NoCanaryYet'],
    ['unattributed, the Rollout says pause', { rollout: annotated('pause') }, 'pause AlertFiring'],
    ['unattributed, the Rollout says ignore', { rollout: annotated('ignore') }, 'ignored NotAGate'],
    ['unattributed, the Rollout says nonsense', { rollout: annotated('explode') }, 'abort AlertFiring'],
    ['unattributed, the mapping says pause', { mapping: { unattributed: 'pause' } }, 'pause AlertFiring'],
    [
      'the Rollout goes before the mapping',
      { mapping: { unattributed: 'pause' }, rollout: annotated('abort') },
      'abort AlertFiring',
    ],
    [
      'a declared gate goes before the Rollout',
      { alert: gate('abort'), rollout: annotated('pause') },
      'abort AlertFiring',
    ],
    [
      'an attributed alert is not held back by the Rollout',
      { alert: hash('canary1'), rollout: annotated('ignore') },
      'abort AlertFiring',
    ],
    [
      'declared to pause, attributed',
      { alert: gate('pause', { rollouts_pod_template_hash: 'canary1' }) },
      'pause AlertFiring',
    ],
    [
      'declared no gate, attributed',
      { alert: gate('ignore', { rollouts_pod_template_hash: 'canary1' }) },
      'ignored NotAGate',
    ],
    ['too many rollouts at once', { mayAbort: false }, 'pause MassAlert'],
  ]
  for (const [what, scene, expected] of table) test(`${what} → ${expected}`, () => assert.equal(says(scene), expected))
})

const stored = (scene: Scene = {}): RolloutOptions => {
  const first = decide(scene)
  assert.ok(first.decision !== 'ignored')
  return { annotations: { [ABORT_REQUESTS]: JSON.stringify([first.request]) } }
}

describe('the same episode again', () => {
  test('is a duplicate, also when another Alertmanager tells a start one evaluation later', () => {
    assert.equal(says({ rollout: stored() }), 'ignored Duplicate')
    assert.equal(says({ rollout: stored(), alert: { startsAt: '2026-01-01T00:01:59Z' } }), 'ignored Duplicate')
  })
  test('a later start is a new episode', () => {
    assert.equal(says({ rollout: stored(), alert: { startsAt: '2026-01-01T00:05:00Z' } }), 'abort AlertFiring')
  })
  test('another alert is not a duplicate', () => {
    assert.equal(says({ rollout: stored(), alert: { fingerprint: 'f00dcafe0000000' } }), 'abort AlertFiring')
  })
  test('after a retry, what fired before the abort is about the former try', () => {
    const status = { abortedAt: '2026-01-01T00:02:00Z' }
    assert.equal(says({ rollout: { status } }), 'ignored OlderThanCanary')
    assert.equal(says({ rollout: { status }, alert: { startsAt: '2026-01-01T00:03:00Z' } }), 'abort AlertFiring')
  })
  test('a stored pause does not hide an abort', () => {
    const rollout = stored({ mapping: { unattributed: 'pause' } })
    assert.equal(says({ rollout, mapping: { unattributed: 'pause' } }), 'ignored Duplicate')
    assert.equal(says({ rollout }), 'abort AlertFiring')
  })
  test('a pause by the circuit breaker waits for a person', () => {
    assert.equal(says({ rollout: stored({ mayAbort: false }) }), 'ignored Duplicate')
  })
  test('a request for an earlier revision does not hide it', () => {
    const replicaSets = [replicaSet('canary1', '2026-01-01T00:00:00Z', 3)]
    assert.equal(says({ rollout: stored(), replicaSets }), 'abort AlertFiring')
  })
})

describe('the request that is stored', () => {
  const requestOf = (scene: Scene) => {
    const decided = decide(scene)
    assert.ok(decided.decision !== 'ignored')
    return decided.request
  }
  test('fits its schema and is pending for the revision on its way', () => {
    const request = abortRequestSchema.parse(requestOf({}))
    assert.deepEqual(request, {
      id: 'f00dcafe00000001@2026-01-01T00:01:00.123Z',
      action: 'abort',
      podHash: 'canary1',
      revision: 2,
      receivedAt: '2026-01-01T00:01:30Z',
      startsAt: '2026-01-01T00:01:00.123Z',
      reason: 'AlertFiring',
      message: 'Alert HighErrorRate is firing: too many errors',
    })
    assert.ok(isPending(request, { podHash: 'canary1', revision: 2, abortedAt: undefined }))
  })
  test('is later than the last abort, even with a clock behind', () => {
    const abortedAt = '2026-01-01T00:01:05Z'
    const request = requestOf({ rollout: { status: { abortedAt } }, nowMs: T0 + 30_000 })
    assert.equal(request.receivedAt, '2026-01-01T00:01:06Z')
    assert.ok(isPending(request, { podHash: 'canary1', revision: 2, abortedAt }))
  })
  test('is bounded and has no control characters, whatever the alert says', () => {
    const request = requestOf({
      alert: {
        labels: { alertname: `x\u0000\u202e${'a'.repeat(10_000)}` },
        annotations: { summary: `line\none ${'\u{1f600}'.repeat(10_000)}` },
      },
    })
    abortRequestSchema.parse(request)
    assert.doesNotMatch(request.message, /[\p{Cc}\p{Cf}]/u)
    assert.match(request.message, /…$/)
  })
  test('the start of an update that uses an old ReplicaSet again is told by its notice', () => {
    const notice = {
      id: '2/UpdateStarted',
      kind: 'UpdateStarted',
      at: '2026-01-01T00:02:00Z',
      revision: 2,
      podHash: 'canary1',
      reason: 'x',
      message: '',
    }
    assert.equal(says({ rollout: { annotations: { [OUTBOX]: JSON.stringify([notice]) } } }), 'ignored OlderThanCanary')
  })
})

describe('which rollout an alert names', () => {
  const mapping = alertMappingSchema.parse({
    rolloutLabel: 'app',
    rules: [
      { match: { service: 'pay', team: 'a' }, rollout: { namespace: 'bank', name: 'payments' }, action: 'pause' },
    ],
  })
  const target = (labels: Record<string, string>) => findTarget(readAlert({ labels }), mapping)
  test('the labels, where no rule matches', () => {
    assert.deepEqual(target({ app: 'web', service: 'pay' }), { namespace: 'shop', name: 'web' })
  })
  test('a rule whose labels are all there goes first', () => {
    assert.deepEqual(target({ app: 'web', service: 'pay', team: 'a' }), {
      namespace: 'bank',
      name: 'payments',
      action: 'pause',
    })
  })
  test('none without the label, nor with an empty one', () => {
    assert.equal(target({}), undefined)
    assert.equal(target({ app: '' }), undefined)
  })
  test('labels that are named like parts of every object name nothing', () => {
    const odd = alertMappingSchema.parse({ rolloutLabel: 'constructor' })
    assert.equal(findTarget(readAlert(), odd), undefined)
  })
})
