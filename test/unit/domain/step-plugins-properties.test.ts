/**
 * Random interleavings of answers, lost answers, aborts, retries, promotions and commits around plugin steps. Whatever happens, a call is consumed
 * once, one call waits at a time, what was begun is undone in reverse and with bounded tries, and traffic waits for none of it.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COLOR_STEP } from '../../../controller/api/color-step.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { readStepEntries, type StepEntry } from '../../../controller/api/step-plugin-status.ts'
import { answerPhases, STEP_RESULTS, type StepAnswer } from '../../../controller/api/step-result.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine } from '../../golden/world-machine.ts'

const SECOND = 1_000
const parameters = {
  seed: Number(process.env.PENSTOCK_SEED ?? 20260101),
  numRuns: Number(process.env.PENSTOCK_RUNS ?? 12),
  includeErrorInReport: true,
}
const url = 'https://gate.example/'
const undo = { name: 'penstock/webhook', config: { url } }
const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'tools:1' }] }
const call = (config: object = {}): CanaryStep => ({ plugin: { name: 'penstock/webhook', config: { url, ...config } } })
const work: CanaryStep = {
  plugin: { name: 'penstock/job', config: { spec: { template: { spec: podSpec } }, compensate: undo } },
}
/** Spelled like the others and called by nobody. */
const color: CanaryStep = {
  plugin: { name: COLOR_STEP, config: { name: 'vip', match: [{ headers: [{ name: 'a', value: { exact: 'b' } }] }] } },
}
const trafficRouting = {
  managedRoutes: [{ name: 'vip' }],
  plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } },
}
const plans: readonly (readonly CanaryStep[])[] = [
  [call({ compensate: undo }), { setWeight: 20 }, work, { setWeight: 50 }, call({ tell: ['Terminate', 'Abort'] })],
  [{ setWeight: 30 }, call({ compensate: undo, tell: ['Terminate'] }), work, call({ compensate: undo }), { pause: {} }],
  [work, work, work, call()],
  [{ setWeight: 20 }, color, work, color, call({ compensate: undo })],
]

type Act = { readonly do: 'answer'; readonly phase: StepAnswer['phase'] } | { readonly do: (typeof others)[number] }
const others = ['lose', 'abort', 'retry', 'promoteFull', 'commit', 'revert', 'resume', 'skip'] as const
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('answer' as const), phase: fc.constant('Successful' as const) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('answer' as const), phase: fc.constantFrom(...answerPhases) }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom(...others) }) },
  ),
  { minLength: 5, maxLength: 30 },
)

function createPlay(steps: readonly CanaryStep[], compat: 'strict' | 'argo') {
  const machine = createMachine({ rollout: rollout({ steps, canary: { trafficRouting } }), compat, podDelayMs: SECOND })
  const consumed = new Set<string>()
  /** Steps whose undoing was called, by attempt, in the order of the first call. */
  const undone = new Map<string, number[]>()
  const failures = new Map<string, number>()
  let image = 1

  const entries = (): readonly StepEntry[] => readStepEntries(machine.status().canary?.stepPluginStatuses)
  function waiting(): StepEntry | undefined {
    const all = entries().filter(({ status }) => status.call !== undefined)
    assert.ok(all.length <= 1, `${all.length} calls wait`)
    assert.ok(
      entries().every(({ name }) => name !== COLOR_STEP),
      'a colour is called',
    )
    return all[0]
  }

  function observe(): void {
    const entry = waiting()
    const id = entry?.status.call
    if (!entry || id === undefined) return
    assert.ok(!consumed.has(id), `${id} is asked for again after its answer counted`)
    if (entry.operation !== 'Abort') return
    const attempt = entry.status.id.split('/').slice(0, 3).join('/')
    const order = undone.get(attempt) ?? []
    if (order.at(-1) !== entry.index) undone.set(attempt, [...order, entry.index])
    assert.ok(
      order.every((index) => index >= entry.index),
      `step ${entry.index} is undone after ${order.join()}`,
    )
  }

  function answer(phase: StepAnswer['phase']): void {
    const entry = waiting()
    if (!entry?.status.call) return
    const result = { call: entry.status.call, phase, at: formatInstant(machine.now()) }
    machine.annotate({ [STEP_RESULTS]: JSON.stringify([result]) })
    const before = entry.executions ?? 0
    machine.settle()
    consumed.add(result.call)
    const after = entries().find(
      ({ status, operation }) => status.id === entry.status.id && operation === entry.operation,
    )
    if (after) assert.equal(after.executions, before + 1, 'an answer counts once')
    if (entry.operation !== 'Run' && (phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive')) {
      const key = `${entry.status.id}/${entry.operation}`
      failures.set(key, (failures.get(key) ?? 0) + 1)
      assert.ok((failures.get(key) ?? 0) <= 5, `${key} is tried more than five times`)
    }
  }

  const play: Record<(typeof others)[number], () => void> = {
    /** The call was made and the answer lost with the process: it waits on, under the same id. */
    lose() {
      const before = waiting()?.status.call
      machine.settle()
      assert.equal(waiting()?.status.call, before)
    },
    abort: () => machine.patchStatus({ abort: true }),
    retry: () => machine.patchStatus({ abort: false }),
    promoteFull: () => machine.patchStatus({ promoteFull: true }),
    commit() {
      image += 1
      machine.setImage(`shop:${image}`)
    },
    revert: () => machine.setImage('shop:1'),
    resume: () => machine.patchStatus({ pauseConditions: null }),
    skip: () =>
      machine.patchStatus({ currentStepIndex: Math.min(steps.length, (machine.status().currentStepIndex ?? 0) + 1) }),
  }

  return {
    machine,
    entries,
    waiting,
    observe,
    answer,
    perform(act: Act): void {
      if (act.do === 'answer') answer(act.phase)
      else play[act.do]()
      machine.run(15 * SECOND)
      observe()
    },
  }
}

describe('plugin steps, whatever happens', () => {
  test('each answer counts once, undoing is in reverse and bounded, and everything ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...plans),
        fc.constantFrom('strict' as const, 'argo' as const),
        acts,
        (steps, compat, list) => {
          const { machine, perform, observe, answer, waiting, entries } = createPlay(steps, compat)
          machine.run(30 * SECOND)
          machine.setImage('shop:begin')
          machine.run(10 * SECOND)
          observe()
          for (const act of list) perform(act)
          for (let rounds = 0; rounds < 24; rounds += 1) {
            machine.run(40 * SECOND)
            observe()
            answer('Successful')
          }
          assert.equal(waiting(), undefined, 'a call still waits')
          const unfinished = entries().filter((entry) => entry.operation !== 'Run' && entry.finishedAt === undefined)
          assert.deepEqual(unfinished, [])
        },
      ),
      parameters,
    )
  })

  test('an abort takes traffic back though nobody ever answers', () => {
    fc.assert(
      fc.property(fc.constantFrom(...plans), fc.nat(6), (steps, answers) => {
        const { machine, answer } = createPlay(steps, 'strict')
        machine.run(30 * SECOND)
        machine.setImage('shop:begin')
        machine.run(10 * SECOND)
        for (let count = 0; count < answers; count += 1) {
          answer('Successful')
          machine.run(15 * SECOND)
        }
        if (machine.status().stableRS === machine.status().currentPodHash) return
        machine.patchStatus({ abort: true })
        machine.run(60 * SECOND)
        assert.equal(machine.route(), 0)
        assert.equal(machine.sizes()[machine.status().currentPodHash ?? ''] ?? 0, 0)
      }),
      { ...parameters, numRuns: 10 },
    )
  })
})
