/** The Rollouts of manifest files, each with the templates and the workload that it names. What is wrong with a manifest `lint` has told before. */
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { type AnalysisTemplate, analysisTemplateSpecSchema } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { type Rollout, rolloutSpecSchema } from '../../controller/api/rollout.ts'
import type { Workload } from '../../controller/api/workload.ts'

export interface ReadManifests {
  readonly rollouts: readonly Rollout[]
  readonly templates: readonly AnalysisTemplate[]
  /** Of the kinds that a `workloadRef` may name. */
  readonly workloads: readonly Workload[]
  /** Of every other kind, as they stand. */
  readonly others: readonly KubeObject[]
}

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
})
const document = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata })
const rollout = document.extend({ spec: rolloutSpecSchema })
const template = document.extend({ spec: analysisTemplateSpecSchema })
const podTemplate = z.looseObject({})
const workload = document.extend({
  spec: z.looseObject({ replicas: z.int().exactOptional(), template: podTemplate.exactOptional() }).exactOptional(),
  template: podTemplate.exactOptional(),
})

const templateKinds: ReadonlySet<string> = new Set(['AnalysisTemplate', 'ClusterAnalysisTemplate'])
const workloadKinds: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'PodTemplate'])
const ownKinds: ReadonlySet<string> = new Set(['Rollout', ...templateKinds, ...workloadKinds])

/** Takes texts that lint has passed: what is not of its kind's shape is left out. */
export function readManifests(texts: readonly string[]): ReadManifests {
  const objects = texts.flatMap((text) =>
    parseAllDocuments(text).map((parsed): unknown => parsed.toJS({ maxAliasCount: 100 })),
  )
  const documents = objects.flatMap((object) => {
    const { data } = document.safeParse(object)
    return data ? [data] : []
  })
  const ofKinds = <T>(schema: z.ZodType<T>, isMeant: (kind: string) => boolean): readonly T[] =>
    documents.flatMap((one) => {
      const { data } = isMeant(one.kind) ? schema.safeParse(one) : {}
      return data === undefined ? [] : [data]
    })
  return {
    rollouts: ofKinds(rollout, (kind) => kind === 'Rollout'),
    templates: ofKinds(template, (kind) => templateKinds.has(kind)),
    workloads: ofKinds(workload, (kind) => workloadKinds.has(kind)),
    others: documents.filter(({ kind }) => !ownKinds.has(kind)),
  }
}
