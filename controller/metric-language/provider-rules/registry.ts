/** What is checked of each provider's configuration before it is stored or used, by its id. */
import { jobMetricSchema } from '../../api/job.ts'
import type { ProviderId } from '../analysis-metric.ts'
import { alertmanagerRule } from './alertmanager.ts'
import { cloudWatchRule } from './cloud-watch.ts'
import { datadogRule } from './datadog.ts'
import { gateRule } from './gate.ts'
import { graphiteRule } from './graphite.ts'
import { influxdbRule } from './influxdb.ts'
import { kayentaRule } from './kayenta.ts'
import { kubernetesRule } from './kubernetes.ts'
import { mannWhitneyRule } from './mann-whitney.ts'
import { newRelicRule } from './new-relic.ts'
import { prometheusRule } from './prometheus.ts'
import { type ProviderRule, ruleOf } from './shape.ts'
import { skywalkingRule } from './skywalking.ts'
import { wavefrontRule } from './wavefront.ts'
import { webRule } from './web.ts'

export const providerRules: Readonly<Record<ProviderId, ProviderRule>> = {
  prometheus: prometheusRule,
  web: webRule,
  datadog: datadogRule,
  newRelic: newRelicRule,
  wavefront: wavefrontRule,
  graphite: graphiteRule,
  influxdb: influxdbRule,
  cloudWatch: cloudWatchRule,
  skywalking: skywalkingRule,
  kayenta: kayentaRule,
  'penstock/gate': gateRule,
  'penstock/kubernetes': kubernetesRule,
  'penstock/alertmanager': alertmanagerRule,
  'penstock/mann-whitney': mannWhitneyRule,
  // A Job that cannot run would only show once the release waits for it.
  job: ruleOf(jobMetricSchema),
}
