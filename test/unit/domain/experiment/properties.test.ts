/**
 * Random stories of an experiment: pods that come, fail and go, verdicts, traffic, people, time. Whatever happens, nothing is taken from under
 * traffic, nothing is begun after the end, no end is taken back, no success comes without its evidence, and every story comes to rest. Seeds are
 * fixed so that a failure repeats; `PENSTOCK_SEED` and `PENSTOCK_RUNS` widen the search.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type AnalysisPhase, isCompleted } from '../../../../controller/api/analysis.ts'
import { decideExperiment } from '../../../../controller/domain/experiment/decide.ts'
import type { ExperimentAction } from '../../../../controller/domain/experiment/plan.ts'
import type { ExperimentWorld } from '../../../../controller/domain/experiment/world.ts'
import { experiment, template } from '../../../builders/experiment.ts'
import { createExperimentMachine, type ExperimentMachine } from '../../../golden/experiment-machine.ts'
import { gate } from '../../../golden/scenarios/scenario.ts'

const SECOND = 1_000
const parameters = {
  seed: Number(process.env.PENSTOCK_SEED ?? 20260101),
  numRuns: Number(process.env.PENSTOCK_RUNS ?? 50),
  includeErrorInReport: true,
}

type Deed =
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'verdict'; readonly phase: AnalysisPhase; readonly at: number }
  | { readonly do: 'fail'; readonly name: string }
  | { readonly do: 'break'; readonly name: string }
  | { readonly do: 'route'; readonly names: readonly string[] }
  | { readonly do: 'resize'; readonly replicas: number }
  | { readonly do: 'terminate' }
  | { readonly do: 'retry' }
  | { readonly do: 'drop' }

const name = fc.constantFrom('trial-baseline', 'trial-canary')
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('verdict' as const),
      phase: fc.constantFrom<AnalysisPhase>('Successful', 'Successful', 'Failed', 'Error', 'Inconclusive'),
      at: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'break' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('route' as const), names: fc.subarray(['trial-baseline', 'trial-canary']) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), replicas: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('terminate' as const, 'retry' as const, 'drop' as const) }) },
)

const baseline = template('baseline', { service: {} })
const canary = template('canary', { service: {} })

const setting = fc.record({
  duration: fc.constantFrom('0s', '30s', '10m'),
  scaleDownDelaySeconds: fc.constantFrom(0, 5, 30),
  progressDeadlineSeconds: fc.constantFrom(20, 600),
  required: fc.constantFrom([], [false], [true], [true, false]),
  compat: fc.constantFrom('strict' as const, 'argo' as const),
})

type Deeds = { readonly [Kind in Deed['do']]: (machine: ExperimentMachine, deed: Extract<Deed, { do: Kind }>) => void }

const deeds: Deeds = {
  wait: (machine, { seconds }) => machine.run(seconds * SECOND),
  verdict(machine, { at, phase }) {
    const run = machine.world().analysisRuns.filter(({ status }) => !isCompleted(status?.phase))[at]
    if (run) machine.endRun(run.metadata.name, phase, 'verdict')
  },
  fail: (machine, { name: of }) => machine.failPods(of),
  break: (machine, { name: of }) => machine.breakPods(of),
  route: (machine, { names }) => machine.routeTo(names),
  resize: (machine, { replicas }) => machine.patchSpec({ templates: [baseline, { ...canary, replicas }] }),
  drop: (machine) => machine.patchSpec({ templates: [baseline] }),
  terminate: (machine) => machine.patchSpec({ terminate: true }),
  retry(machine) {
    machine.patchSpec({ terminate: false })
    machine.clearStatus()
  },
}

function perform<Kind extends Deed['do']>(machine: ExperimentMachine, one: Extract<Deed, { do: Kind }>): void {
  const act = deeds[one.do] as (machine: ExperimentMachine, deed: Deed) => void
  act(machine, one)
}

function checkWrite(action: ExperimentAction, { experiment: seen, services, routedServices }: ExperimentWorld): void {
  const { status, spec } = seen
  const isOver = isCompleted(status?.phase) || spec.terminate === true
  const begins = ['createReplicaSet', 'createService', 'createAnalysisRun'].includes(action.do)
  assert.ok(!(begins && isOver), `${action.do} though the experiment is over`)
  if (action.do === 'createAnalysisRun') assert.ok(status?.availableAt, 'a run before the pods were there')
  if (action.do === 'deleteService')
    assert.ok(!routedServices.includes(action.service.metadata.name), 'a Service is deleted under traffic')
  if (action.do !== 'scale' || action.to > 0) return
  const marks = action.replicaSet.metadata.annotations?.['experiment.argoproj.io/template-name']
  const own = services.find(({ metadata }) => metadata.annotations?.['experiment.argoproj.io/template-name'] === marks)
  assert.ok(
    !own || !routedServices.includes(own.metadata.name) || action.replicaSet.spec.replicas === 0,
    'pods go under traffic',
  )
}

/** Strict: whoever asked for evidence got it. */
function checkEvidence(world: ExperimentWorld): void {
  const { spec, status } = world.experiment
  const analyses = spec.analyses ?? []
  if (status?.phase !== 'Successful' || analyses.length === 0) return
  const required = analyses.filter(({ requiredForCompletion }) => requiredForCompletion)
  const phaseOf = (analysis: string) => status.analysisRuns?.find((run) => run.name === analysis)?.phase
  for (const analysis of required.length > 0 ? required : analyses)
    assert.equal(phaseOf(analysis.name), 'Successful', `success without ${analysis.name}`)
}

describe('whatever happens to an experiment', () => {
  test('the invariants hold', () => {
    fc.assert(
      fc.property(setting, fc.array(deed, { minLength: 1, maxLength: 14 }), (shape, story) => {
        const { required, compat, ...spec } = shape
        const analyses = required.map((one, at) => ({
          name: `a${at}`,
          templateName: 'gate',
          requiredForCompletion: one,
        }))
        const machine = createExperimentMachine({
          experiment: experiment({ ...spec, templates: [baseline, canary], analyses }),
          templates: [gate],
          compat,
          onWrite: checkWrite,
        })
        machine.settle()
        for (const one of story) {
          const before = machine.status().phase
          perform(machine, one)
          machine.settle()
          const after = machine.status().phase
          if (isCompleted(before) && one.do !== 'retry') assert.equal(after, before, 'an end is taken back')
          if (compat === 'strict' && !isCompleted(before)) checkEvidence(machine.world())
          const world = machine.world()
          assert.deepEqual(decideExperiment(world), decideExperiment(structuredClone(world)))
        }
        machine.routeTo([])
        machine.patchSpec({ terminate: true })
        machine.settle()
        for (const run of machine.world().analysisRuns)
          if (!isCompleted(run.status?.phase)) machine.endRun(run.metadata.name, 'Inconclusive')
        machine.run(120 * SECOND)
        assert.ok(isCompleted(machine.status().phase), `it does not end: ${machine.status().phase}`)
        assert.deepEqual(
          [Object.values(machine.sizes()).filter(Boolean), machine.serviceNames()],
          [[], []],
          'something is left',
        )
      }),
      parameters,
    )
  })
})
