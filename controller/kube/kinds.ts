/** The kinds this product reads or writes, by REST address. A plain table: which version is served is discovery's business. */
import type { ObjectRef, ResourceKind } from './client.ts'

const namespaced = (group: string, version: string, plural: string, kind: string): ResourceKind => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
})
const clusterScoped = (group: string, version: string, plural: string, kind: string): ResourceKind => ({
  ...namespaced(group, version, plural, kind),
  namespaced: false,
})

/**
 * A kind of somebody else's CRD, which clusters serve in one version or another.
 *
 * @param versions those that we can speak, best first; the fields that we touch must be the same in all of them
 */
export const served = (
  group: string,
  plural: string,
  kind: string,
  versions: readonly [string, ...string[]],
): ResourceKind => ({ ...namespaced(group, versions[0], plural, kind), versions })

export const rollouts = namespaced('argoproj.io', 'v1alpha1', 'rollouts', 'Rollout')
export const analysisTemplates = namespaced('argoproj.io', 'v1alpha1', 'analysistemplates', 'AnalysisTemplate')
export const clusterAnalysisTemplates = clusterScoped(
  'argoproj.io',
  'v1alpha1',
  'clusteranalysistemplates',
  'ClusterAnalysisTemplate',
)
export const analysisRuns = namespaced('argoproj.io', 'v1alpha1', 'analysisruns', 'AnalysisRun')
export const experiments = namespaced('argoproj.io', 'v1alpha1', 'experiments', 'Experiment')

export const replicaSets = namespaced('apps', 'v1', 'replicasets', 'ReplicaSet')
export const deployments = namespaced('apps', 'v1', 'deployments', 'Deployment')
export const podTemplates = namespaced('', 'v1', 'podtemplates', 'PodTemplate')
export const pods = namespaced('', 'v1', 'pods', 'Pod')
export const services = namespaced('', 'v1', 'services', 'Service')
export const endpointSlices = namespaced('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice')
export const leases = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const events = namespaced('', 'v1', 'events', 'Event')
export const jobs = namespaced('batch', 'v1', 'jobs', 'Job')
export const secrets = namespaced('', 'v1', 'secrets', 'Secret')
export const configMaps = namespaced('', 'v1', 'configmaps', 'ConfigMap')
export const ingresses = namespaced('networking.k8s.io', 'v1', 'ingresses', 'Ingress')
export const httpRoutes = served('gateway.networking.k8s.io', 'httproutes', 'HTTPRoute', ['v1', 'v1beta1'])
export const grpcRoutes = served('gateway.networking.k8s.io', 'grpcroutes', 'GRPCRoute', ['v1', 'v1alpha2'])
export const tcpRoutes = served('gateway.networking.k8s.io', 'tcproutes', 'TCPRoute', ['v1', 'v1alpha2'])
export const tlsRoutes = served('gateway.networking.k8s.io', 'tlsroutes', 'TLSRoute', ['v1', 'v1alpha3', 'v1alpha2'])
export const virtualServices = served('networking.istio.io', 'virtualservices', 'VirtualService', [
  'v1',
  'v1beta1',
  'v1alpha3',
])
export const destinationRules = served('networking.istio.io', 'destinationrules', 'DestinationRule', [
  'v1',
  'v1beta1',
  'v1alpha3',
])
export const trafficSplits = served('split.smi-spec.io', 'trafficsplits', 'TrafficSplit', [
  'v1alpha4',
  'v1alpha3',
  'v1alpha2',
  'v1alpha1',
])
export const traefikServices = namespaced('traefik.io', 'v1alpha1', 'traefikservices', 'TraefikService')
export const ingressRoutes = namespaced('traefik.io', 'v1alpha1', 'ingressroutes', 'IngressRoute')
export const oldTraefikServices = namespaced('traefik.containo.us', 'v1alpha1', 'traefikservices', 'TraefikService')
export const oldIngressRoutes = namespaced('traefik.containo.us', 'v1alpha1', 'ingressroutes', 'IngressRoute')
export const apisixRoutes = namespaced('apisix.apache.org', 'v2', 'apisixroutes', 'ApisixRoute')
export const httpProxies = namespaced('projectcontour.io', 'v1', 'httpproxies', 'HTTPProxy')
export const routeGroups = namespaced('zalando.org', 'v1', 'routegroups', 'RouteGroup')
export const serviceResolvers = namespaced('consul.hashicorp.com', 'v1alpha1', 'serviceresolvers', 'ServiceResolver')
export const serviceSplitters = namespaced('consul.hashicorp.com', 'v1alpha1', 'servicesplitters', 'ServiceSplitter')
export const serviceRouters = namespaced('consul.hashicorp.com', 'v1alpha1', 'servicerouters', 'ServiceRouter')
export const mappings = served('getambassador.io', 'mappings', 'Mapping', ['v3alpha1', 'v2'])
export const ambassadorMappings = namespaced(
  'x.getambassador.io',
  'v3alpha1',
  'ambassadormappings',
  'AmbassadorMapping',
)
export const meshServices = namespaced('appmesh.k8s.aws', 'v1beta2', 'virtualservices', 'VirtualService')
export const meshRouters = namespaced('appmesh.k8s.aws', 'v1beta2', 'virtualrouters', 'VirtualRouter')
export const meshNodes = namespaced('appmesh.k8s.aws', 'v1beta2', 'virtualnodes', 'VirtualNode')
export const namespaces = clusterScoped('', 'v1', 'namespaces', 'Namespace')

/** `v1` for core kinds, `group/version` otherwise: the value of an object's `apiVersion`. */
export const apiVersionOf = (kind: ResourceKind): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`

/** `plural.group`, unique per kind: for map keys and metric labels. */
export const kindId = (kind: ResourceKind): string => (kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`)

/** Readable address for logs and errors, such as `rollouts.argoproj.io shop/checkout`. */
export const describeRef = (ref: ObjectRef): string =>
  `${kindId(ref.kind)} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`

/** The reference to `object`, which must be of `kind`. */
export const refOf = (
  kind: ResourceKind,
  object: { readonly metadata: { readonly name: string; readonly namespace?: string } },
): ObjectRef => ({
  kind,
  name: object.metadata.name,
  ...(kind.namespaced && object.metadata.namespace !== undefined ? { namespace: object.metadata.namespace } : {}),
})
