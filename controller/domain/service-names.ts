/** The Services that a Rollout's strategy names, whatever it is: for reading and watching them. It gives them no role. */
import type { Rollout } from '../api/rollout.ts'

/** Sorted as the spec lists them, each once. */
export function serviceNamesOf(rollout: Rollout): readonly string[] {
  const { canary, blueGreen } = rollout.spec?.strategy ?? {}
  const names = [
    canary?.stableService,
    canary?.canaryService,
    canary?.pingPong?.pingService,
    canary?.pingPong?.pongService,
    blueGreen?.activeService,
    blueGreen?.previewService,
  ]
  return [...new Set(names.flatMap((name) => (name ? [name] : [])))]
}
