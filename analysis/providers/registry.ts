/**
 * Every metric provider that asks somebody, by the key it has under `provider:`. Besides them there is `job`; any other id is a validation error,
 * never a default.
 */
import type { RequestProviderId } from '../../controller/metric-language/analysis-metric.ts'
import { prometheus } from './prometheus.ts'
import type { ProviderModule } from './provider.ts'
import { web } from './web.ts'

export const providers = { prometheus, web } satisfies Record<RequestProviderId, ProviderModule>
