/** `penstock list`: every rollout of a namespace, or of the cluster, one line each. It reads only. */
import { listRollouts } from '../cluster/observe.ts'
import type { CliDeps } from '../deps.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'
import { createStyle, printable, renderColumns, renderStatus } from '../terminal.ts'
import { renderAge } from '../view/age.ts'
import { type RolloutView, viewRollout } from '../view/rollout-view.ts'

export interface ListOptions extends CommonOptions {
  readonly allNamespaces?: boolean
}

export const runList = (options: ListOptions, deps: CliDeps): Promise<void> =>
  withConnection(deps, options, async ({ client, namespace }) => {
    const rollouts = await listRollouts(client, options.allNamespaces === true ? undefined : namespace)
    const atMs = deps.clock.now()
    const bare = { replicaSets: [], pods: [], analysisRuns: [], experiments: [], atMs }
    const views = rollouts.map((rollout) => viewRollout({ rollout, ...bare }))
    if (options.json === true) return sendJson(deps, { rollouts: views.map(summarizeView) })
    if (views.length === 0)
      return deps.terminal.out(
        options.allNamespaces === true
          ? 'there are no rollouts in this cluster\n'
          : `there are no rollouts in namespace "${namespace}" (all namespaces: -A)\n`,
      )
    const style = createStyle({ unicode: deps.terminal.unicode, color: deps.terminal.color && options.color !== false })
    const rows = views.map((view) => [
      view.namespace,
      view.name,
      view.strategy,
      renderStatus(style, view.phase),
      view.step ? `${view.step.index}/${view.step.count}` : '-',
      view.setWeight === undefined ? '-' : `${view.setWeight}`,
      `${view.replicas.ready}/${view.replicas.desired}`,
      `${view.replicas.updated}`,
      renderAge(view.creationTimestamp, atMs),
      printable(view.message),
    ])
    const heads = [
      'NAMESPACE',
      'NAME',
      'STRATEGY',
      'STATUS',
      'STEP',
      'SET-WEIGHT',
      'READY',
      'UPDATED',
      'AGE',
      'MESSAGE',
    ]
    deps.terminal.out(`${renderColumns([heads, ...rows])}\n`)
  })

/** A list has read no pods, so it says nothing that depends on them. */
const summarizeView = ({ revisions: _revisions, images: _images, actualWeight: _weight, ...rest }: RolloutView) => rest
