/**
 * Random interleavings of everything that people, pods, analyses, gateways and time do to a Rollout, with the invariants checked at every
 * write. Seeds are fixed so that a failure repeats; `PENSTOCK_SEED` and `PENSTOCK_RUNS` widen the search.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import type { AnalysisPhase, AnalysisTemplate } from '../../../controller/api/analysis.ts'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { BlueGreenStrategy, CanaryStep, Rollout } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine, type MachineOptions } from '../../golden/world-machine.ts'
import { checkWrite, weightOn } from './invariants.ts'

const SECOND = 1_000
const parameters = {
  seed: Number(process.env.PENSTOCK_SEED ?? 20260101),
  numRuns: Number(process.env.PENSTOCK_RUNS ?? 150),
  includeErrorInReport: true,
}

const gate: AnalysisTemplate = {
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
}
const analysis = { templates: [{ templateName: 'gate' }] }

const plans: readonly (readonly CanaryStep[])[] = [
  [{ setWeight: 20 }, { pause: { duration: 30 } }, { setWeight: 50 }, { pause: {} }],
  [{ setWeight: 5 }, { analysis }, { setWeight: 60 }, { pause: { duration: '1m' } }, { setWeight: 25 }, { pause: {} }],
  [{ pause: {} }, { setWeight: 100 }, { analysis }],
  [],
]

/** Blue-green: every way to the cutover, with and without evidence. */
const blueGreens: readonly Partial<BlueGreenStrategy>[] = [
  {},
  { autoPromotionEnabled: false },
  { autoPromotionSeconds: 20, postPromotionAnalysis: analysis },
  { autoPromotionEnabled: false, previewReplicaCount: 2, prePromotionAnalysis: analysis },
  {
    previewReplicaCount: 1,
    prePromotionAnalysis: analysis,
    postPromotionAnalysis: analysis,
    scaleDownDelaySeconds: 60,
  },
  { autoPromotionEnabled: false, abortScaleDownDelaySeconds: 0, scaleDownDelaySeconds: 90 },
]

interface Shape {
  /** Index of the blue-green strategy; absent: a canary. */
  readonly blueGreen?: number
  readonly routed: boolean
  readonly steps: number
  readonly replicas: number
  readonly background: boolean
  readonly budget: number
  readonly lagSeconds: number
  readonly deadlineAbort: boolean
}

const shape: fc.Arbitrary<Shape> = fc.record({
  routed: fc.constantFrom(true, true, false),
  steps: fc.constantFrom(0, 0, 1, 1, 2, 3),
  replicas: fc.constantFrom(5, 4, 1, 2, 3, 7, 0),
  background: fc.boolean(),
  budget: fc.nat(3),
  lagSeconds: fc.constantFrom(0, 4, 20, 40),
  deadlineAbort: fc.boolean(),
})

const budgets = [
  {},
  { maxSurge: 0, maxUnavailable: 1 },
  { maxSurge: 1, maxUnavailable: 0 },
  { maxSurge: '50%', maxUnavailable: '50%' },
] as const

const blueGreenShape: fc.Arbitrary<Shape> = fc
  .tuple(shape, fc.nat(blueGreens.length - 1))
  .map(([one, blueGreen]) => ({ ...one, routed: true, blueGreen }))

function rolloutOf(s: Shape): Rollout {
  const spec = { progressDeadlineSeconds: 120, progressDeadlineAbort: s.deadlineAbort }
  if (s.blueGreen !== undefined) return blueGreenRollout(blueGreens[s.blueGreen], { replicas: s.replicas, spec })
  const canary = { ...budgets[s.budget], ...(s.background ? { analysis: { ...analysis, startingStep: 0 } } : {}) }
  return rollout({ replicas: s.replicas, steps: plans[s.steps] ?? [], routed: s.routed, canary, spec })
}

function optionsOf(s: Shape): MachineOptions {
  return {
    rollout: rolloutOf(s),
    templates: [gate],
    confirmDelayMs: s.lagSeconds * SECOND,
    endpointDelayMs: (s.lagSeconds * SECOND) / 2,
  }
}

type Op =
  | { readonly op: 'image'; readonly version: number }
  | { readonly op: 'promote' | 'promoteFull' | 'abort' | 'retry' | 'pauseAlert' | 'abortAlert' | 'heal' | 'skip' }
  | { readonly op: 'specPaused'; readonly on: boolean }
  | { readonly op: 'restart' }
  | { readonly op: 'unbind'; readonly service: 'active' | 'preview' }
  | { readonly op: 'rename'; readonly activeService: 'active' | 'public' }
  | { readonly op: 'replicas'; readonly count: number }
  | { readonly op: 'fail'; readonly which: 'current' | 'stable'; readonly count: number }
  | { readonly op: 'break' }
  | { readonly op: 'runs'; readonly phase: AnalysisPhase }
  | { readonly op: 'route'; readonly weight: number | undefined }
  | { readonly op: 'passes'; readonly count: number }
  | { readonly op: 'time'; readonly seconds: number }

const simple = (
  ...ops: readonly ('promote' | 'promoteFull' | 'abort' | 'retry' | 'pauseAlert' | 'abortAlert' | 'heal' | 'skip')[]
) => fc.constantFrom(...ops).map((op): Op => ({ op }))

const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }).map((version): Op => ({ op: 'image', version })) },
  { weight: 5, arbitrary: simple('promote') },
  { weight: 3, arbitrary: simple('abort', 'retry', 'promoteFull', 'heal', 'pauseAlert', 'abortAlert', 'skip') },
  { weight: 1, arbitrary: fc.boolean().map((on): Op => ({ op: 'specPaused', on })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 }).map((count): Op => ({ op: 'replicas', count })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('current' as const, 'stable' as const), fc.integer({ min: 1, max: 5 }))
      .map(([which, count]): Op => ({ op: 'fail', which, count })),
  },
  { weight: 1, arbitrary: fc.constant<Op>({ op: 'break' }) },
  { weight: 2, arbitrary: fc.constant<Op>({ op: 'restart' }) },
  { weight: 3, arbitrary: simple('heal', 'abort') },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<AnalysisPhase>('Successful', 'Successful', 'Failed', 'Inconclusive', 'Error')
      .map((phase): Op => ({ op: 'runs', phase })),
  },
  {
    weight: 1,
    arbitrary: fc
      .option(fc.integer({ min: 0, max: 100 }), { nil: undefined })
      .map((weight): Op => ({ op: 'route', weight })),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }).map((count): Op => ({ op: 'passes', count })) },
  { weight: 6, arbitrary: fc.constantFrom(1, 6, 31, 70, 200).map((seconds): Op => ({ op: 'time', seconds })) },
)

/** What happens to blue-green besides: Services applied again without their revision, another Service for the users. */
const blueGreenOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: anyOp },
  { weight: 1, arbitrary: fc.constantFrom('active', 'preview').map((service): Op => ({ op: 'unbind', service })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('active', 'public').map((activeService): Op => ({ op: 'rename', activeService })),
  },
)

/** A machine whose every write is checked. */
function createChecked(s: Shape): Machine {
  const reachedMs = new Map<string, number>()
  const machine: Machine = createMachine({
    ...optionsOf(s),
    onWrite(action, truth) {
      const { abort, currentPodHash = '', stableRS } = truth.world.rollout.status ?? {}
      const aborted = abort && currentPodHash !== stableRS ? { podHash: currentPodHash } : undefined
      checkWrite({ truth, action, aborted })
      for (const rs of truth.world.replicaSets) {
        const hash = rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
        if (weightOn(truth, hash) > 0) reachedMs.set(hash, machine.now())
      }
      if (action.do !== 'scale' || action.to > 0 || !s.routed || truth.world.rollout.spec.replicas === 0) return
      const hash = action.replicaSet.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
      const sinceMs = machine.now() - (reachedMs.get(hash) ?? Number.NEGATIVE_INFINITY)
      if (sinceMs < 30 * SECOND) throw new Error(`S5: ${hash} goes to 0 only ${sinceMs} ms after traffic left it`)
    },
  })
  return machine
}

const stepCount = (machine: Machine): number => machine.world().rollout.spec.strategy?.canary?.steps?.length ?? 0

function passOnce(machine: Machine): void {
  const world = machine.world()
  const before = machine.status()
  const plan = decide(world)
  assert.equal(JSON.stringify(decide(structuredClone(world))), JSON.stringify(plan), 'S19: equal worlds, equal plans')
  const shuffled = {
    ...world,
    replicaSets: [...world.replicaSets].reverse(),
    analysisRuns: [...world.analysisRuns].reverse(),
  }
  assert.equal(JSON.stringify(decide(shuffled)), JSON.stringify(plan), 'S19: the order of observation does not matter')
  machine.pass()
  const after = machine.status()
  const sameRevision =
    before.currentPodHash === after.currentPodHash && before.currentStepHash === after.currentStepHash
  if (sameRevision && !after.abort && before.stableRS !== undefined && before.stableRS === after.stableRS) {
    const moved = (after.currentStepIndex ?? 0) - (before.currentStepIndex ?? 0)
    const skipsAll = before.promoteFull === true && after.currentStepIndex === stepCount(machine)
    assert.ok(moved === 0 || moved === 1 || skipsAll, `S10: step index moved by ${moved}`)
  }
}

function settle(machine: Machine): void {
  for (let passes = 0; passes < 60; passes++) {
    const before = JSON.stringify([machine.world(), machine.route()])
    passOnce(machine)
    if (JSON.stringify([machine.world(), machine.route()]) === before) return
  }
  throw new Error(`S19: no fixpoint\n${machine.lines.slice(-12).join('\n')}`)
}

function request(machine: Machine, action: 'abort' | 'pause') {
  const receivedAt = new Date(machine.now()).toISOString()
  const revision = Number(machine.world().rollout.metadata.annotations?.['rollout.argoproj.io/revision'] ?? 0)
  const podHash = machine.status().currentPodHash ?? ''
  const stored = {
    id: `f@${receivedAt}`,
    action,
    podHash,
    revision,
    receivedAt,
    reason: 'AlertFiring',
    message: 'alert',
  }
  machine.annotate({ [ABORT_REQUESTS]: JSON.stringify([stored]) })
}

function act(machine: Machine, op: Op): void {
  const status = machine.status()
  switch (op.op) {
    case 'image':
      machine.setImage(`shop:${op.version}`)
      return
    case 'promote':
      machine.patchStatus({ pauseConditions: null })
      return
    case 'skip': {
      const currentStepIndex = Math.min((status.currentStepIndex ?? 0) + 1, stepCount(machine))
      machine.patchStatus({ pauseConditions: null, currentStepIndex })
      return
    }
    case 'promoteFull':
      machine.patchStatus({ promoteFull: true })
      return
    case 'abort':
      machine.patchStatus({ abort: true })
      return
    case 'retry':
      machine.patchStatus({ abort: false })
      return
    case 'abortAlert':
      request(machine, 'abort')
      return
    case 'pauseAlert':
      request(machine, 'pause')
      return
    case 'heal':
      machine.heal()
      return
    case 'specPaused':
      machine.patchSpec({ paused: op.on })
      return
    case 'restart':
      machine.patchSpec({ restartAt: formatInstant(machine.now()) })
      return
    case 'unbind':
      machine.unbind(op.service)
      return
    case 'rename': {
      const { blueGreen } = machine.world().rollout.spec.strategy ?? {}
      if (blueGreen) machine.patchSpec({ strategy: { blueGreen: { ...blueGreen, activeService: op.activeService } } })
      return
    }
    case 'replicas':
      machine.patchSpec({ replicas: op.count })
      return
    case 'fail':
      machine.failPods((op.which === 'stable' ? status.stableRS : status.currentPodHash) ?? '', op.count)
      return
    case 'break':
      machine.breakPods(status.currentPodHash ?? '')
      return
    case 'runs':
      endRuns(machine, op.phase)
      return
    case 'route':
      machine.setRoute(op.weight)
      return
    case 'passes':
      for (let count = 0; count < op.count; count++) passOnce(machine)
      return
    case 'time':
      settle(machine)
      machine.run(op.seconds * SECOND)
  }
}

function endRuns(machine: Machine, phase: AnalysisPhase): void {
  for (const run of machine.world().analysisRuns)
    if (run.status?.phase === 'Running') machine.endRun(run.metadata.name, phase, `${phase} by the test`)
}

/** Faults stop and somebody resumes and answers the analyses: the end must be a phase that stays. */
function bringToRest(machine: Machine): string {
  machine.heal()
  machine.patchSpec({ paused: false })
  for (let round = 0; round < 40; round++) {
    machine.run(120 * SECOND)
    const { phase, abort } = machine.status()
    if (phase === 'Healthy' || (phase === 'Degraded' && abort)) return phase
    endRuns(machine, 'Successful')
    if ((machine.status().pauseConditions ?? []).length > 0) machine.patchStatus({ pauseConditions: null })
  }
  throw new Error(`L1: not at rest\n${machine.lines.slice(-16).join('\n')}`)
}

/** The first version is deployed and a second one is on its way: most of what can go wrong needs that. */
const BEGINNING: readonly Op[] = [
  { op: 'time', seconds: 90 },
  { op: 'image', version: 2 },
  { op: 'time', seconds: 31 },
]

const play = (s: Shape, ops: readonly Op[]): Machine => {
  const machine = createChecked(s)
  for (const op of BEGINNING) act(machine, op)
  for (const op of ops) act(machine, op)
  return machine
}

const told = (machine: Machine) => () => machine.lines.slice(-20).join('\n')

/** Whether anybody can take the users back: an abort waits for a pod of stable where there is no router to send them. */
function canTakeUsers(machine: Machine, stableRS: string, s: Shape): boolean {
  const stable = machine.world().replicaSets.find((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === stableRS)
  return stable !== undefined && (s.blueGreen === undefined || (stable.status?.availableReplicas ?? 0) > 0)
}

describe('properties of decisions: canary', () => propertiesOf(shape, anyOp))
describe('properties of decisions: blue-green', () =>
  propertiesOf(blueGreenShape, blueGreenOp, Number(process.env.PENSTOCK_RUNS ?? 75)))

function propertiesOf(shapes: fc.Arbitrary<Shape>, ops: fc.Arbitrary<Op>, numRuns = parameters.numRuns): void {
  test('every write keeps the invariants, and the rollout comes to rest (S1-S10, S19, S23, L1)', () => {
    fc.assert(
      fc.property(shapes, fc.array(ops, { minLength: 2, maxLength: 20, size: 'max' }), (s, played) => {
        const machine = play(s, played)
        const phase = bringToRest(machine)
        machine.run(3_600 * SECOND)
        assert.equal(machine.status().phase, phase, `S23: ${told(machine)()}`)
        assert.equal(JSON.stringify(decide(machine.world()).actions), '[]', 'S19: silence at rest')
      }),
      { ...parameters, numRuns },
    )
  })

  test('an abort takes all weight from the new revision within four passes, whatever else is wrong (L2)', () => {
    fc.assert(
      fc.property(shapes, fc.array(ops, { minLength: 2, maxLength: 20, size: 'max' }), (s, played) => {
        const machine = play({ ...s, lagSeconds: 0 }, played)
        passOnce(machine)
        const { currentPodHash = '', stableRS } = machine.status()
        machine.patchStatus({ abort: true })
        for (let passes = 0; passes < 4; passes++) passOnce(machine)
        if (currentPodHash === stableRS || stableRS === undefined) return
        if (canTakeUsers(machine, stableRS, s))
          assert.equal(weightOn(machine.truth(), currentPodHash), 0, told(machine)())
      }),
      { ...parameters, numRuns },
    )
  })
}

describe('properties of decisions: any input', () => {
  test('a hostile spec never makes the decision throw (S24)', () => {
    const anything = fc.anything({ maxDepth: 3, withNullPrototype: false })
    const started = createMachine({ rollout: rollout({ steps: plans[0] ?? [] }), templates: [gate] })
    started.run(40 * SECOND)
    const world = started.world()
    const { spec } = world.rollout
    fc.assert(
      fc.property(anything, (odd) => {
        const canary = { ...spec.strategy?.canary, steps: odd }
        const shapes = [
          odd,
          { ...spec, strategy: { canary: odd } },
          { ...spec, template: odd },
          { ...spec, strategy: { canary } },
        ]
        for (const shape of shapes) {
          const hostile = { ...world.rollout, spec: shape as Rollout['spec'] }
          assert.doesNotThrow(() => decide({ ...world, rollout: hostile }))
        }
      }),
      parameters,
    )
  })
})
