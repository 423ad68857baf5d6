/** A user's manifest as a scenario of the simulator, with what Prometheus has to answer and what was taken for granted. */
import type { SimulationOrder } from '../../cli/simulate/simulator.ts'
import type { Scenario } from '../run/scenario.ts'
import { type MeasuredTemplates, measureTemplates } from './measured-templates.ts'
import { readGatewayConfig } from './unmodelled.ts'
import { takeObjects } from './user-objects.ts'
import { takeRollout } from './user-rollout.ts'

export interface UserScenario {
  /** The times of pods and gateway are those of a seed. */
  readonly scenario: Omit<Scenario, 'podReadyMs' | 'gatewayLagMs'>
  readonly answers: MeasuredTemplates['answers']
  readonly assumptions: readonly string[]
}

export function makeUserScenario(order: SimulationOrder): UserScenario {
  const { rollout, assumptions } = takeRollout(order.rollout)
  const measured = measureTemplates(rollout, order.templates, order.compat)
  const taken = takeObjects(rollout, order.objects, order.templates)
  const { namespace = 'default' } = rollout.metadata
  const templates = measured.templates.map((template) => ({
    ...template,
    metadata: { name: template.metadata.name, ...(template.kind === 'AnalysisTemplate' ? { namespace } : {}) },
  }))
  const { blueGreen } = rollout.spec.strategy ?? {}
  return {
    scenario: {
      strategy: blueGreen ? 'blue-green' : readGatewayConfig(rollout) ? 'canary' : 'canary without a router',
      rollout,
      objects: [...taken.objects, ...templates],
      direct: taken.direct,
    },
    answers: measured.answers,
    assumptions: [...assumptions, ...taken.assumptions, ...measured.assumptions],
  }
}
