/**
 * Draws one rollout: the summary on top, then the tree revision → ReplicaSets → pods, AnalysisRuns → metrics. Pure text; it must not
 * compute anything that the `--json` document does not hold.
 */
import { printable, renderColumns, renderStatus, type Style, type Tone, toneOf } from '../terminal.ts'
import { renderAge, renderSpan } from './age.ts'
import { type AnalysisRunView, describeMetric } from './analysis-run-view.ts'
import { cutTold } from './gate-verdicts.ts'
import type { PodView } from './pod-view.ts'
import type { ReplicaSetView, RevisionView, RolloutView } from './rollout-view.ts'

interface Node {
  readonly name: string
  readonly kind: string
  readonly status: string
  readonly tone?: Tone
  readonly creationTimestamp?: string
  readonly info: string
  readonly children: readonly Node[]
}

/** Ends without a line break. */
export function renderTree(view: RolloutView, style: Style, nowMs: number): string {
  const rows = [['NAME', 'KIND', 'STATUS', 'AGE', 'INFO'], ...renderNode(rootNode(view), style, nowMs, '', '')]
  return `${renderSummary(view, style)}\n\n${renderColumns(rows)}`
}

function renderSummary(view: RolloutView, style: Style): string {
  const images = view.images.map(
    ({ image, roles }) => `${printable(image)}${roles.length > 0 ? ` (${roles.join(', ')})` : ''}`,
  )
  const { replicas } = view
  const rows: string[][] = [
    ['Name:', view.name],
    ['Namespace:', view.namespace],
    ['Status:', renderStatus(style, view.phase)],
    ...(view.message === '' ? [] : [['Message:', printable(cutTold(view.message, view.revisions.flatMap(listTold)))]]),
    ['Strategy:', view.strategy],
    ...(view.step ? [['  Step:', `${view.step.index}/${view.step.count}${stepText(view)}`]] : []),
    ...(view.setWeight === undefined ? [] : [['  SetWeight:', `${view.setWeight}`]]),
    ...(view.actualWeight === undefined ? [] : [['  ActualWeight:', `${view.actualWeight}`]]),
    ...images.map((image, index) => [index === 0 ? 'Images:' : '', image]),
    ['Replicas:', ''],
    ['  Desired:', `${replicas.desired}`],
    ['  Current:', `${replicas.current}`],
    ['  Updated:', `${replicas.updated}`],
    ['  Ready:', `${replicas.ready}`],
    ['  Available:', `${replicas.available}`],
  ]
  return renderColumns(rows)
}

const stepText = (view: RolloutView): string => (view.step?.text === undefined ? '' : ` (${view.step.text})`)

const rootNode = (view: RolloutView): Node => ({
  name: view.name,
  kind: 'Rollout',
  status: view.phase,
  ...created(view),
  info: '',
  children: view.revisions.map(revisionNode),
})

const revisionNode = (revision: RevisionView): Node => ({
  name: revision.revision === 0 ? 'no revision' : `revision ${revision.revision}`,
  kind: '',
  status: '',
  info: '',
  children: [
    ...revision.replicaSets.map(replicaSetNode),
    ...revision.analysisRuns.map(analysisRunNode),
    ...revision.experiments.map((trial) => ({
      name: trial.name,
      kind: 'Experiment',
      status: trial.phase,
      ...created(trial),
      info: '',
      children: [],
    })),
  ],
})

const replicaSetNode = (set: ReplicaSetView): Node => ({
  name: set.name,
  kind: 'ReplicaSet',
  status: set.status,
  ...(set.status === 'ScaledDown' ? { tone: 'dim' as const } : {}),
  ...created(set),
  info: [
    ...set.roles,
    ...(set.replicas === 0 ? [] : [`available:${set.available}/${set.replicas}`]),
    ...(set.scaleDownInMs === undefined ? [] : [`delay:${scaleDown(set.scaleDownInMs)}`]),
  ].join(', '),
  children: set.pods.map(podNode),
})

const scaleDown = (inMs: number): string => (inMs === 0 ? 'passed' : renderSpan(inMs))

const podNode = (pod: PodView): Node => ({
  name: pod.name,
  kind: 'Pod',
  status: pod.status,
  ...(pod.status === 'Running' && pod.ready === pod.containers ? { tone: 'good' as const } : {}),
  ...created(pod),
  info: [`ready:${pod.ready}/${pod.containers}`, ...(pod.restarts === 0 ? [] : [`restarts:${pod.restarts}`])].join(
    ', ',
  ),
  children: [],
})

/** What metrics below say in short, and `explain` in full. */
const toldOf = ({ metrics }: AnalysisRunView) => metrics.flatMap(({ verdict }) => (verdict ? [{ verdict }] : []))
const listTold = ({ analysisRuns }: RevisionView) => analysisRuns.flatMap(toldOf)

const analysisRunNode = (run: AnalysisRunView): Node => ({
  name: run.name,
  kind: 'AnalysisRun',
  status: run.phase,
  ...created(run),
  info: [
    ...(run.type === '' ? [] : [run.stepIndex === undefined ? run.type : `${run.type} ${run.stepIndex + 1}`]),
    ...(run.message === '' ? [] : [cutTold(run.message, toldOf(run))]),
  ].join(', '),
  children: run.metrics.map((metric) => ({
    name: metric.name,
    kind: 'Metric',
    status: metric.phase,
    info: describeMetric(metric),
    children: [],
  })),
})

const created = (view: { readonly creationTimestamp?: string }): { creationTimestamp?: string } =>
  view.creationTimestamp === undefined ? {} : { creationTimestamp: view.creationTimestamp }

/** `lead` stands before this node's name, `below` before those of its children. */
function renderNode(node: Node, style: Style, nowMs: number, lead: string, below: string): string[][] {
  const { branch, lastBranch, trunk, gap } = style.symbols
  const status = node.status === '' ? '' : renderStatus(style, printable(node.status), node.tone ?? toneOf(node.status))
  const row = [
    lead + printable(node.name),
    node.kind,
    status,
    renderAge(node.creationTimestamp, nowMs),
    printable(node.info),
  ]
  const children = node.children.flatMap((child, index) => {
    const isLast = index === node.children.length - 1
    return renderNode(child, style, nowMs, below + (isLast ? lastBranch : branch), below + (isLast ? gap : trunk))
  })
  return [row, ...children]
}
