/**
 * Reads what a decision about one AnalysisRun needs: the run as of our last write or newer, how it wants to be read, and the time. It must not
 * decide.
 */

import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { COMPAT, INSTANCE_ID } from '../../controller/api/labels.ts'
import type { RunWorld } from '../domain/decide.ts'
import type { RunDeps } from './deps.ts'

export type Observation =
  | { readonly kind: 'gone' }
  /** The cache is older than our last write; deciding now could measure twice. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'world'; readonly world: RunWorld }

export async function observe(key: string, deps: RunDeps): Promise<Observation> {
  const [namespace = '', name = ''] = key.split('/')
  await deps.fence.catchUp(key)
  if (deps.fence.behind(key).length > 0) return { kind: 'behind' }
  const run = deps.runs.get(namespace, name)
  if (!run) return { kind: 'gone' }
  if (!isOurs(run, deps) || run.metadata.deletionTimestamp !== undefined) return { kind: 'gone' }
  const wish = run.metadata.annotations?.[COMPAT]
  const mode = wish === 'argo' || wish === 'strict' ? wish : deps.config.compat
  const nextLooks = deps.nextLooks.get(run.metadata.uid ?? '')
  return {
    kind: 'world',
    world: { run, mode, now: deps.clock.now(), ...(nextLooks === undefined ? {} : { nextLooks }) },
  }
}

const isOurs = (run: AnalysisRun, deps: RunDeps): boolean =>
  run.metadata.labels?.[INSTANCE_ID] === deps.config.instanceId
