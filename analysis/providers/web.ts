/**
 * Any HTTP endpoint as a metric provider: JSON picked by a path, or the text of a body that is not JSON. An empty body is no value (in Argo every
 * body that is not JSON passes, whatever the conditions say). Raw text is judged but never shown: the URL is a tenant's, the request is ours.
 */
import type { z } from 'zod'
import { webMetricSchema } from '../../controller/api/analysis.ts'
import { findByJsonPath, type JsonPath, parseJsonPath } from '../../controller/metric-language/json-path.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { readAuthentication } from './authentication.ts'
import { DEEPEST_DOCUMENT, isDeeperThan, readJson } from './json-answer.ts'
import {
  boundText,
  defineProvider,
  type Preparation,
  type ProviderContext,
  type ProviderOutcome,
  renderHeaders,
} from './provider.ts'

type Config = z.infer<typeof webMetricSchema>

const DEFAULT_TIMEOUT_SECONDS = 10
const DEFAULT_PATH = '{$}'
const MOST_BYTES = 1024 * 1024

export const web = defineProvider<Config>({ id: 'web', schema: webMetricSchema, prepare })

function prepare(config: Config, { mode }: ProviderContext): Preparation {
  const authentication = readAuthentication(config.authentication, { path: 'web', service: undefined })
  if ('problem' in authentication) return authentication
  const pathText = config.jsonPath?.trim() || DEFAULT_PATH
  const parsed = parseJsonPath(pathText)
  if ('problem' in parsed) return { problem: `web: ${parsed.problem}` }
  const method = config.method ?? 'GET'
  const body = config.jsonBody === undefined ? config.body || undefined : JSON.stringify(config.jsonBody)
  if (method === 'GET' && body !== undefined) return { problem: 'web: a body needs method POST or PUT' }
  // As in Argo Rollouts, a JSON body has JSON's type whatever the headers say.
  const type = config.jsonBody === undefined ? [] : [{ key: 'Content-Type', value: 'application/json' }]
  const { path } = parsed
  const { auth } = authentication
  return {
    request: {
      method,
      url: config.url,
      headers: renderHeaders([...(config.headers ?? []), ...type], config.authentication),
      timeoutMs: (config.timeoutSeconds || DEFAULT_TIMEOUT_SECONDS) * 1000,
      maxBytes: MOST_BYTES,
      target: 'web',
      ...(body === undefined ? {} : { body }),
      ...(config.insecure ? { tls: { insecure: true } } : {}),
    },
    ...(auth === undefined ? {} : { auth }),
    metadata: {},
    parse: (response) => parse(response, path, pathText, mode),
  }
}

function parse(response: HttpResponse, path: JsonPath, pathText: string, mode: VerdictMode): ProviderOutcome {
  if (response.status < 200 || response.status > 299)
    return { kind: 'error', message: `received non 2xx response code: ${response.status}` }
  if (response.body.trim() === '' && mode === 'strict') return { kind: 'noData', why: 'the body is empty' }
  const document = readJson(response.body)
  if (document === undefined) return readText(response.body, path, mode)
  if (isDeeperThan(document, DEEPEST_DOCUMENT))
    return { kind: 'error', message: `the body nests deeper than ${DEEPEST_DOCUMENT} levels` }
  const [found] = findByJsonPath(path, document)
  if (found === undefined) return { kind: 'noData', why: `jsonPath ${pathText} finds nothing in the body` }
  return { kind: 'sample', value: found, text: boundText(JSON.stringify(found)) }
}

function readText(body: string, path: JsonPath, mode: VerdictMode): ProviderOutcome {
  if (mode === 'strict' && path.length > 0) return { kind: 'noData', why: 'the body is not JSON, but jsonPath is set' }
  return { kind: 'sample', value: body, text: `text of ${body.length} characters`, passesInArgo: true }
}
