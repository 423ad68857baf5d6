/**
 * As whom requests to AWS are signed: as the environment says it to every program on AWS, as a profile of its files, or in a role that either may
 * take. AWS' own library finds them and is loaded with the first question. It must not tell more of a failure than its name.
 */
import type { Clock } from '../../controller/runtime/clock.ts'
import { TransportError } from '../../controller/runtime/http.ts'
import { createExpiringCache, type Expiring } from './expiring-cache.ts'
import type { AwsCredentials } from './sigv4.ts'

export interface AwsIdentity {
  readonly region: string
  readonly profile: string | undefined
  readonly roleArn: string | undefined
}

export interface AwsCredentialSource {
  /** Rejects with TransportError. */
  get(identity: AwsIdentity, signal: AbortSignal): Promise<AwsCredentials>
}

/** Where and as whom roles are asked for, when that is not for the environment to say. */
export interface StsConnection {
  readonly endpoint: string
  readonly credentials: AwsCredentials
}

interface FoundCredentials extends AwsCredentials {
  readonly expiration?: Date
}

const EARLY_MS = 60_000
/** Of credentials that do not expire: their files may change. */
const DEFAULT_LIFE_MS = 300_000
const MOST_IDENTITIES = 64
const CALL_MS = 5_000
const SESSION = 'penstock-analysis'

export function createAwsCredentialSource(clock: Clock, connection?: StsConnection): AwsCredentialSource {
  const cache = createExpiringCache<AwsCredentials>({ clock, earlyMs: EARLY_MS, most: MOST_IDENTITIES })
  return {
    get: (identity, signal) =>
      cache.get(JSON.stringify(identity), () => findWithExpiry(identity, clock, connection), signal),
  }
}

async function findWithExpiry(
  identity: AwsIdentity,
  clock: Clock,
  connection: StsConnection | undefined,
): Promise<Expiring<AwsCredentials>> {
  try {
    const { expiration, ...value } = await find(identity, connection)
    return { value, expiresAt: expiration?.getTime() ?? clock.now() + DEFAULT_LIFE_MS }
  } catch (error) {
    throw new TransportError('network', describe(identity, error))
  }
}

async function find(
  { region, profile, roleArn }: AwsIdentity,
  connection: StsConnection | undefined,
): Promise<FoundCredentials> {
  // By its default: a bundle knows a CommonJS package that is loaded late by nothing else.
  const { fromNodeProviderChain, fromTemporaryCredentials } = (await import('@aws-sdk/credential-providers')).default
  const clientConfig = {
    region,
    maxAttempts: 2,
    requestHandler: { requestTimeout: CALL_MS, connectionTimeout: CALL_MS },
    ...(connection === undefined ? {} : { endpoint: connection.endpoint }),
  }
  const own =
    connection?.credentials ?? fromNodeProviderChain({ clientConfig, ...(profile === undefined ? {} : { profile }) })
  if (roleArn === undefined) return typeof own === 'function' ? await own() : own
  const params = { RoleArn: roleArn, RoleSessionName: SESSION }
  return await fromTemporaryCredentials({ params, clientConfig, masterCredentials: own })()
}

/** AWS' words may quote accounts and files that are the controller's; the name of an error is enough to find out. */
function describe({ profile, roleArn }: AwsIdentity, error: unknown): string {
  const name = error instanceof Error && /^\w{1,60}$/.test(error.name) ? ` (${error.name})` : ''
  if (roleArn !== undefined) return `sigv4: the role ${roleArn} cannot be taken${name}`
  return `sigv4: the controller finds no AWS credentials${profile === undefined ? '' : ` in profile "${profile}"`}${name}`
}
