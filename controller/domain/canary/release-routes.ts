/**
 * When the names of this controller go from the field managers of objects that it shares with others: once an update has ended, nothing of it is left
 * in the routers, and nothing else is to be done. While we are on record as a field's owner, whoever leaves our fields alone (Argo CD with
 * managedFieldsManagers) never writes them again (AR#3854). The values stay; only the claim on them goes. It must not decide what they say.
 */
import type { Part } from '../plan.ts'
import { readReversals } from './reversals.ts'
import { isQuiet } from './traffic.ts'
import type { CanaryView } from './view.ts'

/** @param moves what the pass does besides: a write to come would claim the fields again */
export function releaseRoutes(view: CanaryView, moves: Part): Part {
  const objects = [...new Set(view.world.routes.flatMap(({ held = [] }) => held))].sort()
  const hasEnded = view.mode === 'steady' || view.mode === 'aborted'
  if (!view.routed || objects.length === 0 || !hasEnded) return {}
  const isBusy = (moves.actions ?? []).some((action) => action.do !== 'annotateRollout')
  const isUntidy = view.world.routes.some((route) => route.isUntidy)
  // A fight would double with every correction.
  const isFought = readReversals(view.world) !== undefined
  if (isBusy || isUntidy || isFought || !view.settled || !isQuiet(view)) return {}
  return { actions: [{ do: 'releaseRoutes', objects }] }
}
