/**
 * What an experiment puts into the arguments of its analyses: the hash and the ReplicaSet of each template, and when it began and ends. An
 * unknown placeholder is a problem, never an empty text.
 */
import type { Argument } from '../../api/analysis.ts'
import { formatInstant } from '../../api/scalars.ts'
import type { ResolvedArgument } from '../analysis/render-run.ts'
import { podHashOf } from '../revisions.ts'
import type { ExperimentView } from './view.ts'

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g

/** Replaces `{{templates.T.podTemplateHash}}`, `{{templates.T.replicaset.name}}`, `{{experiment.availableAt}}`, `{{experiment.finishedAt}}`. */
export function resolveExperimentArgument(argument: Argument, view: ExperimentView): ResolvedArgument {
  const { name, value, valueFrom } = argument
  if (valueFrom?.secretKeyRef) return { argument: { name, valueFrom: { secretKeyRef: valueFrom.secretKeyRef } } }
  if (value === undefined) return { problem: `args.${name} was not resolved` }
  const known = listValues(view)
  const unknown = [...value.matchAll(PLACEHOLDER)].find(([, key = '']) => !known.has(key.trim()))
  if (unknown) return { problem: `args.${name}: failed to resolve ${unknown[0]}` }
  return { argument: { name, value: value.replace(PLACEHOLDER, (_all, key: string) => known.get(key.trim()) ?? '') } }
}

function listValues({ templates, status, endsAtMs }: ExperimentView): ReadonlyMap<string, string> {
  return new Map([
    ...templates.flatMap(({ template, rs }) =>
      rs
        ? [
            [`templates.${template.name}.podTemplateHash`, podHashOf(rs)] as const,
            [`templates.${template.name}.replicaset.name`, rs.metadata.name] as const,
          ]
        : [],
    ),
    ...(status.availableAt ? [['experiment.availableAt', status.availableAt] as const] : []),
    ...(endsAtMs === undefined ? [] : [['experiment.finishedAt', formatInstant(endsAtMs)] as const]),
  ])
}
