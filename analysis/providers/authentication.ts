/** From what a metric says of authentication to what its request is sent with. It must not fetch tokens, nor sign. */
import {
  type Authentication,
  checkAuthentication,
  isFilled,
} from '../../controller/metric-language/provider-rules/authentication.ts'
import type { HttpAuth } from './provider.ts'

export interface AuthenticationUse {
  /** Path of the provider's configuration, for messages. */
  readonly path: string
  /** The service of AWS that signatures are for; undefined: requests are not signed. */
  readonly service: string | undefined
}

export type ReadAuthentication = { readonly auth: HttpAuth | undefined } | { readonly problem: string }

/** What takes more than a header; basic authentication is one. */
export function readAuthentication(
  authentication: Authentication | undefined,
  { path, service }: AuthenticationUse,
): ReadAuthentication {
  const [problem] = checkAuthentication(authentication, path, { signs: service !== undefined })
  if (problem) return { problem: `${problem.field}: ${problem.message}` }
  const { oauth2, sigv4 } = authentication ?? {}
  if (oauth2 && isFilled(oauth2)) {
    const { tokenUrl = '', clientId = '', clientSecret = '', scopes = [] } = oauth2
    return { auth: { kind: 'oauth2', tokenUrl, clientId, clientSecret, scopes } }
  }
  if (!sigv4 || !isFilled(sigv4) || service === undefined) return { auth: undefined }
  const { region, profile, roleArn } = sigv4
  return {
    auth: {
      kind: 'sigv4',
      service,
      region: region || undefined,
      profile: profile || undefined,
      roleArn: roleArn || undefined,
    },
  }
}
