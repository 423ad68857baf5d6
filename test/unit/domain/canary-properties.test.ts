/**
 * Random stories of routed canaries with everything that moves pods and traffic apart: stable that gives up pods, Services that exchange their
 * parts, managed routes, routers that never confirm, autoscalers, routes that vanish. Every write is checked; every story has to come to rest.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COLOR_STEP } from '../../../controller/api/color-step.ts'
import { POD_TEMPLATE_HASH, PROPAGATION_SECONDS } from '../../../controller/api/labels.ts'
import type { CanaryStep, CanaryStrategy } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'
import { checkWrite, weightOn } from './invariants.ts'

const SECOND = 1_000
const parameters = {
  seed: Number(process.env.PENSTOCK_SEED ?? 20260102),
  numRuns: Number(process.env.PENSTOCK_RUNS ?? 150),
  includeErrorInReport: true,
}

const beta = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }
const shadow = { name: 'shadow', match: [{ path: { prefix: '/' } }], percentage: 50 }
const users = (to?: number): CanaryStep => ({
  plugin: {
    name: COLOR_STEP,
    config: {
      name: 'users',
      match: to === undefined ? [] : [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to } }],
    },
  },
})
const plans: readonly (readonly CanaryStep[])[] = [
  [{ setWeight: 25 }, { pause: { duration: 30 } }, { setWeight: 75 }, { pause: {} }],
  [
    { setCanaryScale: { replicas: 1 } },
    { setHeaderRoute: beta },
    { pause: {} },
    { setCanaryScale: { matchTrafficWeight: true } },
    { setWeight: 40 },
    { pause: {} },
  ],
  [
    { setWeight: 10 },
    { setHeaderRoute: beta },
    { setMirrorRoute: shadow },
    { pause: { duration: 10 } },
    { setHeaderRoute: { name: 'beta' } },
    { setWeight: 60 },
    { pause: {} },
    { setWeight: 20 },
    { pause: {} },
  ],
  [
    { setCanaryScale: { replicas: 1 } },
    users(50),
    { setHeaderRoute: beta },
    { pause: {} },
    users(200),
    { setHeaderRoute: { name: 'beta' } },
    { setCanaryScale: { matchTrafficWeight: true } },
    { setWeight: 30 },
    users(),
    { pause: { duration: 20 } },
    { setWeight: 60 },
    users(900),
    { pause: {} },
  ],
  [{ setWeight: 100 }, { pause: {} }],
]

const destinationRule = { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' }

interface Shape {
  readonly steps: number
  readonly replicas: number
  readonly dynamic: boolean
  /** What plays the two parts: Services, Services that change parts, subsets of one Service, or those with two Services beside them. */
  readonly parts: 'services' | 'pingPong' | 'subsets' | 'both'
  readonly abortDelay: number | undefined
  readonly minPods: number | undefined
  readonly confirms: boolean
  readonly lagSeconds: number
}

const shape: fc.Arbitrary<Shape> = fc.record({
  steps: fc.nat(plans.length - 1),
  replicas: fc.constantFrom(4, 1, 3, 7, 10),
  dynamic: fc.constantFrom(true, true, false),
  parts: fc.constantFrom('services', 'pingPong', 'subsets', 'both'),
  abortDelay: fc.constantFrom(undefined, undefined, 0, 5, 60),
  minPods: fc.constantFrom(undefined, undefined, 2),
  confirms: fc.constantFrom(true, true, false),
  lagSeconds: fc.constantFrom(0, 4, 20),
})

type Op =
  | { readonly op: 'promote' | 'promoteFull' | 'abort' | 'retry' | 'heal' | 'skip' | 'gone' | 'back' | 'damage' }
  | { readonly op: 'image'; readonly version: number }
  | { readonly op: 'replicas'; readonly count: number }
  | { readonly op: 'fail'; readonly which: 'current' | 'stable'; readonly count: number }
  | { readonly op: 'route'; readonly weight: number | undefined }
  | { readonly op: 'passes'; readonly count: number }
  | { readonly op: 'time'; readonly seconds: number }

const anyOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .constantFrom('promote', 'promote', 'abort', 'retry', 'promoteFull', 'heal', 'skip', 'gone', 'back', 'damage')
      .map((op): Op => ({ op })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map((version): Op => ({ op: 'image', version })) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 2, 4, 8, 11).map((count): Op => ({ op: 'replicas', count })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('current' as const, 'stable' as const), fc.integer({ min: 1, max: 4 }))
      .map(([which, count]): Op => ({ op: 'fail', which, count })),
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

/** How long traffic must have been gone before the last pod goes; the truth about the lag is the model's own. */
const delayOf = (s: Shape, isAborted: boolean): number => {
  if (s.dynamic) return isAborted ? (s.abortDelay ?? 0) : 0
  return isAborted ? (s.abortDelay ?? 30) : 30
}

function createChecked(s: Shape): Machine {
  const reachedMs = new Map<string, number>()
  const canary: Partial<CanaryStrategy> = {
    dynamicStableScale: s.dynamic,
    ...(s.parts === 'pingPong' ? { pingPong: { pingService: 'ping', pongService: 'pong' } } : {}),
    ...(s.parts === 'subsets' ? { stableService: undefined, canaryService: undefined } : {}),
    ...(s.abortDelay === undefined ? {} : { abortScaleDownDelaySeconds: s.abortDelay }),
    ...(s.minPods === undefined ? {} : { minPodsPerReplicaSet: s.minPods }),
    trafficRouting: {
      managedRoutes: [{ name: 'shadow' }, { name: 'users' }, { name: 'beta' }],
      ...(s.parts === 'subsets' || s.parts === 'both'
        ? { istio: { virtualService: { name: 'shop' }, destinationRule } }
        : { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } }),
    },
  }
  const base = rollout({ replicas: s.replicas, steps: plans[s.steps] ?? [], canary })
  const annotations = { [PROPAGATION_SECONDS]: '25' }
  const machine: Machine = createMachine({
    rollout: { ...base, metadata: { ...base.metadata, annotations } },
    confirmation: s.confirms ? 'confirmed' : 'unknown',
    confirmDelayMs: s.lagSeconds * SECOND,
    endpointDelayMs: (s.lagSeconds * SECOND) / 2,
    onWrite(action, truth) {
      const { abort, currentPodHash = '', stableRS } = truth.world.rollout.status ?? {}
      const aborted = abort && currentPodHash !== stableRS ? { podHash: currentPodHash } : undefined
      checkWrite({ truth, action, aborted })
      for (const rs of truth.world.replicaSets) {
        const hash = rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
        if (weightOn(truth, hash) > 0) reachedMs.set(hash, machine.now())
      }
      if (action.do !== 'scale' || action.to > 0 || truth.world.rollout.spec.replicas === 0) return
      const hash = action.replicaSet.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
      const sinceMs = machine.now() - (reachedMs.get(hash) ?? Number.NEGATIVE_INFINITY)
      if (sinceMs < delayOf(s, aborted?.podHash === hash) * SECOND)
        throw new Error(`S5: ${hash} goes to 0 only ${sinceMs} ms after traffic left it`)
    },
  })
  return machine
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
      const count = machine.world().rollout.spec.strategy?.canary?.steps?.length ?? 0
      const currentStepIndex = Math.min((status.currentStepIndex ?? 0) + 1, count)
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
    case 'heal':
      machine.heal()
      return
    case 'gone':
      machine.removeRoute()
      return
    case 'back':
      if (machine.world().routes[0]?.isGone) machine.restoreRoute()
      return
    case 'damage':
      machine.damageRoute('beta')
      machine.damageRoute('users')
      return
    case 'replicas':
      machine.patchSpec({ replicas: op.count })
      return
    case 'fail':
      machine.failPods((op.which === 'stable' ? status.stableRS : status.currentPodHash) ?? '', op.count)
      return
    case 'route':
      machine.setRoute(op.weight)
      return
    case 'passes':
      for (let count = 0; count < op.count; count++) machine.pass()
      return
    case 'time':
      machine.run(op.seconds * SECOND)
  }
}

const BEGINNING: readonly Op[] = [
  { op: 'time', seconds: 200 },
  { op: 'image', version: 2 },
  { op: 'time', seconds: 70 },
]

const play = (s: Shape, ops: readonly Op[]): Machine => {
  const machine = createChecked(s)
  for (const op of [...BEGINNING, ...ops]) act(machine, op)
  return machine
}

/** Faults stop and people answer: the end must be a phase that stays. */
function bringToRest(machine: Machine): string {
  machine.heal()
  if (machine.world().routes[0]?.isGone) machine.restoreRoute()
  for (let round = 0; round < 40; round++) {
    machine.run(300 * SECOND)
    const { phase, abort } = machine.status()
    if (phase === 'Healthy' || (phase === 'Degraded' && abort)) return phase
    if ((machine.status().pauseConditions ?? []).length > 0) machine.patchStatus({ pauseConditions: null })
  }
  throw new Error('L1: not at rest')
}

const stories = fc.tuple(shape, fc.array(anyOp, { minLength: 2, maxLength: 20, size: 'max' }))
const told = (machine: Machine) => machine.lines.slice(-24).join('\n')

describe('properties of routed canaries', () => {
  test('every write keeps the invariants, and every story ends and stays ended (S1-S8, S19, S21, S23, L1)', () => {
    fc.assert(
      fc.property(stories, ([s, ops]) => {
        const machine = play(s, ops)
        const phase = bringToRest(machine)
        machine.run(3_600 * SECOND)
        assert.equal(machine.status().phase, phase, `S23: ${told(machine)}`)
        assert.equal(JSON.stringify(decide(machine.world()).actions), '[]', `S19: ${told(machine)}`)
        assert.deepEqual(machine.world().routes[0]?.managedRoutes, [], `S21: ${told(machine)}`)
      }),
      parameters,
    )
  })

  test('an abort ends: no traffic is left on the revision, and its pods go unless they were to stay (L2, AR#4898)', () => {
    fc.assert(
      fc.property(stories, ([s, ops]) => {
        const machine = play(s, ops)
        machine.pass()
        machine.patchStatus({ abort: true })
        machine.heal()
        if (machine.world().routes[0]?.isGone) machine.restoreRoute()
        machine.run(600 * SECOND)
        const { currentPodHash = '', stableRS } = machine.status()
        if (currentPodHash === stableRS || stableRS === undefined || machine.status().abort !== true) return
        assert.equal(weightOn(machine.truth(), currentPodHash), 0, told(machine))
        if (s.abortDelay !== 0) assert.equal(machine.sizes()[currentPodHash] ?? 0, 0, told(machine))
      }),
      { ...parameters, seed: parameters.seed + 1 },
    )
  })
})
