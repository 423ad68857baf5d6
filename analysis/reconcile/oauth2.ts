/**
 * Tokens of OAuth2's client credentials grant (RFC 6749, 4.4). The token's server is asked through the one transport, with its address rules; what
 * goes wrong is told with its host, never with an answer's body or a credential.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../controller/runtime/clock.ts'
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
} from '../../controller/runtime/http.ts'
import type { HttpAuth } from '../providers/provider.ts'
import { createExpiringCache, type Expiring } from './expiring-cache.ts'

export type OAuth2 = Extract<HttpAuth, { kind: 'oauth2' }>

export interface Token {
  /** What the header Authorization says. */
  readonly header: string
  readonly secret: string
}

export interface TokenSource {
  /** Rejects with TransportError. `request` is the one to be authorized: its bounds and TLS hold for the token's as well. */
  get(auth: OAuth2, request: HttpRequest, signal: AbortSignal): Promise<Token>
  /** The token was refused. */
  drop(auth: OAuth2, request: HttpRequest, token: Token): void
}

const EARLY_MS = 10_000
/** Of a token whose answer does not say. */
const DEFAULT_LIFE_MS = 300_000
const MOST_TOKENS = 256
const MOST_BYTES = 64 * 1024

type Place = 'header' | 'body'

const answerSchema = z.looseObject({
  access_token: z.string().min(1),
  token_type: z.string().optional(),
  expires_in: z.coerce.number().optional().catch(undefined),
})
const refusalSchema = z.looseObject({ error: z.string().regex(/^[a-z_]{1,40}$/) })

export function createTokenSource({
  http,
  clock,
}: {
  readonly http: HttpTransport
  readonly clock: Clock
}): TokenSource {
  const tokens = createExpiringCache<Token>({ clock, earlyMs: EARLY_MS, most: MOST_TOKENS })
  /** Where each server wants the credentials, as far as it is known. */
  const places = new Map<string, Place>()

  async function fetchToken(key: string, auth: OAuth2, request: HttpRequest): Promise<Expiring<Token>> {
    const known = places.get(key)
    let response = await ask(http, auth, request, known ?? 'header')
    if (known === undefined && isRefusal(response)) response = await ask(http, auth, request, 'body')
    else if (known === undefined) remember(key, 'header')
    const token = readToken(response, auth, clock.now())
    if (known === undefined && !places.has(key)) remember(key, 'body')
    return token
  }

  function remember(key: string, place: Place): void {
    if (places.size >= MOST_TOKENS) places.clear()
    places.set(key, place)
  }

  return {
    get(auth, request, signal) {
      const key = keyOf(auth, request)
      return tokens.get(key, () => fetchToken(key, auth, request), signal)
    },
    drop: (auth, request, token) => tokens.drop(keyOf(auth, request), token),
  }
}

/** Credentials are part of it, so that nobody gets a token for knowing a client's id. */
function keyOf({ tokenUrl, clientId, clientSecret, scopes }: OAuth2, { tls }: HttpRequest): string {
  const parts = [tokenUrl, clientId, clientSecret, scopes, tls?.insecure === true, tls?.ca ?? '']
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

async function ask(http: HttpTransport, auth: OAuth2, request: HttpRequest, place: Place): Promise<HttpResponse> {
  const { tokenUrl, clientId, clientSecret, scopes } = auth
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  if (place === 'body') {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  }
  const basic = Buffer.from(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`, 'utf8').toString('base64')
  try {
    return await http.send({
      method: 'POST',
      url: tokenUrl,
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(place === 'header' ? { Authorization: `Basic ${basic}` } : {}),
      },
      body: form.toString(),
      timeoutMs: request.timeoutMs,
      maxBytes: MOST_BYTES,
      target: 'oauth2',
      ...(request.tls === undefined ? {} : { tls: request.tls }),
    })
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new TransportError(error.kind, `oauth2.tokenUrl: ${error.message}`)
  }
}

const encodeForm = (text: string): string => new URLSearchParams({ text }).toString().slice('text='.length)

const isRefusal = ({ status }: HttpResponse): boolean => status === 400 || status === 401 || status === 403

function readToken(response: HttpResponse, { tokenUrl }: OAuth2, now: number): Expiring<Token> {
  const { host } = new URL(tokenUrl)
  const body = readBody(response)
  if (response.status < 200 || response.status > 299) {
    const refusal = refusalSchema.safeParse(body)
    const code = refusal.success ? ` (${refusal.data.error})` : ''
    throw new TransportError('network', `oauth2.tokenUrl: ${host} answered HTTP ${response.status}${code}`)
  }
  const answer = answerSchema.safeParse(body)
  if (!answer.success) throw new TransportError('network', `oauth2.tokenUrl: ${host} answered without an access token`)
  const { access_token: secret, token_type: type = '', expires_in: seconds = 0 } = answer.data
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw new TransportError('network', `oauth2.tokenUrl: ${host} answered with a token that fits into no header`)
  return {
    value: { header: `${readType(type)} ${secret}`, secret },
    expiresAt: now + (seconds > 0 ? seconds * 1000 : DEFAULT_LIFE_MS),
  }
}

/** Servers write `bearer` in every case. */
const readType = (type: string): string => (/^[\w-]{1,32}$/.test(type) && !/^bearer$/i.test(type) ? type : 'Bearer')

function readBody({ body, headers }: HttpResponse): unknown {
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(body))
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
