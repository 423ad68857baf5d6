/**
 * The JSON of an action annotation: a forward to target groups, byte for byte as Argo writes it, for clients compare it as a string. It decides no
 * weight.
 */
import { z } from 'zod'

export interface TargetGroup {
  readonly service: string
  readonly weight: number
}

export interface ForwardConfig {
  readonly servicePort: number
  readonly stickinessConfig?:
    | { readonly enabled?: boolean | undefined; readonly durationSeconds?: number | undefined }
    | undefined
}

export function renderForward(
  { servicePort, stickinessConfig }: ForwardConfig,
  groups: readonly TargetGroup[],
): string {
  const TargetGroups = groups.map(({ service, weight }) => ({
    ServiceName: service,
    ServicePort: String(servicePort),
    Weight: weight,
  }))
  const sticky = stickinessConfig?.enabled
    ? { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: stickinessConfig.durationSeconds } }
    : {}
  return JSON.stringify({ Type: 'forward', ForwardConfig: { TargetGroups, ...sticky } })
}

const forwardSchema = z.looseObject({
  ForwardConfig: z.looseObject({
    TargetGroups: z.array(z.looseObject({ ServiceName: z.string(), Weight: z.int().min(0) })),
  }),
})

/** Undefined when it is no forward whose groups all name a Service and a weight. */
export function parseForward(text: string | undefined): readonly TargetGroup[] | undefined {
  const parsed = forwardSchema.safeParse(parseJson(text))
  if (!parsed.success) return undefined
  return parsed.data.ForwardConfig.TargetGroups.map(({ ServiceName, Weight }) => ({
    service: ServiceName,
    weight: Weight,
  }))
}

/** Undefined when it is not JSON. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Both say the same, whatever space or escapes they are written with. */
export const sameJson = (text: string | undefined, wanted: string): boolean =>
  text === wanted || JSON.stringify(parseJson(text)) === wanted
