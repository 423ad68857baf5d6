/**
 * The last look of a gate of an AnalysisRun, as its controller took it: the metric with its arguments, the measurement with what history had taught,
 * the moment. With it the same samples can be asked for once more. It reads only, with the rights of whoever asks.
 */

import { substituteArguments } from '../../analysis/domain/args.ts'
import type { LookOrder } from '../../analysis/providers/long-provider.ts'
import type { AnalysisRun, Measurement, Metric } from '../../controller/api/analysis.ts'
import { COMPAT } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { type GateVerdict, readGateVerdict } from '../../controller/api/verdict.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { analysisRuns, secrets } from '../../controller/kube/kinds.ts'
import { chooseProvider } from '../../controller/metric-language/analysis-metric.ts'
import { createRedactor, type Redactor } from '../../controller/runtime/redact.ts'
import { CliError } from '../cli-error.ts'

export interface GateLook {
  readonly order: LookOrder
  /** As the run recorded it, numbers rounded. */
  readonly verdict: GateVerdict
  /** The text without what came from Secrets: arguments may be anywhere in a query. */
  readonly redact: (text: string) => string
}

export interface GateQuestion {
  readonly namespace: string
  readonly run: string
  /** Undefined: the only gate of the run. */
  readonly metric: string | undefined
  /** Instead of the metric's own address. */
  readonly prometheus: string | undefined
}

/** Throws CliError with a sentence when there is no such run, metric or verdict. */
export async function readGateLook(client: KubeClient, question: GateQuestion): Promise<GateLook> {
  const { namespace, run: name, prometheus } = question
  const run = await client.get<AnalysisRun>({ kind: analysisRuns, namespace, name })
  if (!run) throw new CliError(`there is no AnalysisRun "${name}" in namespace ${namespace}`)
  const { metric, open, verdict } = chooseGate(run, question.metric)
  const mode = run.metadata.annotations?.[COMPAT] === 'argo' ? 'argo' : 'strict'
  const redactor = createRedactor()
  const substituted = substituteArguments(metric, await readArguments(client, run, redactor), mode)
  if ('problem' in substituted) throw new CliError(substituted.problem)
  const choice = chooseProvider(substituted.metric)
  if (!('id' in choice) || choice.id !== 'penstock/gate')
    throw new CliError(`metric "${metric.name}" of ${name} is no statistical gate`)
  const createdAt = parseInstant(run.metadata.creationTimestamp) ?? 0
  const order: LookOrder = {
    config: prometheus === undefined ? choice.config : withAddress(choice.config, prometheus),
    metric: substituted.metric,
    run: {
      name,
      namespace,
      uid: run.metadata.uid ?? '',
      labels: run.metadata.labels ?? {},
      annotations: run.metadata.annotations ?? {},
      createdAt,
      startedAt: parseInstant(run.status?.startedAt) ?? createdAt,
    },
    open,
    mode,
    now: Date.parse(verdict.lookedAt),
    prometheusAddress: undefined,
    readableNamespaces: [],
  }
  return { order, verdict, redact: redactor.redact }
}

const withAddress = (config: unknown, address: string): unknown =>
  typeof config === 'object' && config !== null ? { ...config, address } : config

interface ChosenGate {
  readonly metric: Metric
  readonly open: Measurement
  readonly verdict: GateVerdict
}

function chooseGate(run: AnalysisRun, wanted: string | undefined): ChosenGate {
  const { name } = run.metadata
  const gates = run.spec.metrics.flatMap((metric): ChosenGate[] => {
    const result = run.status?.metricResults?.find((one) => one.name === metric.name)
    const open = result?.measurements?.findLast((one) => readGateVerdict(one) !== undefined)
    const verdict = readGateVerdict(open)
    return open && verdict ? [{ metric, open, verdict }] : []
  })
  const found = wanted === undefined ? gates : gates.filter(({ metric }) => metric.name === wanted)
  const [gate, other] = found
  if (!gate) throw new CliError(`${name} has no verdict of a gate${wanted === undefined ? '' : ` named "${wanted}"`}`)
  if (other) {
    const names = found.map(({ metric }) => metric.name).join(', ')
    throw new CliError(`${name} has several gates; say which one with --metric: ${names}`, 2)
  }
  return gate
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

async function readArguments(
  client: KubeClient,
  run: AnalysisRun,
  redactor: Redactor,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>()
  for (const { name, value, valueFrom } of run.spec.args ?? []) {
    const ref = valueFrom?.secretKeyRef
    if (value !== undefined || !ref) {
      values.set(name, value ?? '')
      continue
    }
    const secret = await client.get<Secret>({
      kind: secrets,
      namespace: run.metadata.namespace ?? '',
      name: ref.name,
    })
    const encoded = secret?.data?.[ref.key]
    if (encoded === undefined) throw new CliError(`args.${name}: secret ${ref.name} has no key ${ref.key}`)
    const secretValue = Buffer.from(encoded, 'base64').toString('utf8')
    redactor.registerSecret(secretValue)
    values.set(name, secretValue)
  }
  return values
}
