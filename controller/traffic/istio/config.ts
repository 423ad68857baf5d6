/** The configuration of this router, in Argo's words, and what it says. */
import { z } from 'zod'

const name = z.string().min(1)
const virtualService = z.looseObject({
  name,
  routes: z.array(z.string()).nullish(),
  tlsRoutes: z.array(z.looseObject({ port: z.int().optional(), sniHosts: z.array(z.string()).nullish() })).nullish(),
  tcpRoutes: z.array(z.looseObject({ port: z.int().optional() })).nullish(),
})
export type VirtualServiceRef = z.infer<typeof virtualService>

const destinationRule = z.looseObject({
  name,
  canarySubsetName: name,
  stableSubsetName: name,
  additionalSubsetNames: z.array(z.string()).nullish(),
})
export type DestinationRuleRef = z.infer<typeof destinationRule>

const EITHER = 'either VirtualService or VirtualServices must be configured'

export const configSchema = z
  .looseObject({
    virtualService: virtualService.nullish(),
    virtualServices: z.array(virtualService).nullish(),
    destinationRule: destinationRule.nullish(),
  })
  .superRefine(({ virtualService: one, virtualServices: many }, context) => {
    const isEither = Boolean(one) !== Boolean(many) && (many ?? [one]).length > 0
    if (!isEither) context.addIssue({ code: 'custom', message: EITHER })
  })
export type Config = z.infer<typeof configSchema>

export const listVirtualServices = ({ virtualService: one, virtualServices }: Config): readonly VirtualServiceRef[] =>
  virtualServices ?? (one ? [one] : [])

/** `name`, or `name.namespace`. */
export function addressOf(ref: string, namespace: string): { readonly name: string; readonly namespace: string } {
  const [first = '', second = ''] = ref.split('.')
  return { name: first, namespace: second || namespace }
}
