/**
 * Resolves the secret arguments of a run at the last moment. A value lives in memory for one pass, is registered with the log's redactor, and is
 * masked in every text that leaves the pass.
 */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { secrets } from '../../controller/kube/kinds.ts'
import type { ArgumentValues } from '../domain/args.ts'
import { SECRET_MASK } from '../domain/decide.ts'
import type { SecretWish } from '../providers/provider.ts'
import type { RunDeps } from './deps.ts'

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface ResolvedArguments {
  readonly values: ArgumentValues
  /** The text with every secret value of this run replaced. */
  readonly mask: (text: string) => string
}

/** A secret that is not there is a problem of the measurement, not of the run: it may still come. Throws KubeError without an answer. */
export async function resolveArguments(
  run: AnalysisRun,
  deps: RunDeps,
): Promise<ResolvedArguments | { readonly problem: string }> {
  const values = new Map<string, string>()
  const secretValues: string[] = []
  for (const { name, value, valueFrom } of run.spec.args ?? []) {
    const ref = valueFrom?.secretKeyRef
    if (value !== undefined || !ref) {
      values.set(name, value ?? '')
      continue
    }
    const read = await readSecret(run.metadata.namespace ?? '', ref.name, deps)
    if ('problem' in read) return { problem: `args.${name}: ${read.problem}` }
    const encoded = read.secret?.data?.[ref.key]
    if (encoded === undefined)
      return { problem: `args.${name}: secret ${ref.name} ${read.secret ? `has no key ${ref.key}` : 'not found'}` }
    const resolved = Buffer.from(encoded, 'base64').toString('utf8')
    deps.redactor.registerSecret(resolved)
    values.set(name, resolved)
    if (resolved !== '') secretValues.push(resolved)
  }
  return { values, mask: createMask(secretValues, deps) }
}

/** Longest first, so that one secret inside another does not leave the rest of it standing. */
function createMask(secretValues: readonly string[], deps: RunDeps): (text: string) => string {
  const longestFirst = [...secretValues].sort((a, b) => b.length - a.length)
  return (text) =>
    deps.redactor.redact(longestFirst.reduce((masked, secret) => masked.replaceAll(secret, SECRET_MASK), text))
}

type ReadSecret = { readonly secret: Secret | undefined } | { readonly problem: string }

/** A refusal is an answer: asking again would leave the run without a word for ever. */
async function readSecret(namespace: string, name: string, { client }: RunDeps): Promise<ReadSecret> {
  try {
    return { secret: await client.get<Secret>({ kind: secrets, namespace, name }) }
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 403)) throw error
    return { problem: `the controller may not read Secret ${namespace}/${name}; list its name in rbac.secretNames` }
  }
}

type ProviderSecret = { readonly values: Readonly<Record<string, string>> } | { readonly problem: string }

/**
 * What a provider keeps in a Secret of its own, decoded; undefined when there is none, a problem when it may not be read. Throws KubeError without
 * an answer.
 */
export async function readProviderSecret(
  { name, from, plainKeys = [] }: SecretWish,
  run: AnalysisRun,
  deps: RunDeps,
): Promise<ProviderSecret | undefined> {
  const namespace = from === 'run' ? (run.metadata.namespace ?? '') : deps.config.controllerNamespace
  const read = await readSecret(namespace, name, deps)
  if ('problem' in read) return read
  const { secret } = read
  if (!secret) return undefined
  const values = Object.entries(secret.data ?? {}).map(
    ([key, encoded]) => [key, Buffer.from(encoded, 'base64').toString('utf8')] as const,
  )
  for (const [key, value] of values) if (!plainKeys.includes(key)) deps.redactor.registerSecret(value)
  return { values: Object.fromEntries(values) }
}
