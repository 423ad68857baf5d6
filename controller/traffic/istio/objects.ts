/** Of VirtualServices and DestinationRules, what this router reads and writes. Everything else of an object stays as it is. */
import { z } from 'zod'
import type { KubeObject } from '../../api/meta.ts'

const stringMatch = z.looseObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  regex: z.string().optional(),
})
export type StringMatch = z.infer<typeof stringMatch>

const destination = z.looseObject({
  host: z.string().optional(),
  subset: z.string().optional(),
  port: z.looseObject({ number: z.number().optional() }).optional(),
})
export type Destination = z.infer<typeof destination>

const share = z.looseObject({ destination: destination.optional(), weight: z.number().optional() })
/** One entry of a route's list of destinations. */
export type Share = z.infer<typeof share>

const httpMatch = z.looseObject({
  uri: stringMatch.optional(),
  method: stringMatch.optional(),
  headers: z.record(z.string(), stringMatch).optional(),
})
export type HttpMatch = z.infer<typeof httpMatch>

const httpRoute = z.looseObject({
  name: z.string().optional(),
  match: z.array(httpMatch).optional(),
  route: z.array(share).optional(),
})
export type HttpRoute = z.infer<typeof httpRoute>

/** Of a TLS or TCP route. */
const wireMatch = z.looseObject({ port: z.number().optional(), sniHosts: z.array(z.string()).optional() })
const wireRoute = z.looseObject({ match: z.array(wireMatch).optional(), route: z.array(share).optional() })
export type WireRoute = z.infer<typeof wireRoute>

const virtualServiceSpec = z.looseObject({
  http: z.array(httpRoute).optional(),
  tls: z.array(wireRoute).optional(),
  tcp: z.array(wireRoute).optional(),
})
export type VirtualServiceSpec = z.infer<typeof virtualServiceSpec>

const destinationRuleSpec = z.looseObject({
  host: z.string(),
  subsets: z
    .array(z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).nullish() }))
    .nullish()
    .transform((subsets) => subsets ?? []),
})
export type DestinationRuleSpec = z.infer<typeof destinationRuleSpec>

/** Every field of it is kept; undefined when it has another shape than Istio's. */
export const parseVirtualService = (object: KubeObject): VirtualServiceSpec | undefined =>
  virtualServiceSpec.safeParse(specOf(object)).data

export const parseDestinationRule = (object: KubeObject): DestinationRuleSpec | undefined =>
  destinationRuleSpec.safeParse(specOf(object)).data

const specOf = (object: KubeObject): unknown => (object as { readonly spec?: unknown }).spec
