/**
 * What Kayenta is asked to compare, and whether an execution that it lists is of that request. A request follows from the metric and from when its
 * measurement began alone, so that one whose answer was lost is known again. It must not send anything.
 */
import { z } from 'zod'
import type { KayentaMetric } from '../../controller/api/metric-providers/kayenta.ts'
import { formatInstant, parseGoDuration, parseInstant } from '../../controller/api/scalars.ts'
import { findScopeProblem } from '../../controller/metric-language/provider-rules/kayenta.ts'

interface ScopeDetail {
  readonly scope: string
  readonly location: string
  readonly step: number
  readonly start: string
  readonly end: string
}
interface ScopePair {
  readonly controlScope: ScopeDetail
  readonly experimentScope: ScopeDetail
}
export interface CanaryRequest {
  readonly scopes: Readonly<Record<string, ScopePair>>
  readonly thresholds: { readonly pass: number; readonly marginal: number }
}

export interface CanaryTimes {
  /** Epoch milliseconds. */
  readonly measurementStartedAt: number
  readonly runStartedAt: number
  readonly interval: string | undefined
}

type Scope = KayentaMetric['scopes'][number]

export function renderCanaryRequest(
  config: KayentaMetric,
  times: CanaryTimes,
): CanaryRequest | { readonly problem: string } {
  const scopes: Record<string, ScopePair> = {}
  for (const scope of config.scopes) {
    const problem = findScopeProblem(scope)
    if (problem !== undefined) return { problem }
    const start = scope.controlScope.start ? '' : renderStart(config.lookback === true, times)
    if (start === undefined) return { problem: 'the metric has no interval that says how far back to look' }
    const end = formatInstant(times.measurementStartedAt)
    const render = (side: Scope['controlScope']): ScopeDetail => ({
      scope: side.scope,
      location: side.region,
      step: side.step,
      start: side.start || start,
      end: side.end || end,
    })
    scopes[scope.name] = { controlScope: render(scope.controlScope), experimentScope: render(scope.experimentScope) }
  }
  const { pass, marginal } = config.threshold
  return { scopes, thresholds: { pass, marginal } }
}

function renderStart(lookback: boolean, times: CanaryTimes): string | undefined {
  if (lookback) return formatInstant(times.runStartedAt)
  const intervalMs = times.interval ? parseGoDuration(times.interval) : undefined
  return intervalMs === undefined ? undefined : formatInstant(times.measurementStartedAt - intervalMs)
}

const listedDetail = z.looseObject({
  scope: z.string().nullish(),
  location: z.string().nullish(),
  step: z.number().nullish(),
  start: z.union([z.string(), z.number()]).nullish(),
  end: z.union([z.string(), z.number()]).nullish(),
})

/** Executions as Kayenta lists them, newest first. */
export const executionsSchema = z.array(
  z.looseObject({
    pipelineId: z.string(),
    canaryConfigId: z.string().nullish(),
    canaryExecutionRequest: z
      .looseObject({
        scopes: z.record(z.string(), z.looseObject({ controlScope: listedDetail, experimentScope: listedDetail })),
        thresholds: z.looseObject({ pass: z.number().nullish(), marginal: z.number().nullish() }).nullish(),
      })
      .nullish(),
  }),
)
type Execution = z.infer<typeof executionsSchema>[number]
type ListedDetail = z.infer<typeof listedDetail>

/** Equal in all that was asked for: it does not matter then who has asked. */
export function isExecutionOf(execution: Execution, canaryConfigId: string, request: CanaryRequest): boolean {
  const asked = execution.canaryExecutionRequest
  if (execution.canaryConfigId !== canaryConfigId || !asked) return false
  const { pass, marginal } = asked.thresholds ?? {}
  if (pass !== request.thresholds.pass || marginal !== request.thresholds.marginal) return false
  const wanted = Object.entries(request.scopes)
  return (
    wanted.length === Object.keys(asked.scopes).length &&
    wanted.every(([name, { controlScope, experimentScope }]) => {
      const listed = Object.hasOwn(asked.scopes, name) ? asked.scopes[name] : undefined
      return (
        listed !== undefined &&
        isSameDetail(listed.controlScope, controlScope) &&
        isSameDetail(listed.experimentScope, experimentScope)
      )
    })
  )
}

const isSameDetail = (listed: ListedDetail, wanted: ScopeDetail): boolean =>
  listed.scope === wanted.scope &&
  listed.location === wanted.location &&
  listed.step === wanted.step &&
  readTime(listed.start) === parseInstant(wanted.start) &&
  readTime(listed.end) === parseInstant(wanted.end)

/** RFC 3339, or epoch seconds. */
const readTime = (time: string | number | null | undefined): number | undefined =>
  typeof time === 'number' ? time * 1000 : parseInstant(time)
