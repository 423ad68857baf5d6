/**
 * `penstock verdict save` and `replay`: what a gate judged as a file, and the same judged once more by the same code. Saving asks the cluster and
 * Prometheus, replaying nobody.
 */

import type { GateCase } from '../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../analysis/domain/gates/judge-gate.ts'
import { compareVerdicts, replayCase, type VerdictDifference } from '../../analysis/domain/gates/replay-case.ts'
import { roundNumbers } from '../../analysis/domain/gates/round-numbers.ts'
import { parseSavedCase, renderSavedCase } from '../../analysis/domain/gates/saved-case.ts'
import { readGateCase } from '../../analysis/providers/gate/gate.ts'
import type { LookPorts } from '../../analysis/providers/long-provider.ts'
import { type HttpTransport, TransportError } from '../../controller/runtime/http.ts'
import { CliError, type ExitCode } from '../cli-error.ts'
import { readGateLook } from '../cluster/gate-run.ts'
import type { CliDeps } from '../deps.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'
import { printable } from '../terminal.ts'

export type ReplayOptions = Pick<CommonOptions, 'json' | 'color'>

export interface SaveOptions extends CommonOptions {
  readonly output: string
  readonly metric?: string
  readonly prometheus?: string
}

/** 0: the same numbers as recorded, byte by byte; 1: others. */
export async function runVerdictReplay(file: string, options: ReplayOptions, deps: CliDeps): Promise<ExitCode> {
  const saved = parseSavedCase(await deps.readText(file))
  if ('problem' in saved) throw new CliError(`${file} ${saved.problem}`, 2)
  const { verdict, differences } = replayCase(saved)
  const isSame = differences.length === 0
  if (options.json === true) sendJson(deps, { same: isSame, differences, verdict })
  else {
    for (const line of verdict.text.split('\n')) deps.terminal.out(`${printable(line)}\n`)
    deps.terminal.out(isSame ? 'the same numbers as recorded\n' : `${renderDifferences(differences)}\n`)
  }
  return isSame ? 0 : 1
}

/** 0: written, whether or not the samples that are there now give the verdict that the run recorded; that is told. */
export async function runVerdictSave(run: string, options: SaveOptions, deps: CliDeps): Promise<ExitCode> {
  const http = await deps.openHttp()
  try {
    return await withConnection<ExitCode>(deps, options, async ({ client, namespace }) => {
      const { metric: wanted, prometheus } = options
      const look = await readGateLook(client, { namespace, run, metric: wanted, prometheus })
      const { order, verdict: recorded, redact } = look
      const read = await readGateCase(order, portsOf(http, deps.signal))
      if ('problem' in read) throw new CliError(redact(read.problem))
      const gateCase = withoutSecrets(read.gateCase, redact)
      const metric = order.metric.name
      await deps.writeText(options.output, renderSavedCase(gateCase, { namespace, run, metric }))
      // The run keeps rounded numbers.
      const differences = compareVerdicts(recorded, roundNumbers(judgeGate(gateCase)))
      const series = gateCase.series.length
      if (options.json === true) sendJson(deps, { file: options.output, metric, series, differences })
      else deps.terminal.err(`${renderSaved(options.output, metric, series)}; ${renderAgreement(differences)}\n`)
      return 0
    })
  } finally {
    http.close()
  }
}

/** In queries and labels; the numbers have none. */
const withoutSecrets = (
  { log: _sameAsSeries, queries, series, ...rest }: GateCase,
  redact: (text: string) => string,
): GateCase => ({
  ...rest,
  queries: queries.map(redact),
  series: series.map(({ detail, ...one }) => ({
    ...one,
    pod: redact(one.pod),
    ...(detail === undefined ? {} : { detail: redact(detail) }),
  })),
})

const renderSaved = (file: string, metric: string, series: number): string =>
  `${file === '-' ? 'written' : `${file} written`}: ${metric}, ${series} series`

const renderAgreement = (differences: readonly VerdictDifference[]): string =>
  differences.length === 0
    ? 'they give the verdict that the run recorded'
    : `they give another verdict than the run recorded (${renderDifferences(differences)})`

const MOST_SHOWN = 5

function renderDifferences(differences: readonly VerdictDifference[]): string {
  const shown = differences
    .filter(({ field }) => field !== 'text')
    .slice(0, MOST_SHOWN)
    .map(({ field, recorded, replayed }) => `${field} ${JSON.stringify(recorded)} → ${JSON.stringify(replayed)}`)
  const hidden = differences.filter(({ field }) => field !== 'text').length - shown.length
  return printable(
    `differs from what was recorded: ${shown.join(', ') || 'text'}${hidden > 0 ? `, and ${hidden} more` : ''}`,
  )
}

const portsOf = (http: HttpTransport, signal: AbortSignal): LookPorts => ({
  async send(request, auth) {
    if (auth !== undefined)
      throw new TransportError(
        'denied',
        'requests are not signed here: give an address that asks for no signature with --prometheus',
      )
    return await http.send(request, signal)
  },
  readSecret: async () => undefined,
  readObject: async () => undefined,
  listResources: async () => [],
})
