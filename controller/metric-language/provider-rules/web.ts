/** What a `web` metric may say before it is asked. */
import { webMetricSchema } from '../../api/analysis.ts'
import { parseJsonPath } from '../json-path.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const webRule = ruleOf(webMetricSchema, (config, path) => [
  ...when(config.url.trim() === '', `${path}.url`, 'is required'),
  ...checkAddress(config.url, `${path}.url`),
  ...when(
    Boolean(config.body) && config.jsonBody !== undefined,
    `${path}.body`,
    'use either body or jsonBody, not both',
  ),
  ...when(
    (config.method ?? 'GET') === 'GET' && (Boolean(config.body) || config.jsonBody !== undefined),
    `${path}.method`,
    'a body needs method POST or PUT',
  ),
  ...when((config.timeoutSeconds ?? 0) < 0, `${path}.timeoutSeconds`, 'must be >= 0'),
  ...checkJsonPath(config.jsonPath ?? '', `${path}.jsonPath`),
  ...checkAuthentication(config.authentication, path, { signs: false }),
])

export function checkJsonPath(source: string, field: string): readonly AnalysisProblem[] {
  if (hasPlaceholder(source)) return []
  const parsed = parseJsonPath(source)
  return 'problem' in parsed ? [{ field, message: parsed.problem }] : []
}
