/** The one outbound transport for a person at a terminal: their own network, so local addresses are theirs to contact. */
import type { Clock } from '../../controller/runtime/clock.ts'
import { type ClosableHttpTransport, createHttpTransport } from '../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../controller/runtime/outbound-policy.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import { createRedactor } from '../../controller/runtime/redact.ts'

export const openHttp = (clock: Clock): ClosableHttpTransport =>
  createHttpTransport({
    clock,
    random: systemRandom,
    policy: createOutboundPolicy({ allow: ['127.0.0.0/8', '::1'] }),
    redactor: createRedactor(),
    metrics: createMetricRegistry(),
    userAgent: 'penstock-cli',
  })
