/**
 * The canary Ingress as the stable one and the configuration ask for it: the same class and certificates, only the paths that lead to the stable
 * Service, and those to the canary Service. It knows no weights, and never changes the stable Ingress.
 */
import type { AnnotationChanges } from '../codec/annotations.ts'
import type { Ingress, IngressBackend, IngressRule, IngressSpec } from '../ingress.ts'
import { sendsTo } from '../ingress.ts'
import type { RouterContext } from '../router.ts'

const CLASS = 'kubernetes.io/ingress.class'
const SUFFIX = '-canary'
const MAX_NAME = 253

/** `<rollout>-<stable Ingress>-canary`, cut in front of the suffix where it would be too long, as Argo does. */
export const canaryIngressName = (rollout: string, stableIngress: string): string =>
  `${`${rollout}-${stableIngress}`.slice(0, MAX_NAME - SUFFIX.length)}${SUFFIX}`

export interface NginxConfig {
  readonly stableIngress?: string | undefined
  readonly stableIngresses?: readonly string[] | undefined
  readonly annotationPrefix?: string | undefined
  readonly additionalIngressAnnotations?: Readonly<Record<string, string>> | undefined
  readonly canaryIngressAnnotations?: Readonly<Record<string, string>> | undefined
}

export const prefixOf = ({ annotationPrefix }: NginxConfig): string => annotationPrefix || 'nginx.ingress.kubernetes.io'

/** What the user wants on the canary Ingress: short names get the prefix, full ones win. */
export function givenAnnotations(config: NginxConfig): Readonly<Record<string, string>> {
  const prefix = prefixOf(config)
  const additional = Object.entries(config.additionalIngressAnnotations ?? {}).map(
    ([name, value]) => [name.startsWith(prefix) ? name : `${prefix}/${name}`, value] as const,
  )
  return { ...Object.fromEntries(additional), ...config.canaryIngressAnnotations }
}

export interface CanaryIngress {
  readonly spec: IngressSpec
  readonly annotations: AnnotationChanges
}

/** Undefined when nothing of the stable Ingress leads to the stable Service. */
export function renderCanaryIngress(
  { metadata, spec = {} }: Ingress,
  config: NginxConfig,
  { stableService, canaryService }: RouterContext,
): CanaryIngress | undefined {
  const redirect = (backend: IngressBackend): IngressBackend => ({
    ...backend,
    service: { ...backend.service, name: canaryService },
  })
  const rules = (spec.rules ?? []).flatMap((rule): IngressRule[] => {
    const paths = (rule.http?.paths ?? []).filter(({ backend }) => sendsTo(backend, stableService))
    if (paths.length === 0) return []
    return [
      {
        ...rule,
        http: { ...rule.http, paths: paths.map((path) => ({ ...path, backend: redirect(path.backend ?? {}) })) },
      },
    ]
  })
  const { ingressClassName, tls, defaultBackend } = spec
  const catchesAll = defaultBackend && sendsTo(defaultBackend, stableService)
  if (rules.length === 0 && !catchesAll) return undefined
  return {
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(catchesAll ? { defaultBackend: redirect(defaultBackend) } : {}),
      ...(tls ? { tls } : {}),
      ...(rules.length > 0 ? { rules } : {}),
    },
    annotations: { [CLASS]: metadata.annotations?.[CLASS], ...givenAnnotations(config) },
  }
}
