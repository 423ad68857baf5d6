/** The golden stories: what happens to a Rollout or an Experiment, in the order in which it happens. Each is printed to `<name>.txt` beside this file. */
import { createExperimentMachine } from './experiment-machine.ts'
import { backgroundScenarios } from './scenarios/background.ts'
import { blueGreenScenarios } from './scenarios/blue-green.ts'
import { canaryScenarios } from './scenarios/canary.ts'
import { deadlineScenarios } from './scenarios/deadline.ts'
import { driftScenarios } from './scenarios/drift.ts'
import { dynamicScenarios } from './scenarios/dynamic.ts'
import { type ExperimentScenario, experimentScenarios } from './scenarios/experiment.ts'
import { experimentStepScenarios } from './scenarios/experiment-step.ts'
import { hpaScenarios } from './scenarios/hpa.ts'
import { managedRouteScenarios } from './scenarios/managed-routes.ts'
import { pingPongScenarios } from './scenarios/ping-pong.ts'
import { antiAffinityScenarios, podMetadataScenarios } from './scenarios/pod-metadata.ts'
import { requestScenarios } from './scenarios/requests.ts'
import { restartScenarios } from './scenarios/restart.ts'
import { rollbackWindowScenarios } from './scenarios/rollback-window.ts'
import { routedScenarios } from './scenarios/routed.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { stepPluginScenarios } from './scenarios/step-plugins.ts'
import { subsetScenarios } from './scenarios/subsets.ts'
import { takeoverScenarios } from './scenarios/takeover.ts'
import { unroutedServiceScenarios } from './scenarios/unrouted-services.ts'
import { workloadRefScenarios } from './scenarios/workload-ref.ts'
import { createMachine } from './world-machine.ts'

export const scenarios: readonly Scenario[] = [
  ...canaryScenarios,
  ...backgroundScenarios,
  ...routedScenarios,
  ...driftScenarios,
  ...managedRouteScenarios,
  ...unroutedServiceScenarios,
  ...pingPongScenarios,
  ...subsetScenarios,
  ...dynamicScenarios,
  ...blueGreenScenarios,
  ...experimentStepScenarios,
  ...stepPluginScenarios,
  ...takeoverScenarios,
  ...workloadRefScenarios,
  ...restartScenarios,
  ...rollbackWindowScenarios,
  ...deadlineScenarios,
  ...requestScenarios,
  ...hpaScenarios,
  ...podMetadataScenarios,
  ...antiAffinityScenarios,
]

export function tellStory({ options, play }: Scenario): string {
  const machine = createMachine(options)
  play(machine)
  return `${machine.lines.join('\n')}\n`
}

function tellExperiment({ options, play }: ExperimentScenario): string {
  const machine = createExperimentMachine(options)
  play(machine)
  return `${machine.lines.join('\n')}\n`
}

export interface Story {
  readonly name: string
  readonly tell: () => string
}

export const stories: readonly Story[] = [
  ...scenarios.map((scenario) => ({ name: scenario.name, tell: () => tellStory(scenario) })),
  ...experimentScenarios.map((scenario) => ({ name: scenario.name, tell: () => tellExperiment(scenario) })),
]
