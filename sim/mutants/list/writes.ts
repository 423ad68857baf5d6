/** The last look before a write, and how a pass makes its writes: live guards, one risky write, what a crash has left, what is told after it. */
import type { Mutant } from '../mutant.ts'

const guards = 'controller/reconcile/live-guards.ts'
const apply = 'controller/reconcile/apply.ts'
const writes = 'controller/reconcile/writes.ts'
const report = 'controller/reconcile/report.ts'

export const writeMutants: readonly Mutant[] = [
  {
    id: 'weight-on-an-older-rollout',
    file: guards,
    before: "if (live?.metadata.resourceVersion !== rolloutVersion) return 'the Rollout changed meanwhile'",
    after: '',
    removes: 'weight is raised only for the Rollout that was decided on: an abort may have come',
    invariant: 'S8 S16',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › weight is not raised once the Rollout has changed (an abort may have come)',
  },
  {
    id: 'weight-on-endpoints-that-are-gone',
    file: guards,
    before: 'return objections.find((objection) => objection !== undefined)',
    after: 'return objections.find(() => false)',
    removes: 'weight is raised only to a Service that answers now',
    invariant: 'S1',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › weight is raised only with a ready endpoint of what the canary Service names',
  },
  {
    id: 'weight-on-endpoints-of-another-revision',
    file: guards,
    before: 'const ready = named ? (countReady(slices, world.replicaSets)[named.metadata.name] ?? 0) : 0',
    after:
      'const ready = Object.values(countReady(slices, world.replicaSets)).reduce((sum, one) => sum + one, named ? 0 : 1)',
    removes: 'the endpoints that answer are of the revision that the Service names',
    invariant: 'S1 S4',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › weight is raised only with a ready endpoint of what the canary Service names',
  },
  {
    id: 'service-of-pods-that-are-gone',
    file: guards,
    before: 'if (available === 0) return `ReplicaSet',
    after: 'if (available < 0) return `ReplicaSet',
    removes: 'a Service is pointed only at a revision that has a pod now',
    invariant: 'S1 S4',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › a Service is pointed only at a revision with an available pod, or when no pods are wanted',
  },
  {
    id: 'users-on-too-few-live-pods',
    file: guards,
    before: 'if (available < wanted || (live?.spec.replicas ?? 1) < wanted)',
    after: 'if (available < 0)',
    removes: 'users go forward only to a set that is complete now',
    invariant: 'S4',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › users go forward only to every pod, by the Rollout that was decided on',
  },
  {
    id: 'cutover-of-an-older-rollout',
    file: guards,
    before: "return rollout?.metadata.resourceVersion === rolloutVersion ? undefined : 'the Rollout changed meanwhile'",
    after: 'return rollout ? undefined : undefined',
    removes: 'users go forward only for the Rollout that was decided on',
    invariant: 'S8 S16',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › users go forward only to every pod, by the Rollout that was decided on',
  },
  {
    id: 'named-pods-go-live',
    file: guards,
    before: 'return naming && `Service',
    after: 'return naming?.spec === undefined && naming && `Service',
    removes: 'no revision goes to 0 that a Service names now',
    invariant: 'S6',
    witness: 'test test/unit/reconcile/live-guards.test.ts › a revision that a Service names live does not go to 0',
  },
  {
    id: 'subset-pods-go-live',
    file: guards,
    before: 'if (naming) return `subset',
    after: 'if (!subsets) return `subset',
    removes: 'no revision goes to 0 that a subset names now',
    invariant: 'S6',
    witness:
      'test test/unit/reconcile/live-guards-subsets.test.ts › no revision goes to 0 while a subset names it now, whatever was seen',
  },
  {
    id: 'pods-with-users-go-live',
    file: guards,
    before: 'return at < 0 ? undefined :',
    after: 'return at < 99 ? undefined :',
    removes: 'no revision goes to 0 that a Service with users still has endpoints of',
    invariant: 'S5 S6',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › what the active Service names, or has endpoints of, does not go',
  },
  {
    id: 'users-lose-pods-live',
    file: guards,
    before: 'to === 0 ? counted : [activeService]',
    after: 'to === 0 ? counted : []',
    removes: 'what users have keeps the pods that are wanted',
    invariant: 'S7',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › what users have keeps the pods that are wanted; an autoscaler may want fewer',
  },
  {
    id: 'pods-go-by-an-older-size',
    file: guards,
    before: 'return live?.metadata.generation === generation ? undefined :',
    after: 'return live ? undefined :',
    removes: 'pods go only while the size that was decided on is still asked for',
    invariant: 'S7',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › pods go only while the size that was decided on is still asked for',
  },
  {
    id: 'weight-on-a-rollout-read-too-early',
    file: guards,
    before:
      'const objections = await Promise.all(services.map((service) => objectToService(client, world, service)))\n  const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })',
    after:
      'const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })\n  const objections = await Promise.all(services.map((service) => objectToService(client, world, service)))',
    removes: 'the Rollout is read last, so that no abort is missed while endpoints are read',
    invariant: 'S8',
    witness:
      'test test/unit/reconcile/live-guards.test.ts › weight is not raised when an abort comes while endpoints are still being read',
  },
  {
    id: 'unseen-stable-is-deleted',
    file: 'controller/reconcile/unseen-stable.ts',
    before: 'return own.length > 0',
    after: 'return false',
    removes:
      'a stable ReplicaSet that is on record and not in view is looked for before an update is taken for a first deploy',
    invariant: 'S4 S14 L7',
    witness: 'test test/unit/reconcile/unseen-stable.test.ts › that is there and not in view is waited for',
  },
  {
    id: 'adopted-by-a-rollout-that-is-gone',
    file: guards,
    before: 'return isThere ? undefined :',
    after: 'return true ? undefined :',
    removes: 'only a Rollout that is still there adopts',
    invariant: 'S15',
    witness: 'test test/unit/reconcile/adopt.test.ts',
  },
  {
    id: 'workload-gives-more-than-there-is',
    file: guards,
    before: 'return available + kept >= needed',
    after: 'return available + kept >= 0',
    removes: 'a workload keeps its pods while too few are available here',
    invariant: 'S7',
    witness: 'test test/unit/reconcile/hand-over.test.ts',
  },
  {
    id: 'two-risky-writes-a-pass',
    file: apply,
    before: 'if (isRisky(action) && riskTaken) {',
    after: 'if (isRisky(action) && deferred.length > 99) {',
    removes: 'a pass makes one risky write and looks again',
    invariant: 'S4 S5 S7',
    witness: 'test test/unit/reconcile/apply.test.ts',
  },
  {
    id: 'refused-replica-set-starves-an-abort',
    file: apply,
    before: "if (action.do !== 'createReplicaSet') break",
    after: 'break',
    removes: 'traffic goes back though the new ReplicaSet is refused',
    invariant: 'L2',
    witness: 'test test/unit/reconcile/apply.test.ts',
  },
  {
    id: 'existing-child-is-an-error',
    file: writes,
    before: 'if (!isAlreadyExists(error)) throw error',
    after: 'throw error',
    removes: 'what a crashed pass has created is taken as created',
    invariant: 'S18',
    witness:
      'test test/unit/reconcile/overtaken.test.ts › a ReplicaSet that a pass before has created, unseen, is taken as created',
  },
  {
    id: 'child-of-somebody-else-is-taken',
    file: writes,
    before: 'if (!existing?.metadata.ownerReferences?.some(({ uid }) => uid === owner)) throw error',
    after: '',
    removes: 'what exists already counts only when it is ours',
    invariant: 'S20',
    witness: 'test test/unit/reconcile/apply.test.ts',
  },
  {
    id: 'writes-without-a-precondition',
    file: writes,
    before: '{ precondition: { resourceVersion } }),',
    after: '{ precondition: { uid: observed.metadata.uid ?? String(resourceVersion) } }),',
    removes: 'a write loses against whoever was faster',
    invariant: 'S16 S17',
    witness: 'tale canary, superseded',
  },
  {
    id: 'own-writes-are-not-waited-for',
    file: 'controller/reconcile/rollout.ts',
    before: 'if (await isBehind(key, deps)) return { requeueAfterMs: BEHIND_RECHECK_MS }',
    after: '',
    removes: 'nothing is decided on a view that is older than our last write',
    invariant: 'S16',
    witness: 'tale canary, promoted',
  },
  {
    id: 'lost-race-tells-progress',
    file: 'controller/reconcile/rollout.ts',
    before: 'await report(key, world, isSilent ? withoutClaims(world, plan) : plan, outcome, deps)',
    after: 'await report(key, world, plan, outcome, deps)',
    removes: 'a pass that lost a race tells and records nothing',
    invariant: 'S10 S16',
    witness:
      'test test/unit/reconcile/lost-race.test.ts › tells and stores nothing of what it decided; the next pass does, in order',
  },
  {
    id: 'lost-race-starves-an-abort',
    file: 'controller/reconcile/rollout.ts',
    before: 'deps.races.note(key, outcome) && !recordsAbort(world, plan)',
    after: 'deps.races.note(key, outcome)',
    removes: 'an abort is recorded though the pass lost a race',
    invariant: 'L2',
    witness:
      'test test/unit/reconcile/lost-race.test.ts › of an alert for an abort is on record, told and noted though every scale comes too late (L2)',
  },
  {
    id: 'notice-is-written-after-its-status',
    file: report,
    before: 'const outbox = plan.notices.length > 0 ?',
    after:
      'const outbox = plan.notices.length > 0 && JSON.stringify(plan.status) === JSON.stringify(world.rollout.status) ?',
    removes: 'a notice is stored ahead of the status that it tells of',
    invariant: 'L7 S18',
    witness: 'tale canary, promoted',
  },
  {
    id: 'status-follows-any-version',
    file: report,
    before: 'precondition: { resourceVersion },\n    subresource:',
    after: "precondition: { uid: world.rollout.metadata.uid ?? '' },\n    subresource:",
    removes: 'a status is written only on what was decided from',
    invariant: 'S16 S10',
    witness: 'tale canary, aborted',
  },
  {
    id: 'lost-answer-is-forgotten',
    file: writes,
    before: 'if (hasUnknownOutcome(error)) fence.recordUnknown(key, ref)\n    throw error\n  }\n}\n\n/** What a write',
    after: 'throw error\n  }\n}\n\n/** What a write',
    removes: 'a write whose answer got lost is looked for',
    invariant: 'S16 S18',
    witness: 'test test/unit/reconcile/apply.test.ts',
  },
]
