/**
 * Whether one write is taken. It refuses only what the controller would call invalid by the manifest alone, by the same rules, and never what
 * people need in an emergency: what is invalid already can still be aborted, paused and deleted.
 *
 *   operation        part          object                                   answer
 *   DELETE, CONNECT  any           any                                      taken
 *   any              subresource   any                                      taken
 *   CREATE, UPDATE   the object    of a kind or version without rules       taken, and the client is told that nobody looked
 *   CREATE, UPDATE   the object    of another instance, or being deleted    taken
 *   UPDATE           the object    its spec is as before                    taken
 *   CREATE           the object    with problems                            refused
 *   UPDATE           the object    with a problem that it did not have      refused
 *   UPDATE           the object    with problems that it had before         taken, and the client is told of them
 *   CREATE, UPDATE   the object    without problems                         taken, with warnings
 */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../controller/api/meta.ts'
import type { AdmissionRequest, AdmissionVerdict } from './admission-review.ts'

/** See `Problem` of the validation, which this is. */
export interface AdmissionProblem {
  readonly field: string
  readonly message: string
  readonly fix?: string
}

export interface AdmissionRules {
  readonly validate: (object: KubeObject) => readonly AdmissionProblem[]
  readonly warn: (object: KubeObject) => readonly AdmissionProblem[]
}

export interface VerdictDeps {
  /** By kind of `argoproj.io/v1alpha1`. */
  readonly rules: Readonly<Record<string, AdmissionRules>>
  /** All problems in one bounded line, as the controller's condition has them. */
  readonly renderProblems: (problems: readonly AdmissionProblem[]) => string
  /** Whether this controller would ever look at the object. */
  readonly isOurs: (object: KubeObject) => boolean
}

const taken = (...warnings: readonly string[]): AdmissionVerdict => ({ allowed: true, warnings })

export function judgeAdmission(request: AdmissionRequest, deps: VerdictDeps): AdmissionVerdict {
  const { kind, operation, subResource, object, oldObject } = request
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || subResource || !object) return taken()
  const rules = findRules(kind, deps)
  if (!rules) return taken(`Penstock has no rules for ${kind.kind} of ${kind.group}/${kind.version}`)
  if (object.metadata.deletionTimestamp || !deps.isOurs(object)) return taken()
  if (oldObject && isDeepStrictEqual(specOf(object), specOf(oldObject))) return taken()
  const before = oldObject ? rules.validate(oldObject) : []
  const problems = rules.validate(object)
  if (listNew(problems, before).length > 0)
    return {
      allowed: false,
      message: `The ${kind.kind} "${nameOf(object)}" is invalid: ${deps.renderProblems(problems)}`,
      warnings: [],
    }
  return taken(
    ...problems.map((problem) => `still invalid, and not obeyed: ${deps.renderProblems([problem])}`),
    ...rules.warn(object).map((warning) => deps.renderProblems([warning])),
  )
}

function findRules(
  { group, version, kind }: AdmissionRequest['kind'],
  { rules }: VerdictDeps,
): AdmissionRules | undefined {
  const isOurApi = group === 'argoproj.io' && version === 'v1alpha1'
  return isOurApi && Object.hasOwn(rules, kind) ? rules[kind] : undefined
}

const specOf = (object: KubeObject): unknown => (object as { readonly spec?: unknown }).spec

const nameOf = ({ metadata }: KubeObject): string => metadata.name || (metadata.generateName ?? '')

/** Places in lists do not count: a step that is put before a wrong one does not make it worse. */
function listNew(
  problems: readonly AdmissionProblem[],
  before: readonly AdmissionProblem[],
): readonly AdmissionProblem[] {
  const rest = before.map(keyOf)
  return problems.filter((problem) => {
    const at = rest.indexOf(keyOf(problem))
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

const keyOf = ({ field, message }: AdmissionProblem): string => `${field.replace(/\[\d+\]/g, '[]')}: ${message}`
