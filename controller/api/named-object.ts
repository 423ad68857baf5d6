/**
 * How a configuration of ours names an object of the cluster and a place in it, for steps and metrics alike. Shapes only. A Secret cannot be named: what
 * is read this way is judged, and may be shown.
 */
import { z } from 'zod'

const NO_SECRET = 'a Secret is never read this way'

export const namedObjectShape = {
  apiVersion: z.string().regex(/^([a-z0-9.-]+\/)?v[a-z0-9]+$/, 'is no apiVersion'),
  kind: z
    .string()
    .regex(/^[A-Za-z]{1,63}$/, 'is no kind')
    .refine((kind) => kind.toLowerCase() !== 'secret', NO_SECRET),
  /** REST name of the kind; needed where the usual plural is not it. */
  resource: z
    .string()
    .regex(/^[a-z0-9]{1,63}$/, 'is no resource name')
    .refine((resource) => resource !== 'secrets', NO_SECRET)
    .optional(),
  name: z.string().min(1).max(253),
  /** Default: the asking object's own; another one only where the controller allows it. */
  namespace: z.string().min(1).max(63).optional(),
  /** True for kinds without a namespace. */
  clusterScope: z.boolean().optional(),
}
