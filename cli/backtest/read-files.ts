/** From files to policies: policy files are policies, each Rollout becomes one with the templates that are in any of the files. */
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import type { AnalysisTemplate } from '../../controller/api/analysis.ts'
import { analysisTemplateSpecSchema } from '../../controller/api/analysis.ts'
import { rolloutSpecSchema } from '../../controller/api/rollout.ts'
import { type TemplateLookup, templateKey } from '../../controller/domain/analysis/analysis-templates.ts'
import { CliError } from '../cli-error.ts'
import { type Policy, readPolicy } from './policy.ts'
import { readRollout } from './read-rollout.ts'

const documentSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
  }),
  spec: rolloutSpecSchema,
})

const MOST_CHARACTERS = 4 * 1024 * 1024

export interface PolicyFile {
  readonly file: string
  readonly text: string
}

/** Throws CliError with exit code 2 for what cannot be read. Policies come in the order of the files. */
export function readPolicies(files: readonly PolicyFile[]): readonly Policy[] {
  const objects = files.flatMap(({ file, text }) => parse(file, text).map((value) => ({ file, value })))
  const lookup = collectTemplates(objects.map(({ value }) => value))
  const policies = objects.flatMap(({ file, value }): Policy[] => {
    if (value.kind === 'BacktestPolicy') return [readPolicy(file, value)]
    if (value.kind !== 'Rollout') return []
    const parsed = documentSchema.safeParse(value)
    if (parsed.success) return [readRollout(file, parsed.data, lookup)]
    const [issue] = parsed.error.issues
    throw new CliError(`${file}: Rollout ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, 2)
  })
  if (policies.length === 0)
    throw new CliError('none of the files holds a Rollout or a BacktestPolicy (kind: BacktestPolicy)', 2)
  return policies
}

type Document = Readonly<Record<string, unknown>>

function parse(file: string, text: string): readonly Document[] {
  if (text.length > MOST_CHARACTERS) throw new CliError(`${file} is larger than 4 MiB`, 2)
  return parseAllDocuments(text).flatMap((document): Document[] => {
    const [error] = document.errors
    if (error) throw new CliError(`${file}: ${error.message.split('\n')[0] ?? 'is not YAML'}`, 2)
    const value: unknown = document.toJS()
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as Document] : []
  })
}

function collectTemplates(objects: readonly Document[]): TemplateLookup {
  const lookup: Record<string, AnalysisTemplate> = {}
  for (const { kind, metadata, spec } of objects) {
    if (kind !== 'AnalysisTemplate' && kind !== 'ClusterAnalysisTemplate') continue
    const parsed = analysisTemplateSpecSchema.safeParse(spec)
    const name = (metadata as { name?: unknown } | undefined)?.name
    if (!parsed.success || typeof name !== 'string')
      throw new CliError(`${kind} ${String(name)} cannot be read; ask penstock lint what is wrong with it`, 2)
    const key = templateKey({ templateName: name, clusterScope: kind === 'ClusterAnalysisTemplate' })
    lookup[key] = { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name }, spec: parsed.data }
  }
  return lookup
}
