/** Pods as the node's unit tests need them: bound, with one container, everything else on request. */
import type { Container, Pod, PodMeta, PodSpec } from '../../../sandbox/node/objects.ts'

export interface PodShape {
  readonly name?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly meta?: Partial<PodMeta>
  readonly container?: Partial<Container>
  readonly spec?: Partial<PodSpec>
  readonly status?: Pod['status']
}

/** Annotation names are given without their prefix. */
export function buildPod({ name = 'web-1', annotations = {}, meta, container, spec, status }: PodShape = {}): Pod {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`sandbox.penstock.dev/${key}`, value])
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, annotations: Object.fromEntries(prefixed), ...meta },
    spec: { nodeName: 'node', containers: [{ name: 'app', image: 'web:v1', ...container }], ...spec },
    ...(status === undefined ? {} : { status }),
  }
}
