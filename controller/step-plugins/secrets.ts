/**
 * Reads one value of one Secret when a call needs it. It is known to the redactor before anybody else sees it, and kept nowhere.
 */
import type { KubeObject } from '../api/meta.ts'
import { type KubeClient, KubeError } from '../kube/client.ts'
import { secrets } from '../kube/kinds.ts'
import type { Redactor } from '../runtime/redact.ts'
import { StepProblem } from './plugin.ts'

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

const LONGEST_VALUE = 8192

/** Throws {@link StepProblem} when there is no such value, or when it cannot be a header. */
export async function readSecretValue(
  { namespace, name, key }: { readonly namespace: string; readonly name: string; readonly key: string },
  { client, redactor }: { readonly client: Pick<KubeClient, 'get'>; readonly redactor: Redactor },
): Promise<string> {
  const secret = await client.get<Secret>({ kind: secrets, namespace, name }).catch((error: unknown) => {
    if (!(error instanceof KubeError) || error.code !== 403) throw error
    throw new StepProblem(`the controller may not read secret ${name}: name it in the chart's rbac.secretNames`)
  })
  const encoded = secret?.data && Object.hasOwn(secret.data, key) ? secret.data[key] : undefined
  if (encoded === undefined) throw new StepProblem(`secret ${name} ${secret ? `has no key ${key}` : 'not found'}`)
  const value = Buffer.from(encoded, 'base64').toString('utf8').trim()
  redactor.registerSecret(value)
  if (value.length > LONGEST_VALUE || /[\r\n]/.test(value))
    throw new StepProblem(`secret ${name}, key ${key}: is no header value`)
  return value
}
