/** What is released: a canary and a blue-green, each behind a host of its own. Plain data. */
import type { CanaryStep } from '../../controller/api/rollout.ts'
import type { Manifest } from '../../sandbox/manifests.ts'
import { hostOf, NAMESPACE, nameOf, renderBlueGreen, renderCanary } from '../bench/manifests.ts'

export const CANARY = nameOf(0)
export const BLUE_GREEN = nameOf(1)
export const hosts = [hostOf(CANARY), hostOf(BLUE_GREEN)]

const REPLICAS = 4
/** Weights at which a release may be taken back. */
export const weights = [20, 60] as const
const steps: readonly CanaryStep[] = [
  { setWeight: weights[0] },
  { pause: { duration: '1s' } },
  { setWeight: weights[1] },
  { pause: {} },
]

export function renderShop(name: string): readonly Manifest[] {
  const manifests =
    name === BLUE_GREEN
      ? [...renderBlueGreen(name, REPLICAS), renderActiveRoute(name)]
      : renderCanary(name, steps, REPLICAS)
  return manifests.map((manifest) => (manifest.kind === 'Rollout' ? asInProduction(manifest) : manifest))
}

function renderActiveRoute(name: string): Manifest {
  const rules = [{ backendRefs: [{ name: `${name}-active`, port: 80 }] }]
  const spec = { parentRefs: [{ name: 'web' }], hostnames: [hostOf(name)], rules }
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: NAMESPACE },
    spec,
  } as Manifest
}

/** Few old revisions are kept, so that the cluster is as large after a hundred releases as after ten; pods go on answering for two seconds. */
function asInProduction(manifest: Manifest): Manifest {
  const { spec, ...rest } = manifest as Manifest & { readonly spec: RolloutSpec }
  const metadata = { ...spec.template.metadata, annotations: { 'sandbox.penstock.dev/terminate-delay-ms': '2000' } }
  return { ...rest, spec: { ...spec, revisionHistoryLimit: 3, template: { ...spec.template, metadata } } } as Manifest
}

interface RolloutSpec {
  readonly template: { readonly metadata: object }
}
