/** The golden stories: what happens to a Rollout, in the order in which it happens. Each is printed to `<name>.txt` beside this file. */
import { canaryScenarios } from './scenarios/canary.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { createMachine } from './world-machine.ts'

export const scenarios: readonly Scenario[] = [...canaryScenarios]

export function tellStory({ options, play }: Scenario): string {
  const machine = createMachine(options)
  play(machine)
  return `${machine.lines.join('\n')}\n`
}
