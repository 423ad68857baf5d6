/** What a `penstock/alertmanager` metric may say before it is asked. */
import { alertmanagerMetricSchema } from '../../api/metric-providers/alertmanager.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { parseAlertMatcher } from '../alert-matcher.ts'
import { hasPlaceholder, when } from '../problem.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const alertmanagerRule = ruleOf(
  alertmanagerMetricSchema,
  ({ address, matchers, warmup, authentication }, path) => [
    ...checkAddress(address, `${path}.address`),
    ...matchers.flatMap((text, index) => {
      if (hasPlaceholder(text)) return []
      const parsed = parseAlertMatcher(text)
      return 'problem' in parsed ? [{ field: `${path}.matchers[${index}]`, message: `${text}: ${parsed.problem}` }] : []
    }),
    ...when(
      warmup !== undefined && !hasPlaceholder(warmup) && !((parseGoDuration(warmup) ?? -1) >= 0),
      `${path}.warmup`,
      `"${warmup}" is not a duration such as 2m`,
    ),
    ...checkAuthentication(authentication, path, { signs: false }),
  ],
)
