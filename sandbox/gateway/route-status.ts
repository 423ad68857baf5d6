/**
 * What the gateway says about a route in `status.parents`: accepted, resolved, and programmed once the proxy obeys this generation.
 * Pure. Parents that belong to other controllers are kept as they are; equal content is no news.
 */

import type { Attachment } from './attachment.ts'
import { CONTROLLER_NAME } from './attachment.ts'
import type { GatewayCondition, ParentRef, RouteParentStatus } from './objects.ts'
import type { RouteVerdict } from './route-plan.ts'

type Draft = Omit<GatewayCondition, 'observedGeneration' | 'lastTransitionTime'>

const yes = (type: string, reason: string): Draft => ({ type, status: 'True', reason, message: '' })
const no = (type: string, reason: string, message: string): Draft => ({ type, status: 'False', reason, message })

function draftConditions(attachment: Attachment, verdict: RouteVerdict): readonly Draft[] {
  if (!attachment.accepted) {
    const { reason, message } = attachment
    return [no('Accepted', reason, message), yes('ResolvedRefs', 'ResolvedRefs'), no('Programmed', 'Invalid', message)]
  }
  if (verdict.unsupported !== undefined) {
    const message = verdict.unsupported
    return [
      no('Accepted', 'UnsupportedValue', message),
      yes('ResolvedRefs', 'ResolvedRefs'),
      no('Programmed', 'Invalid', message),
    ]
  }
  const { unresolved } = verdict
  const resolved = unresolved
    ? no('ResolvedRefs', unresolved.reason, unresolved.message)
    : yes('ResolvedRefs', 'ResolvedRefs')
  return [yes('Accepted', 'Accepted'), resolved, yes('Programmed', 'Programmed')]
}

const sameParent = (a: ParentRef, b: ParentRef): boolean =>
  a.name === b.name && a.namespace === b.namespace && a.sectionName === b.sectionName && a.port === b.port

const sameConditions = (a: readonly GatewayCondition[], b: readonly GatewayCondition[]): boolean =>
  a.length === b.length &&
  a.every((left, index) => {
    const right = b[index]
    return (
      left.type === right?.type &&
      left.status === right.status &&
      left.reason === right.reason &&
      left.message === right.message &&
      left.observedGeneration === right.observedGeneration
    )
  })

/** The whole next `status.parents`, or undefined when it already says so. `now` is RFC 3339. */
export function decideRouteStatus(verdict: RouteVerdict, now: string): readonly RouteParentStatus[] | undefined {
  const { route } = verdict
  const known = route.status?.parents ?? []
  const foreign = known.filter((parent) => parent.controllerName !== CONTROLLER_NAME)
  const former = known.filter((parent) => parent.controllerName === CONTROLLER_NAME)
  const own = verdict.attachments.map((attachment): RouteParentStatus => {
    const before = former.find((parent) => sameParent(parent.parentRef, attachment.parentRef))?.conditions ?? []
    const conditions = draftConditions(attachment, verdict).map((draft): GatewayCondition => {
      const same = before.find((condition) => condition.type === draft.type && condition.status === draft.status)
      return {
        ...draft,
        observedGeneration: route.metadata.generation ?? 0,
        lastTransitionTime: same?.lastTransitionTime ?? now,
      }
    })
    return { parentRef: attachment.parentRef, controllerName: CONTROLLER_NAME, conditions }
  })
  const isNews =
    own.length !== former.length ||
    own.some((parent, index) => {
      const before = former[index]
      return (
        !before ||
        !sameParent(before.parentRef, parent.parentRef) ||
        !sameConditions(parent.conditions, before.conditions)
      )
    })
  return isNews ? [...foreign, ...own] : undefined
}
