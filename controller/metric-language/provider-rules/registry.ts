/** What is checked of each provider's configuration before it is stored or used, by its id. */
import { jobMetricSchema } from '../../api/job.ts'
import type { ProviderId } from '../analysis-metric.ts'
import { prometheusRule } from './prometheus.ts'
import { type ProviderRule, ruleOf } from './shape.ts'
import { webRule } from './web.ts'

export const providerRules: Readonly<Record<ProviderId, ProviderRule>> = {
  prometheus: prometheusRule,
  web: webRule,
  // A Job that cannot run would only show once the release waits for it.
  job: ruleOf(jobMetricSchema),
}
