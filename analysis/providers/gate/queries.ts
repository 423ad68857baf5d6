/** The PromQL of a gate: raw selectors of both versions in one query, whatever the number of pods. Pure; times and windows are the caller's. */
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { addMatchers, type Matcher, quoteRegex } from '../../../controller/metric-language/gate-selector.ts'
import type { Purpose } from './classify.ts'

export interface GateQuery {
  readonly purpose: Purpose
  /** Without a window. */
  readonly selector: string
}

const selectorOf = (plan: GatePlan, purpose: Purpose): string =>
  ({ requests: plan.requests, failed: plan.failed, buckets: plan.buckets, event: plan.event })[purpose]

/** What a gate reads at every look. */
export function listPurposes(plan: GatePlan): readonly Purpose[] {
  switch (plan.gate) {
    case 'errorRate':
      return plan.failed === '' ? ['requests'] : ['requests', 'failed']
    case 'latency':
      return ['buckets']
    case 'events':
      return ['requests', 'event']
  }
}

/** Samples of both versions. `les`: the bounds of a classic histogram that are wanted, as their series call them; undefined: all. */
export const renderBoth = (plan: GatePlan, purpose: Purpose, les?: readonly string[]): GateQuery =>
  render(plan, purpose, [{ label: plan.version.label, op: '=~', value: alternatives(plan) }, ...boundsOf(les)])

/**
 * Samples of stable before the release: of its version, and of those before it where the other matchers leave only this workload. The canary's
 * are never among them.
 */
export function renderHistory(plan: GatePlan, purpose: Purpose, les?: readonly string[]): GateQuery {
  const { label, canary, stable } = plan.version
  const version: Matcher = plan.hasWorkload
    ? { label, op: '!~', value: `|${quoteRegex(canary)}` }
    : { label, op: '=', value: stable }
  return render(plan, purpose, [version, ...boundsOf(les)])
}

/**
 * Samples of all versions that there were: of the two that the configuration names, or, where it names none, of every one. `isNamed` is up to the caller,
 * who knows what is only a placeholder.
 */
export function renderVersions(plan: GatePlan, purpose: Purpose, isNamed: boolean, les?: readonly string[]): GateQuery {
  if (isNamed) return renderBoth(plan, purpose, les)
  return render(plan, purpose, [{ label: plan.version.label, op: '!=', value: '' }, ...boundsOf(les)])
}

const alternatives = ({ version }: GatePlan): string => `${quoteRegex(version.canary)}|${quoteRegex(version.stable)}`

/** A native histogram has no such label, and is found all the same. */
const boundsOf = (les: readonly string[] | undefined): readonly Matcher[] =>
  les === undefined ? [] : [{ label: 'le', op: '=~', value: ['', ...les.map(quoteRegex), '\\+Inf'].join('|') }]

const render = (plan: GatePlan, purpose: Purpose, matchers: readonly Matcher[]): GateQuery => ({
  purpose,
  selector: addMatchers(selectorOf(plan, purpose), [...plan.matchers, ...matchers]),
})

/** Seconds of a range selector, never less than what is meant. */
export const renderWindow = (selector: string, windowMs: number): string =>
  `${selector}[${Math.ceil(windowMs / 1000)}s]`

/** What a person looks at to see the same: rates and quantiles by version, as a dashboard has them. */
export function renderForPeople(plan: GatePlan): readonly string[] {
  const by = plan.version.label
  const rate = (purpose: Purpose, matchers: readonly Matcher[] = []): string =>
    `rate(${addMatchers(renderBoth(plan, purpose).selector, matchers)}[1m])`
  const perRequest = (counted: string): string => `sum by (${by}) (${counted}) / sum by (${by}) (${rate('requests')})`
  switch (plan.gate) {
    case 'latency':
      return [`histogram_quantile(0.99, sum by (le, ${by}) (${rate('buckets')}))`]
    case 'events':
      return [perRequest(rate('event'))]
    case 'errorRate':
      return [
        perRequest(
          plan.failed === ''
            ? rate('requests', [{ label: plan.codeLabel, op: '=~', value: plan.failedCodes }])
            : rate('failed'),
        ),
      ]
  }
}
