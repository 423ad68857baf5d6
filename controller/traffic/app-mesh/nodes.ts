/**
 * Which pods a VirtualNode stands for: the pod hash among its selector's labels. It has to say so before the pods of a revision are made, because
 * the mesh gives a pod its place when it is made; and it must not change while the VirtualNode has weight and its pods are there (S4).
 *
 *   VirtualNode   a stable revision is known | the newest is stable | it names
 *   stable        no                         | -                    | the newest revision: the first pods are stable's
 *   stable        yes                        | -                    | the stable revision
 *   canary        yes                        | no                   | the newest revision
 *   canary        otherwise                                         | no pods: a word that is no hash, as Argo writes it
 */
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../api/labels.ts'
import { annotate, pointer } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { VirtualNode } from './objects.ts'

const NO_CANARY = 'canary-hash'

export interface NodeHashes {
  readonly stable: string
  readonly canary: string
}

/** Undefined while no revision is known: nothing is to be said. */
export function wantedHashes({ revisions, stablePodHash }: RouterContext): NodeHashes | undefined {
  const newest = revisions.at(-1)?.podHash
  if (newest === undefined) return undefined
  const stable = stablePodHash ?? newest
  return { stable, canary: newest === stable ? NO_CANARY : newest }
}

export const hashOf = ({ spec }: VirtualNode): unknown => spec?.podSelector?.matchLabels?.[POD_TEMPLATE_HASH]

/** Another Rollout's mark. */
export function ownerOf({ metadata }: VirtualNode, { rollout }: RouterContext): string | undefined {
  const owner = metadata.annotations?.[MANAGED_BY]
  return owner === rollout ? undefined : owner
}

/** @param weight that the VirtualNode has as things stand; undefined when nobody knows */
export function renderNode(
  node: VirtualNode,
  hash: string | undefined,
  weight: number | undefined,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const before = hashOf(node)
  if (hash === undefined || before === hash || ownerOf(node, context) !== undefined) return []
  const hasPods = context.revisions.some((revision) => revision.podHash === before && revision.hasPods)
  if (hasPods && weight !== 0) return []
  return [...select(node, hash), ...annotate(node, MANAGED_BY, context.rollout)]
}

function select({ spec }: VirtualNode, hash: string): readonly JsonPatchOperation[] {
  const labels = { [POD_TEMPLATE_HASH]: hash }
  if (!spec?.podSelector) return [{ op: 'add', path: '/spec/podSelector', value: { matchLabels: labels } }]
  if (!spec.podSelector.matchLabels) return [{ op: 'add', path: '/spec/podSelector/matchLabels', value: labels }]
  return [{ op: 'add', path: pointer('spec', 'podSelector', 'matchLabels', POD_TEMPLATE_HASH), value: hash }]
}
