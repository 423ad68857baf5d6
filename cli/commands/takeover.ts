/**
 * `penstock takeover check`: what Penstock would do with the Rollouts of a cluster that Argo Rollouts has driven so far. It reads only; the
 * verdict is the controller's own decision.
 */
import { CliError, type ExitCode } from '../cli-error.ts'
import { listRollouts } from '../cluster/observe.ts'
import type { Forecast } from '../cluster/plan.ts'
import type { CliDeps, Connection } from '../deps.ts'
import { describeFailure } from '../failure.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'
import { readHeldLeases } from '../takeover/leases.ts'
import { isQuiet, judgeForecast, renderReport, type TakeoverReport } from '../takeover/report.ts'
import { createStyle } from '../terminal.ts'

export interface TakeoverOptions extends CommonOptions {
  readonly allNamespaces?: boolean
  /** `json` is another way to ask for `--json`. */
  readonly output?: string
}

/** 0: nothing moves; 1: something moves or is refused; 2: the cluster could not be read, so there is no answer. */
export async function runTakeoverCheck(options: TakeoverOptions, deps: CliDeps): Promise<ExitCode> {
  if (options.output !== undefined && options.output !== 'json')
    throw new CliError(`--output "${options.output}" is not known; write json, or leave it out`, 2)
  const report = await read(options, deps)
  if (options.json === true || options.output === 'json') sendJson(deps, report)
  else {
    const { unicode, color } = deps.terminal
    deps.terminal.out(renderReport(report, createStyle({ unicode, color: color && options.color !== false })))
  }
  return isQuiet(report) ? 0 : 1
}

async function read(options: TakeoverOptions, deps: CliDeps): Promise<TakeoverReport> {
  try {
    return await withConnection(deps, options, (connection) => assess(connection, options, deps))
  } catch (error) {
    throw new CliError(describeFailure(error), 2, { cause: error })
  }
}

async function assess(connection: Connection, options: TakeoverOptions, deps: CliDeps): Promise<TakeoverReport> {
  const { client, namespace } = connection
  const rollouts = await listRollouts(client, options.allNamespaces === true ? undefined : namespace)
  const namespaces = new Set(rollouts.map(({ metadata }) => metadata.namespace ?? ''))
  const forecasts: Forecast[] = []
  for (const one of namespaces) forecasts.push(...(await deps.forecast(client, one, deps.clock.now())))
  return {
    rollouts: forecasts.map((forecast) => ({ ...forecast, verdict: judgeForecast(forecast) })),
    controllers: await readHeldLeases(client, deps.clock.now()),
  }
}
