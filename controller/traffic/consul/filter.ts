/**
 * Filters of a ServiceResolver's subsets, as the public plugin writes them: one key of a service's metadata against what the pod template says of
 * itself. It tells which revision a filter takes and never approximates: what it cannot read takes any pod.
 *
 *   Service.Meta.version == 2        Service.Meta.version == "1.2.3"        Service.Meta["my-key"] == "2"
 */
import type { RouterRevision } from '../router.ts'

/** consul-k8s registers what such an annotation says as the service's metadata. */
const annotationOf = (key: string): string => `consul.hashicorp.com/service-meta-${key}`

const EQUALS = /^\s*Service\.Meta(?:\.([A-Za-z][\w-]*)|\["([^"\\]+)"\])\s*==\s*(?:"([^"\\]*)"|`([^`]*)`|([\w./-]+))\s*$/

export interface Revisions {
  /** The key of the metadata by which pods are told apart. */
  readonly key: string
  readonly revisions: readonly RouterRevision[]
}

const metaOf = ({ annotations }: RouterRevision, key: string): string | undefined => annotations[annotationOf(key)]

/**
 * The pod hash of the revision that the filter takes; '' when it takes any pod, as an empty one does; the filter itself when it names pods that no
 * revision has.
 */
export function revisionTaken(filter: unknown, { key, revisions }: Revisions): string {
  const text = typeof filter === 'string' ? filter : ''
  const [, plain, quoted, ...values] = EQUALS.exec(text) ?? []
  if ((plain ?? quoted) !== key) return ''
  const value = values.find((one) => one !== undefined)
  const bearing = revisions.filter((revision) => metaOf(revision, key) === value)
  const running = bearing.filter(({ hasPods }) => hasPods)
  if (running.length > 1) return ''
  return (running[0] ?? bearing.at(-1))?.podHash ?? text
}

/** Undefined when the revision's template does not say what it is, or says what no filter can hold. */
export function filterFor(podHash: string, { key, revisions }: Revisions): string | undefined {
  const revision = revisions.find((one) => one.podHash === podHash)
  const value = revision && metaOf(revision, key)
  if (value === undefined || !isWritable(value)) return undefined
  const selector = /^[A-Za-z]\w*$/.test(key) ? `Service.Meta.${key}` : `Service.Meta["${key}"]`
  return `${selector} == ${/^\w+$/.test(value) ? value : `"${value}"`}`
}

const isWritable = (value: string): boolean => /^[\x20-\x7e]+$/.test(value) && !/["\\]/.test(value)

/** Why no filter tells the pods that run apart; undefined when each revision says of itself what no other does. */
export function findConfusion({ key, revisions }: Revisions): string | undefined {
  const annotation = `annotation "${annotationOf(key)}"`
  const running = revisions.filter(({ hasPods }) => hasPods)
  for (const [at, revision] of running.entries()) {
    const value = metaOf(revision, key)
    if (value === undefined)
      return `pods of revision ${revision.podHash} cannot be told apart: add the ${annotation} to the pod template`
    if (!isWritable(value))
      return `pods of revision ${revision.podHash} cannot be told apart: the ${annotation} must be printable, without quotes`
    const same = running.slice(0, at).find((other) => metaOf(other, key) === value)
    if (same)
      return `revisions ${same.podHash} and ${revision.podHash} cannot be told apart: both have "${value}" in the ${annotation}`
  }
  return undefined
}
