/**
 * Sends a request with what proves who asks, where that takes more than a header of the metric's own: a token of OAuth2, a signature of AWS. A token
 * that is refused is fetched anew, once. It must not read answers.
 */
import type { Clock } from '../../controller/runtime/clock.ts'
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
} from '../../controller/runtime/http.ts'
import type { HttpAuth } from '../providers/provider.ts'
import type { AwsCredentialSource } from './aws-credentials.ts'
import { createTokenSource, type OAuth2 } from './oauth2.ts'
import { signRequest } from './sigv4.ts'

/** Of one exchange. */
export interface Exchange {
  readonly signal: AbortSignal
  /** Is given every credential that was sent and may not be shown, should the other side repeat it. */
  readonly hide: (secret: string) => void
}

export interface AuthorizedTransport {
  /** As {@link HttpTransport.send}; without credentials there is no answer either. */
  send(request: HttpRequest, auth: HttpAuth | undefined, exchange: Exchange): Promise<HttpResponse>
}

export interface AuthorizedTransportOptions {
  readonly http: HttpTransport
  readonly clock: Clock
  readonly aws: AwsCredentialSource
  /** Where a signature names no region. */
  readonly awsRegion: string | undefined
}

export function createAuthorizedTransport(options: AuthorizedTransportOptions): AuthorizedTransport {
  const { http, clock, aws } = options
  const tokens = createTokenSource(options)

  async function sendWithToken(request: HttpRequest, auth: OAuth2, exchange: Exchange): Promise<HttpResponse> {
    const attempt = async () => {
      const token = await tokens.get(auth, request, exchange.signal)
      exchange.hide(token.secret)
      return { token, response: await http.send(withAuthorization(request, token.header), exchange.signal) }
    }
    const first = await attempt()
    if (first.response.status !== 401) return first.response
    tokens.drop(auth, request, first.token)
    return (await attempt()).response
  }

  async function sendSigned(
    request: HttpRequest,
    { service, region = options.awsRegion, profile, roleArn }: Extract<HttpAuth, { kind: 'sigv4' }>,
    { signal, hide }: Exchange,
  ): Promise<HttpResponse> {
    if (region === undefined)
      throw new TransportError('denied', 'sigv4: no region is given, and the controller has none in AWS_REGION')
    const credentials = await aws.get({ region, profile, roleArn }, signal)
    if (credentials.sessionToken !== undefined) hide(credentials.sessionToken)
    return await http.send(await signRequest(request, { service, region, credentials, now: clock.now() }), signal)
  }

  return {
    async send(request, auth, exchange) {
      if (auth?.kind === 'oauth2') return await sendWithToken(request, auth, exchange)
      if (auth?.kind === 'sigv4') return await sendSigned(request, auth, exchange)
      return await http.send(request, exchange.signal)
    },
  }
}

function withAuthorization(request: HttpRequest, value: string): HttpRequest {
  const others = Object.entries(request.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'authorization')
  return { ...request, headers: { ...Object.fromEntries(others), Authorization: value } }
}
