/**
 * The five CustomResourceDefinitions of `argoproj.io/v1alpha1`, built from the schemas that the product validates with. Names, short
 * names, columns and subresources are Argo's (only Rollout has `/status` and `/scale`), because people's tools and habits rely on them.
 * Every level keeps unknown fields, so that an object stored under Argo's own CRDs stays as it is.
 */
import type { z } from 'zod'
import { analysisRunSpecSchema, analysisRunStatusSchema, analysisTemplateSpecSchema } from '../analysis.ts'
import { experimentSpecSchema, experimentStatusSchema } from '../experiment.ts'
import { rolloutSpecSchema, rolloutStatusSchema } from '../rollout.ts'
import { type Descriptions, describeFields } from './describe.ts'
import { analysisDescriptions, experimentDescriptions } from './descriptions-analysis.ts'
import { rolloutDescriptions } from './descriptions-rollout.ts'
import { sharedDescriptions } from './descriptions-shared.ts'
import { type StructuralSchema, structuralSchema } from './structural.ts'

interface PrinterColumn {
  readonly name: string
  readonly type: 'integer' | 'string' | 'date'
  readonly jsonPath: string
  readonly description: string
}

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly group: string
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames: readonly string[]
    }
    readonly scope: 'Namespaced' | 'Cluster'
    readonly versions: readonly {
      readonly name: string
      readonly served: boolean
      readonly storage: boolean
      readonly additionalPrinterColumns: readonly PrinterColumn[]
      readonly schema: { readonly openAPIV3Schema: StructuralSchema }
      readonly subresources?: Readonly<Record<string, Readonly<Record<string, string>>>>
    }[]
  }
}

interface KindDefinition {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly description: string
  readonly spec: z.ZodType
  readonly status?: z.ZodType
  readonly descriptions: Descriptions
  readonly columns: readonly PrinterColumn[]
  readonly subresources?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'How long the object has existed',
}
const phaseColumn: PrinterColumn = {
  name: 'Status',
  type: 'string',
  jsonPath: '.status.phase',
  description: 'Phase that the controller reports',
}

const kinds: readonly KindDefinition[] = [
  {
    kind: 'Rollout',
    plural: 'rollouts',
    shortName: 'ro',
    scope: 'Namespaced',
    description: 'A workload whose every change is released in stages and judged before it goes on.',
    spec: rolloutSpecSchema,
    status: rolloutStatusSchema,
    descriptions: rolloutDescriptions,
    columns: [
      { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Pods asked for' },
      {
        name: 'Current',
        type: 'integer',
        jsonPath: '.status.replicas',
        description: 'Pods that exist, of any revision',
      },
      {
        name: 'Up-to-date',
        type: 'integer',
        jsonPath: '.status.updatedReplicas',
        description: 'Pods of the revision that the spec describes',
      },
      {
        name: 'Available',
        type: 'integer',
        jsonPath: '.status.availableReplicas',
        description: 'Pods that have been ready for minReadySeconds',
      },
      age,
    ],
    subresources: {
      scale: {
        labelSelectorPath: '.status.selector',
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
      },
      status: {},
    },
  },
  {
    kind: 'AnalysisTemplate',
    plural: 'analysistemplates',
    shortName: 'at',
    scope: 'Namespaced',
    description: 'Metrics and conditions by which releases in this namespace are judged.',
    spec: analysisTemplateSpecSchema,
    descriptions: analysisDescriptions,
    columns: [age],
  },
  {
    kind: 'ClusterAnalysisTemplate',
    plural: 'clusteranalysistemplates',
    shortName: 'cat',
    scope: 'Cluster',
    description: 'Metrics and conditions by which releases in any namespace can be judged.',
    spec: analysisTemplateSpecSchema,
    descriptions: analysisDescriptions,
    columns: [age],
  },
  {
    kind: 'AnalysisRun',
    plural: 'analysisruns',
    shortName: 'ar',
    scope: 'Namespaced',
    description: 'One judgement: the metrics of the templates, their measurements and the verdict.',
    spec: analysisRunSpecSchema,
    status: analysisRunStatusSchema,
    descriptions: analysisDescriptions,
    columns: [phaseColumn, age],
  },
  {
    kind: 'Experiment',
    plural: 'experiments',
    shortName: 'exp',
    scope: 'Namespaced',
    description: 'Short-lived pods beside a release, and the analyses that compare them.',
    spec: experimentSpecSchema,
    status: experimentStatusSchema,
    descriptions: experimentDescriptions,
    columns: [phaseColumn, age],
  },
]

/** All five definitions, in the order in which they are installed. */
export const renderCrds = (): readonly CustomResourceDefinition[] => kinds.map(renderCrd)

function renderCrd(definition: KindDefinition): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${definition.plural}.argoproj.io` },
    spec: {
      group: 'argoproj.io',
      names: {
        kind: definition.kind,
        listKind: `${definition.kind}List`,
        plural: definition.plural,
        singular: definition.kind.toLowerCase(),
        shortNames: [definition.shortName],
      },
      scope: definition.scope,
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: rootSchema(definition) },
          subresources: definition.subresources ?? {},
        },
      ],
    },
  }
}

/** The root alone is closed: a misspelt `spec` is reported at once, and no stored object can carry more than these five fields. */
function rootSchema(definition: KindDefinition): StructuralSchema {
  const root: StructuralSchema = {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(definition.spec),
      ...(definition.status ? { status: structuralSchema(definition.status) } : {}),
    },
  }
  return describeFields(root, [], { ...sharedDescriptions, ...definition.descriptions })
}
