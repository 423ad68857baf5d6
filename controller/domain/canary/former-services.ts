/**
 * Whether a Service that a canary names no more may take every pod of the Rollout. Without a router every pod serves, but not more of the new
 * ones than the step in force wants; with a router no pod gets users but through the two Services.
 */
import { specReplicas } from '../replicas.ts'
import { ratioTarget } from './ratio.ts'
import type { CanaryView } from './view.ts'

export const everyPodServes = (view: CanaryView): boolean =>
  !view.routed &&
  specReplicas(view.newRs) <= ratioTarget(view).canary &&
  view.others.every((rs) => specReplicas(rs) === 0)
