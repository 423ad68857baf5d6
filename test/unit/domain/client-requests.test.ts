/**
 * Everything that clients write to ask for something (the plugin, Argo CD's actions, our CLI), at every point of an update, in both orders of
 * their two writes, with and without a pass in between, once and twice: no step is skipped or taken twice, and each request counts once (S10).
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import {
  abortPatches,
  type ClientPatch,
  pausePatches,
  promoteFullPatches,
  promotePatches,
  retryPatches,
} from '../../../controller/argo/client-patches.ts'
import { rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const analysis = { templates: [{ templateName: 'gate' }] }
const steps: readonly CanaryStep[] = [
  { setWeight: 25 },
  { pause: {} },
  { pause: {} },
  { analysis },
  { pause: { duration: 3_600 } },
  { setWeight: 50 },
  { setWeight: 75 },
  { analysis },
]
const blocks = (index: number): boolean => steps[index]?.pause !== undefined || steps[index]?.analysis !== undefined
/** The step at which an update rests that is at `from`: the next one that waits for people, time or a verdict. */
const restFrom = (from: number): number => {
  for (let at = from; at < steps.length; at++) if (blocks(at)) return at
  return steps.length
}

function createUpdate(): Machine {
  const machine = createMachine({ rollout: rollout({ replicas: 4, routed: false, steps }), templates: [gate] })
  machine.run(20_000)
  machine.setImage('shop:2')
  machine.pass()
  return machine
}

const indexOf = (machine: Machine): number => machine.status().currentStepIndex ?? -1
const isPaused = (machine: Machine): boolean => (machine.status().pauseConditions ?? []).length > 0
const current = (machine: Machine): Rollout => machine.world().rollout

/** Moments of an update: at each step, while it moves and at rest; by name. */
type Moment = readonly [name: string, reach: (machine: Machine) => void]

/** Passes on by clearing pauses and answering analyses until the update has come to `index` and rests there. */
function reach(machine: Machine, index: number): void {
  for (let round = 0; round < 30 && indexOf(machine) < index; round++) {
    machine.run(8_000)
    if (indexOf(machine) >= index) return
    if (isPaused(machine)) machine.patchStatus({ pauseConditions: null })
    for (const run of machine.world().analysisRuns)
      if (run.status?.phase === 'Running') machine.endRun(run.metadata.name, 'Successful')
    for (let passes = 0; passes < 4 && indexOf(machine) < index; passes++) machine.pass()
  }
  assert.equal(indexOf(machine), index, 'the moment is reached')
}

const moments: readonly Moment[] = [
  ['while the first weight is on its way', (machine) => machine.pass()],
  ['as the first pause begins', (machine) => reach(machine, 1)],
  ...[1, 2, 3, 4, 7].map(
    (index): Moment => [
      `at rest at step ${index}`,
      (machine) => {
        reach(machine, index)
        machine.run(4_000)
      },
    ],
  ),
  ['as the second weight begins', (machine) => reach(machine, 5)],
  [
    'halted by an analysis without a verdict',
    (machine) => {
      reach(machine, 3)
      machine.run(1_000)
      endRun(machine, 'Inconclusive')
      machine.run(1_000)
    },
  ],
]

function endRun(machine: Machine, phase: 'Inconclusive' | 'Successful'): void {
  const running = machine.world().analysisRuns.find((run) => run.status?.phase === 'Running')
  machine.endRun(running?.metadata.name ?? '', phase)
}

interface Client {
  readonly name: string
  readonly writes: (rollout: Rollout) => readonly ClientPatch[]
  /** Where the update rests after one request, given where it was. */
  readonly restsAt: (before: {
    readonly index: number
    readonly status: RolloutStatus
  }) => number | 'Healthy' | 'Degraded'
}

const status = (fields: RolloutStatus): ClientPatch => ({
  target: 'rollout',
  subresource: 'status',
  kind: 'merge',
  body: { status: fields },
})
const spec = (fields: Partial<Rollout['spec']>): ClientPatch => ({
  target: 'rollout',
  kind: 'merge',
  body: { spec: fields },
})
const next = (rollout: Rollout): number => (rollout.status?.currentStepIndex ?? 0) + 1
const isInconclusive = (one: RolloutStatus): boolean =>
  one.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun') ?? false
/** A pause is passed; so is the step of an unpaused update. A halt that is lifted asks its analysis again. */
const resumed = ({ index, status: before }: { index: number; status: RolloutStatus }): number =>
  restFrom((before.pauseConditions ?? []).length > 0 && !isInconclusive(before) ? index + 1 : index)
const skipped = ({ index }: { readonly index: number }): number => restFrom(index + 1)

const clients: readonly Client[] = [
  { name: 'promote', writes: promotePatches, restsAt: skipped },
  { name: 'promote --full', writes: promoteFullPatches, restsAt: () => 'Healthy' },
  { name: 'abort', writes: abortPatches, restsAt: () => 'Degraded' },
  { name: 'retry of what is not aborted', writes: retryPatches, restsAt: ({ index }) => restFrom(index) },
  {
    name: 'retry that removes abort',
    writes: () => [status({ abort: undefined })],
    restsAt: ({ index }) => restFrom(index),
  },
  {
    name: 'skip-current-step',
    writes: (one) => [status({ pauseConditions: null, currentStepIndex: next(one) })],
    restsAt: skipped,
  },
  {
    name: 'skip-current-step that leaves the pause',
    writes: (one) => [status({ currentStepIndex: next(one) })],
    restsAt: (before) => (isInconclusive(before.status) ? before.index + 1 : skipped(before)),
  },
  {
    name: 'resume of Argo CD',
    writes: () => [status({ pauseConditions: null }), spec({ paused: false })],
    restsAt: resumed,
  },
  {
    name: 'abort and promote --full at once',
    writes: () => [status({ abort: true, promoteFull: true })],
    restsAt: () => 'Degraded',
  },
]

function write(machine: Machine, patch: ClientPatch): void {
  const { status: fields, spec: more } = patch.body as { status?: RolloutStatus; spec?: Partial<Rollout['spec']> }
  if (fields) machine.patchStatus(fields)
  if (more) machine.patchSpec(more)
}

/** How the writes of one request arrive. */
const arrivals: Readonly<Record<string, (machine: Machine, client: Client) => void>> = {
  'in order': (machine, client) => {
    for (const patch of client.writes(current(machine))) write(machine, patch)
  },
  'in order, with a pass after each': (machine, client) => {
    for (const patch of client.writes(current(machine))) {
      write(machine, patch)
      machine.pass()
    }
  },
  'the other way round, with a pass in between': (machine, client) => {
    for (const patch of client.writes(current(machine)).toReversed()) {
      write(machine, patch)
      machine.pass()
    }
  },
  'sent twice before anybody looked': (machine, client) => {
    const patches = client.writes(current(machine))
    for (const patch of [...patches, ...patches]) write(machine, patch)
  },
}

/** Runs until nothing happens any more, and sees every step index that is written on the way. */
function rest(machine: Machine): readonly number[] {
  const seen: number[] = [indexOf(machine)]
  for (let ticks = 0; ticks < 80; ticks++) {
    const { plan, wrote } = machine.pass()
    if (seen.at(-1) !== indexOf(machine)) seen.push(indexOf(machine))
    assert.ok(
      !(machine.status().controllerPause === true && !isPaused(machine)),
      'controllerPause without a pause is answered by the first write',
    )
    if (wrote) continue
    if ((plan.wakeAtMs ?? Number.POSITIVE_INFINITY) - machine.now() > 120_000 && hasAllPods(machine)) return seen
    machine.run(5_000)
    if (seen.at(-1) !== indexOf(machine)) seen.push(indexOf(machine))
  }
  return seen
}

const hasAllPods = (machine: Machine): boolean =>
  machine.world().replicaSets.every((rs) => rs.status?.availableReplicas === rs.spec.replicas)

function check(machine: Machine, expected: number | 'Healthy' | 'Degraded'): void {
  const { phase, abort, promoteFull } = machine.status()
  if (expected === 'Healthy' || expected === 'Degraded') assert.equal(phase, expected)
  else assert.equal(indexOf(machine), expected)
  assert.notEqual(promoteFull, true, 'a full promotion is consumed')
  if (expected === 'Degraded') assert.equal(abort, true)
}

for (const client of clients)
  describe(`${client.name}:`, () => {
    for (const [moment, arrive] of moments)
      for (const [arrival, send] of Object.entries(arrivals))
        test(`${moment}, ${arrival}`, () => {
          const machine = createUpdate()
          arrive(machine)
          const before = { index: indexOf(machine), status: machine.status() }
          send(machine, client)
          const seen = rest(machine)
          check(machine, client.restsAt(before))
          const isForward = seen.every((index, at) => at === 0 || index >= (seen[at - 1] ?? 0))
          assert.ok(isForward || machine.status().abort === true, `step index went ${seen.join(', ')}`)
          const isAlone = client.name !== 'promote --full'
          const hasNoGap = seen.every((index, at) => at === 0 || index - (seen[at - 1] ?? 0) <= 1)
          if (isAlone) assert.ok(hasNoGap, `step index went ${seen.join(', ')}`)
        })
  })

describe('a Rollout that spec.paused holds as well:', () => {
  for (const [moment, arrive] of moments.filter(
    ([name]) => name.startsWith('at rest at step') || name.startsWith('as'),
  ))
    for (const [arrival, send] of Object.entries(arrivals)) {
      test(`promote ${moment}, ${arrival}`, () => {
        const machine = createUpdate()
        arrive(machine)
        for (const patch of pausePatches()) write(machine, patch)
        machine.run(5_000)
        const before = { index: indexOf(machine), status: machine.status() }
        send(machine, { name: 'promote', writes: promotePatches, restsAt: skipped })
        rest(machine)
        check(machine, skipped(before))
      })

      test(`resume of Argo CD ${moment}, ${arrival}`, () => {
        const machine = createUpdate()
        arrive(machine)
        for (const patch of pausePatches()) write(machine, patch)
        machine.run(5_000)
        const before = { index: indexOf(machine), status: machine.status() }
        const writes = () => [status({ pauseConditions: null }), spec({ paused: false })]
        send(machine, { name: 'resume', writes, restsAt: resumed })
        rest(machine)
        check(machine, resumed(before))
      })
    }

  test('nothing moves until somebody says so, however long it lasts', () => {
    const machine = createUpdate()
    reach(machine, 4)
    machine.run(4_000)
    for (const patch of pausePatches()) write(machine, patch)
    machine.run(10 * 3_600_000)
    assert.equal(indexOf(machine), 4)
    const { startTime } = machine.status().pauseConditions?.[0] ?? {}
    machine.patchSpec({ paused: false })
    rest(machine)
    assert.equal(indexOf(machine), 7, `the hour since ${startTime} is over`)
  })
})

describe('after an abort:', () => {
  for (const [name, patches] of Object.entries({
    'abort false': retryPatches(),
    'abort removed': [status({ abort: undefined })],
  }))
    for (const [arrival, send] of Object.entries(arrivals))
      test(`${name}, ${arrival}: the steps from the start, once`, () => {
        const machine = createUpdate()
        reach(machine, 4)
        write(machine, status({ abort: true }))
        rest(machine)
        send(machine, { name, writes: () => patches, restsAt: () => 1 })
        assert.equal(rest(machine).at(-1), 1)
        assert.equal(machine.status().phase, 'Paused')
      })

  test('a promote does not lift it', () => {
    const machine = createUpdate()
    reach(machine, 4)
    write(machine, status({ abort: true }))
    rest(machine)
    for (const patch of promotePatches(current(machine))) write(machine, patch)
    rest(machine)
    assert.equal(machine.status().phase, 'Degraded')
  })

  test('abort and retry within a second are two tries', () => {
    const machine = createUpdate()
    reach(machine, 3)
    const moments: (string | null | undefined)[] = []
    for (let round = 0; round < 3; round++) {
      write(machine, status({ abort: true }))
      machine.pass()
      moments.push(machine.status().abortedAt)
      write(machine, status({ abort: false }))
      machine.pass()
    }
    assert.equal(new Set(moments).size, 3, moments.join(', '))
  })
})

describe('what is asked for at rest:', () => {
  for (const fields of [{ promoteFull: true }, { pauseConditions: null }] as const)
    test(`${Object.keys(fields).join()} changes nothing and is gone`, () => {
      const machine = createMachine({ rollout: rollout({ replicas: 2, routed: false, steps }), templates: [gate] })
      machine.run(60_000)
      machine.patchStatus(fields)
      machine.run(60_000)
      assert.equal(machine.status().phase, 'Healthy')
      assert.notEqual(machine.status().promoteFull, true)
    })
})
