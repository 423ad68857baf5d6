/**
 * What a metric may say of how its requests prove who asks: one way, with all that it needs. Credentials themselves are never quoted. Shared by
 * validation and by the providers, which check again once arguments are known.
 */
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { checkAddress } from './shape.ts'

export interface Authentication {
  readonly basicAuth?: { readonly username?: string | undefined; readonly password?: string | undefined } | undefined
  readonly oauth2?:
    | {
        readonly tokenUrl?: string | undefined
        readonly clientId?: string | undefined
        readonly clientSecret?: string | undefined
        readonly scopes?: readonly string[] | undefined
      }
    | undefined
  readonly sigv4?:
    | {
        readonly region?: string | undefined
        readonly profile?: string | undefined
        readonly roleArn?: string | undefined
      }
    | undefined
}

/** `signs`: whether the provider's requests can be signed for AWS. */
export function checkAuthentication(
  authentication: Authentication | undefined,
  path: string,
  { signs }: { readonly signs: boolean },
): readonly AnalysisProblem[] {
  const field = `${path}.authentication`
  const { basicAuth, oauth2, sigv4 } = authentication ?? {}
  const used = Object.entries({ basicAuth, oauth2, sigv4 }).flatMap(([name, part]) => (isFilled(part) ? [name] : []))
  if (used.length > 1) return [{ field, message: `use one of ${used.join(', ')}, not several` }]
  if (isFilled(sigv4) && !signs)
    return [{ field: `${field}.sigv4`, message: 'requests of this provider are not signed; use oauth2 or headers' }]
  return [
    ...(isFilled(basicAuth) ? checkPresence(basicAuth, ['username', 'password'], `${field}.basicAuth`) : []),
    ...(isFilled(oauth2) ? checkPresence(oauth2, ['tokenUrl', 'clientId', 'clientSecret'], `${field}.oauth2`) : []),
    ...checkAddress(oauth2?.tokenUrl, `${field}.oauth2.tokenUrl`),
    ...checkSigning(sigv4, `${field}.sigv4`),
  ]
}

/** Empty objects and texts are what Argo's own types leave where nothing was said. */
export const isFilled = (part: object | undefined): boolean =>
  Object.values(part ?? {}).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)))

const checkPresence = <Part extends object>(
  part: Part | undefined,
  names: readonly (keyof Part & string)[],
  field: string,
): readonly AnalysisProblem[] => names.flatMap((name) => when(!part?.[name], `${field}.${name}`, 'is required'))

function checkSigning(sigv4: Authentication['sigv4'], field: string): readonly AnalysisProblem[] {
  const { region = '', roleArn = '' } = sigv4 ?? {}
  const isRegion = region === '' || hasPlaceholder(region) || /^[a-z0-9-]{1,40}$/.test(region)
  const isRole =
    roleArn === '' || hasPlaceholder(roleArn) || /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(roleArn)
  return [
    ...when(!isRegion, `${field}.region`, `"${region}" is not a region such as eu-west-1`),
    ...when(!isRole, `${field}.roleArn`, `"${roleArn}" is not a role such as arn:aws:iam::123456789012:role/reader`),
  ]
}
