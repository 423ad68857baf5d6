/**
 * What a metric provider that asks somebody is: a codec. It renders one request and reads one answer; sending, bounds, retries and address
 * rules belong to the one transport. It must not judge.
 */
import type { z } from 'zod'
import type { RequestProviderId } from '../../controller/metric-language/analysis-metric.ts'
import type { Authentication } from '../../controller/metric-language/provider-rules/authentication.ts'
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
  /** Keys whose values are no secrets, such as a region: they may be shown. */
  readonly plainKeys?: readonly string[]
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

/** What frames a message is the transport's business. */
const FRAMING = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])

/** Headers of a request: `defaults`, the metric's own, basic authentication. Of each name the last one counts, however it is written. */
export function renderHeaders(
  entries: readonly HeaderEntry[] | undefined,
  authentication: Pick<Authentication, 'basicAuth'> | undefined,
  defaults: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { username, password } = authentication?.basicAuth ?? {}
  const credentials = Buffer.from(`${username ?? ''}:${password ?? ''}`, 'utf8').toString('base64')
  const all = [
    ...Object.entries(defaults),
    ...(entries ?? []).flatMap(({ key, value }) => (FRAMING.has(key.toLowerCase()) ? [] : [[key, value] as const])),
    ...(username || password ? [['Authorization', `Basic ${credentials}`] as const] : []),
  ]
  const byName = new Map(all.map(([key, value]) => [key.toLowerCase(), [key, value] as const]))
  return Object.fromEntries(byName.values())
}
