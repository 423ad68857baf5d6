/**
 * Every metric provider, by the key it has under `provider:`, or under `provider.plugin:` if it has a slash. Besides them there is `job`; any
 * other id is a validation error, never a default.
 */
import type { LongProviderId, RequestProviderId } from '../../controller/metric-language/analysis-metric.ts'
import { alertmanager } from './alertmanager.ts'
import { cloudWatch } from './cloud-watch.ts'
import { datadog } from './datadog.ts'
import { createGate } from './gate/gate.ts'
import { withHours } from './gate/hours.ts'
import { withSelfTest } from './gate/self-test.ts'
import { graphite } from './graphite.ts'
import { influxdb } from './influxdb.ts'
import { kayenta } from './kayenta.ts'
import { kubernetes } from './kubernetes.ts'
import type { LongProviderModule } from './long-provider.ts'
import { mannWhitney } from './mann-whitney/mann-whitney.ts'
import { newRelic } from './new-relic.ts'
import { prometheus } from './prometheus.ts'
import type { ProviderModule } from './provider.ts'
import { skywalking } from './skywalking.ts'
import { wavefront } from './wavefront.ts'
import { web } from './web.ts'

/** Those that answer one request. */
export const providers = {
  prometheus,
  web,
  datadog,
  newRelic,
  wavefront,
  graphite,
  influxdb,
  cloudWatch,
  skywalking,
} satisfies Record<RequestProviderId, ProviderModule>

export type LongProviders = Readonly<Record<LongProviderId, LongProviderModule>>

/** Those that are looked at until they know. Made once by whoever asks them: some remember what they could learn again. */
export const createLongProviders = (): LongProviders => ({
  kayenta,
  'penstock/gate': withSelfTest(withHours(createGate())),
  'penstock/kubernetes': kubernetes,
  'penstock/alertmanager': alertmanager,
  'penstock/mann-whitney': mannWhitney,
})
