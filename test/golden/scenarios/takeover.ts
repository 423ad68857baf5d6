/**
 * Stories of a cluster that changes hands: objects as Argo Rollouts left them at some moment, our first passes over them, and how the release
 * goes on. After the first passes each story says what moved; nothing may.
 */

import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { POD_TEMPLATE_HASH, REVISION, ROLLOUT_TYPE, STEP_INDEX } from '../../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import {
  conditionsOf,
  hashOf,
  NEW,
  OLD,
  replicaSetOf,
  serviceOf,
  statusOf,
  templateOf,
} from '../../builders/left-by-argo.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { gate, judged, type Scenario, SECOND, stages } from './scenario.ts'

interface Left {
  readonly rollout?: Rollout
  readonly image?: string
  readonly status: RolloutStatus
  readonly weight?: number
  readonly sets: readonly ReplicaSet[]
  /** Revision that the canary Service names. */
  readonly canary?: string
  readonly runs?: readonly AnalysisRun[]
  readonly revision?: number
}

function leave({ rollout: base = rollout({ steps: stages }), image = 'shop:2', ...left }: Left): MachineOptions {
  const { sets, canary = NEW, revision = 2, weight, status } = left
  return {
    rollout: {
      ...base,
      metadata: { ...base.metadata, generation: 7, annotations: { [REVISION]: String(revision) } },
      spec: { ...base.spec, template: templateOf(image) },
      status: statusOf({ ...base, metadata: { ...base.metadata, generation: 7 } }, status, weight),
    },
    existing: {
      replicaSets: sets,
      services: [serviceOf('stable', OLD), serviceOf('canary', canary)],
      analysisRuns: left.runs ?? [],
    },
  }
}

/** What people would feel: pods, weights, selectors. */
function picture(machine: Machine): string {
  const { services, replicaSets } = machine.world()
  const selectors = Object.values(services).map(({ service }) => [service.metadata.name, service.spec.selector])
  return JSON.stringify([machine.sizes(), machine.route(), selectors, replicaSets.map((rs) => rs.metadata.name)])
}

function takeOver(machine: Machine, weight?: number): void {
  if (weight !== undefined) machine.setRoute(weight)
  const [before, status] = [picture(machine), machine.status()]
  machine.say('Argo Rollouts is stopped, Penstock started')
  machine.settle()
  const changed = changedFields(status, machine.status())
  machine.say(`pods, weights and selectors: ${picture(machine) === before ? 'as they were' : 'MOVED'}`)
  machine.say(`status: ${changed.length === 0 ? 'as it was' : `${changed.join(', ')} written`}`)
}

function changedFields(before: RolloutStatus, after: RolloutStatus): readonly string[] {
  const text = (status: RolloutStatus, key: string) =>
    JSON.stringify(Object.entries(status).find(([name]) => name === key))
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => text(before, name) !== text(after, name)).sort()
}

const stableSet = replicaSetOf({ image: 'shop:1', replicas: 5, revision: 1 })
const canarySet = (replicas: number) =>
  replicaSetOf({ image: 'shop:2', replicas, revision: 2, createdAt: '2025-12-31T13:00:00Z' })
const stepRun: AnalysisRun = {
  metadata: {
    name: `shop-${NEW}-2-1`,
    namespace: 'web',
    labels: { [POD_TEMPLATE_HASH]: NEW, [ROLLOUT_TYPE]: 'Step', [STEP_INDEX]: '1' },
    annotations: { [REVISION]: '2' },
    creationTimestamp: '2025-12-31T23:59:40Z',
  },
  spec: { metrics: gate.spec.metrics ?? [] },
  status: { phase: 'Running' },
}
const atPause = (currentStepIndex: number): RolloutStatus => ({
  controllerPause: true,
  currentStepIndex,
  pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2025-12-31T23:59:50Z' }],
  conditions: conditionsOf.paused,
  phase: 'Paused',
  message: 'CanaryPauseStep',
})
const pausedAtHalf = {
  status: { ...atPause(3), updatedReplicas: 3, replicas: 8, availableReplicas: 8 },
  sets: [canarySet(3), stableSet],
}

export const takeoverScenarios: readonly Scenario[] = [
  {
    name: 'takeover-healthy',
    options: leave({
      image: 'shop:1',
      revision: 1,
      weight: 0,
      canary: OLD,
      sets: [stableSet],
      status: {
        currentPodHash: OLD,
        currentStepIndex: 4,
        updatedReplicas: 5,
        replicas: 5,
        readyReplicas: 5,
        availableReplicas: 5,
        HPAReplicas: 5,
        conditions: conditionsOf.healthy,
        phase: 'Healthy',
      },
    }),
    play(machine) {
      takeOver(machine, 0)
      machine.say('the next version is committed')
      machine.setImage('shop:2')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'takeover-paused-with-weight',
    options: leave({ ...pausedAtHalf, weight: 50 }),
    play(machine) {
      takeOver(machine, 50)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'takeover-timed-pause-runs-on',
    options: leave({ weight: 20, status: atPause(1), sets: [canarySet(1), stableSet] }),
    play(machine) {
      takeOver(machine, 20)
      machine.say('ten of its thirty seconds were over')
      machine.run(21 * SECOND)
    },
  },
  {
    name: 'takeover-while-scaling',
    options: leave({
      weight: 20,
      sets: [canarySet(3), stableSet],
      status: {
        currentStepIndex: 2,
        updatedReplicas: 3,
        replicas: 8,
        readyReplicas: 6,
        availableReplicas: 6,
        conditions: conditionsOf.scaling,
        phase: 'Progressing',
        message: 'updated replicas are still becoming available',
      },
    }),
    play(machine) {
      machine.failPods(NEW, 2)
      takeOver(machine, 20)
      machine.say('the pods become ready')
      machine.heal()
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'takeover-while-analysing',
    options: {
      ...leave({
        rollout: rollout({ steps: judged }),
        weight: 20,
        sets: [canarySet(1), stableSet],
        runs: [stepRun],
        status: {
          currentStepIndex: 1,
          canary: { currentStepAnalysisRunStatus: { name: stepRun.metadata.name, status: 'Running' } },
          conditions: conditionsOf.scaling,
          phase: 'Progressing',
          message: 'more replicas need to be updated',
        },
      }),
      templates: [gate],
    },
    play(machine) {
      takeOver(machine, 20)
      machine.say('the run that Argo began is Successful')
      machine.endRun(stepRun.metadata.name, 'Successful')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'takeover-aborted',
    options: leave({
      weight: 0,
      canary: OLD,
      sets: [canarySet(0), stableSet],
      status: {
        abort: true,
        abortedAt: '2025-12-31T23:00:00Z',
        currentStepIndex: 0,
        updatedReplicas: 0,
        replicas: 5,
        readyReplicas: 5,
        availableReplicas: 5,
        HPAReplicas: 5,
        conditions: conditionsOf.aborted,
        phase: 'Degraded',
        message: 'RolloutAborted: Rollout aborted update to revision 2',
      },
    }),
    play(machine) {
      takeOver(machine, 0)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'takeover-first-deploy',
    options: leave({
      image: 'shop:1',
      revision: 1,
      canary: OLD,
      sets: [stableSet],
      status: {
        currentPodHash: OLD,
        currentStepIndex: 4,
        updatedReplicas: 5,
        replicas: 5,
        readyReplicas: 2,
        availableReplicas: 2,
        HPAReplicas: 5,
        conditions: conditionsOf.first,
        phase: 'Progressing',
        message: 'updated replicas are still becoming available',
      },
    }),
    play(machine) {
      machine.failPods(OLD, 3)
      takeOver(machine, 0)
      machine.say('the pods become ready')
      machine.heal()
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'takeover-twins',
    options: leave({
      image: 'shop:1',
      revision: 3,
      weight: 20,
      canary: 'twin',
      status: { ...atPause(1), currentPodHash: 'twin' },
      sets: [
        stableSet,
        replicaSetOf({ image: 'shop:1', hash: 'twin', replicas: 1, revision: 3, createdAt: '2025-12-31T14:00:00Z' }),
      ],
    }),
    play(machine) {
      takeOver(machine, 20)
      machine.say('somebody promotes the update that changes nothing')
      machine.patchStatus({ promoteFull: true })
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'takeover-old-status',
    options: oldStatus(),
    play(machine) {
      takeOver(machine, 0)
      machine.say('and looks again')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'takeover-unknown-words',
    options: leave({
      ...pausedAtHalf,
      weight: 50,
      status: {
        ...pausedAtHalf.status,
        currentStepHash: 'hashoflater',
        pauseConditions: [{ reason: 'PauseOfTomorrow', startTime: '2025-12-31T23:00:00Z' }],
        conditions: [
          ...conditionsOf.paused,
          { type: 'Tomorrow', status: 'Unknown', reason: 'Later', message: 'a condition that nobody knows' },
        ],
        phase: 'Dreaming',
        message: 'PauseOfTomorrow',
      },
    }),
    play(machine) {
      takeOver(machine, 50)
      machine.say('somebody resumes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(30 * SECOND)
    },
  },
]

/** An ancient controller wrote little: neither what it has seen, nor what is stable. */
function oldStatus(): MachineOptions {
  const left = leave({ image: 'shop:1', revision: 1, canary: OLD, sets: [stableSet], status: {} })
  return {
    ...left,
    rollout: { ...left.rollout, status: { currentPodHash: hashOf('shop:1'), replicas: 5, updatedReplicas: 5 } },
  }
}
