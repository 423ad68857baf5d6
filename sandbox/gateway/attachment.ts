/**
 * Which HTTPRoutes this gateway serves, and through which of their parentRefs: the parent must be a Gateway of a class of ours whose
 * listener allows the route. Pure. It must not look at rules or backends.
 */
import type { Gateway, GatewayClass, HttpRoute, Listener, ParentRef } from './objects.ts'
import { isHostCovered } from './request-match.ts'

export const CONTROLLER_NAME = 'sandbox.penstock.dev/gateway'

export type Attachment =
  | { readonly parentRef: ParentRef; readonly accepted: true; readonly hostnames: readonly (string | undefined)[] }
  | { readonly parentRef: ParentRef; readonly accepted: false; readonly reason: string; readonly message: string }

/** Gateways whose class names this controller. */
export function listOwnGateways(gateways: readonly Gateway[], classes: readonly GatewayClass[]): readonly Gateway[] {
  const own = new Set(
    classes.filter((entry) => entry.spec.controllerName === CONTROLLER_NAME).map((entry) => entry.metadata.name),
  )
  return gateways.filter((gateway) => own.has(gateway.spec.gatewayClassName))
}

/** One entry per parentRef that names a Gateway of ours; parents of other controllers are left to them. */
export function decideAttachments(route: HttpRoute, ownGateways: readonly Gateway[]): readonly Attachment[] {
  return (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const gateway = ownGateways.find((candidate) => isParent(candidate, parentRef, route))
    return gateway ? [decideAttachment(route, parentRef, gateway)] : []
  })
}

function isParent(gateway: Gateway, parentRef: ParentRef, route: HttpRoute): boolean {
  const { metadata } = gateway
  return (
    (parentRef.kind ?? 'Gateway') === 'Gateway' &&
    (parentRef.group ?? 'gateway.networking.k8s.io') === 'gateway.networking.k8s.io' &&
    parentRef.name === metadata.name &&
    (parentRef.namespace ?? route.metadata.namespace) === metadata.namespace
  )
}

function decideAttachment(route: HttpRoute, parentRef: ParentRef, gateway: Gateway): Attachment {
  const refuse = (reason: string, message: string): Attachment => ({ parentRef, accepted: false, reason, message })
  const { sectionName, port } = parentRef
  const named = gateway.spec.listeners.filter(
    (listener) =>
      listener.protocol === 'HTTP' &&
      (sectionName === undefined || listener.name === sectionName) &&
      (port === undefined || listener.port === port),
  )
  if (named.length === 0)
    return refuse('NoMatchingParent', `Gateway "${gateway.metadata.name}" has no such HTTP listener`)
  const allowing = named.filter((listener) => allowsNamespace(listener, gateway, route))
  if (allowing.length === 0) return refuse('NotAllowedByListeners', 'no listener allows routes of this namespace')
  const hostnames = allowing.flatMap((listener) => joinHostnames(listener.hostname, route.spec.hostnames ?? []))
  if (hostnames.length === 0) return refuse('NoMatchingListenerHostname', "no hostname is covered by a listener's")
  return { parentRef, accepted: true, hostnames }
}

/** `Selector` is not supported and allows nothing: a listener must never take more routes than its owner meant. */
function allowsNamespace(listener: Listener, gateway: Gateway, route: HttpRoute): boolean {
  const from = listener.allowedRoutes?.namespaces?.from ?? 'Same'
  return from === 'All' || (from === 'Same' && route.metadata.namespace === gateway.metadata.namespace)
}

/** Hostnames on which route and listener agree; `undefined` stands for every host. */
function joinHostnames(listener: string | undefined, route: readonly string[]): readonly (string | undefined)[] {
  if (route.length === 0) return [listener]
  if (listener === undefined) return route
  return route.flatMap((hostname) => {
    if (hostname === listener || isHostCovered(listener, hostname.replace(/^\*\./, 'any.'))) return [hostname]
    return isHostCovered(hostname, listener.replace(/^\*\./, 'any.')) ? [listener] : []
  })
}
