/**
 * What a metric provider that asks somebody is: a codec. It renders one request and reads one answer; sending, bounds, retries and address
 * rules belong to the one transport. It must not judge.
 */
import type { z } from 'zod'
import type { RequestProviderId } from '../../controller/metric-language/analysis-metric.ts'
import type { HttpRequest, HttpResponse } from '../../controller/runtime/http.ts'
import type { Reading, VerdictMode } from '../domain/verdict.ts'

/** A reading, or the provider's own failure in one sentence that is fit for a status (bounded, no raw body). */
export type ProviderOutcome =
  | Reading
  | { readonly kind: 'error'; readonly message: string; readonly metadata?: Readonly<Record<string, string>> }

/** What the controller's environment says to providers. */
export interface ProviderSettings {
  /** Used where a datadog metric names no Secret. */
  readonly datadog?: { readonly address: string; readonly apiKey: string; readonly appKey: string }
  /** `endpoint`: where CloudWatch is asked instead of the region's own address. */
  readonly aws?: { readonly region?: string; readonly endpoint?: string }
}

export interface ProviderContext {
  readonly mode: VerdictMode
  /** Epoch milliseconds. */
  readonly now: number
  /** Used where a prometheus metric names no address. */
  readonly prometheusAddress: string | undefined
  readonly settings?: ProviderSettings
  /** What `secretOf` asked for, decoded; undefined when it asked for nothing or there is no such Secret. */
  readonly secret?: Readonly<Record<string, string>> | undefined
}

export interface PreparedExchange {
  readonly request: HttpRequest
  /** What the request is signed with before it is sent; see `analysis/reconcile/authorize.ts`. */
  readonly auth?: HttpAuth
  /** What is asked instead after such an answer, once. */
  readonly fallback?: (response: HttpResponse) => HttpRequest | undefined
  /** What is worth keeping of the metric itself, such as the query that was sent. */
  readonly metadata: Readonly<Record<string, string>>
  /** Total: hostile and broken answers become an error or no data, never a throw. */
  readonly parse: (response: HttpResponse) => ProviderOutcome
}

export type Preparation = PreparedExchange | { readonly problem: string }

/** Credentials that take more than a header. */
export type HttpAuth =
  | {
      readonly kind: 'oauth2'
      readonly tokenUrl: string
      readonly clientId: string
      readonly clientSecret: string
      readonly scopes: readonly string[]
    }
  | {
      readonly kind: 'sigv4'
      readonly service: string
      readonly region: string | undefined
      readonly profile: string | undefined
      readonly roleArn: string | undefined
    }

/** A Secret that a provider keeps its credentials in: beside the controller, or in the namespace of the run. */
export interface SecretWish {
  readonly name: string
  readonly from: 'controller' | 'run'
}

export interface ProviderModule {
  readonly id: RequestProviderId
  readonly schema: z.ZodType
  /** The Secret that `prepare` needs, if it does. */
  secretOf?(config: unknown, settings?: ProviderSettings): SecretWish | undefined
  /** `config` is the provider's part of the metric, arguments substituted. */
  prepare(config: unknown, context: ProviderContext): Preparation
}

interface ProviderDefinition<Config> {
  readonly id: RequestProviderId
  readonly schema: z.ZodType<Config>
  readonly secretOf?: (config: Config, settings: ProviderSettings) => SecretWish | undefined
  readonly prepare: (config: Config, context: ProviderContext) => Preparation
}

/** Puts the schema in front of `prepare`, so that a codec never sees a config of the wrong shape. */
export function defineProvider<Config>(definition: ProviderDefinition<Config>): ProviderModule {
  const { secretOf } = definition
  return {
    id: definition.id,
    schema: definition.schema,
    ...(secretOf === undefined
      ? {}
      : {
          secretOf(config, settings = {}) {
            const parsed = definition.schema.safeParse(config)
            return parsed.success ? secretOf(parsed.data, settings) : undefined
          },
        }),
    prepare(config, context) {
      const parsed = definition.schema.safeParse(config)
      if (parsed.success) return definition.prepare(parsed.data, context)
      const [issue] = parsed.error.issues
      return { problem: `${definition.id}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
    },
  }
}

const LONGEST_TEXT = 500

/** Text of the other side, fit for a status. */
export const boundText = (text: string, longest: number = LONGEST_TEXT): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text

interface HeaderEntry {
  readonly key: string
  readonly value: string
}
interface Authentication {
  readonly basicAuth?: { readonly username?: string | undefined; readonly password?: string | undefined } | undefined
  readonly sigv4?: unknown
  readonly oauth2?: unknown
}

/** Headers of a request, basic authentication included; those that frame the message are the transport's. */
export function renderHeaders(
  entries: readonly HeaderEntry[] | undefined,
  authentication: Authentication | undefined,
): Readonly<Record<string, string>> {
  const own = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])
  const headers = Object.fromEntries(
    (entries ?? []).filter(({ key }) => !own.has(key.toLowerCase())).map(({ key, value }) => [key, value]),
  )
  const { username, password } = authentication?.basicAuth ?? {}
  if (!username && !password) return headers
  const credentials = Buffer.from(`${username ?? ''}:${password ?? ''}`, 'utf8').toString('base64')
  return { ...headers, Authorization: `Basic ${credentials}` }
}

/** The first authentication that is asked for and not supported, as a sentence. */
export function findUnsupportedAuthentication(authentication: Authentication | undefined): string | undefined {
  const isFilled = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).some((entry) => entry !== undefined && entry !== '')
  for (const name of ['sigv4', 'oauth2'] as const) {
    if (isFilled(authentication?.[name])) return `authentication.${name} is not supported; use headers or basicAuth`
  }
  return undefined
}
