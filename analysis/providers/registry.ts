/** Every metric provider, by the key it has under `provider:`. An id that is not here is a validation error, never a default. */
import type { ProviderId } from '../../controller/metric-language/analysis-metric.ts'
import { prometheus } from './prometheus.ts'
import type { ProviderModule } from './provider.ts'
import { web } from './web.ts'

export const providers = { prometheus, web } satisfies Record<ProviderId, ProviderModule>
