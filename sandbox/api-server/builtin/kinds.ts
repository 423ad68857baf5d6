/** The built-in kinds: one line each for names, schema model and what is special. */
import { allVerbs, type Column, type KindRules, type ResourceType } from '../resource-type.ts'
import { ageColumn, nameColumn } from './columns.ts'
import {
  autoscalerRules,
  budgetRules,
  configMapRules,
  endpointSliceRules,
  endpointsRules,
  eventRules,
  ingressRules,
  leaseRules,
  namespaceRules,
  nodeRules,
  plainRules,
  podRules,
  roleBindingRules,
  secretRules,
  serviceRules,
} from './core-rules.ts'
import { crdRules } from './crd-rules.ts'
import { eventConversion } from './event-conversion.ts'
import { kindColumns } from './kind-columns.ts'
import { modelSchema } from './schema.ts'
import { daemonSetRules, deploymentRules, jobRules, replicaSetRules, statefulSetRules } from './workload-rules.ts'

interface Extras {
  readonly names?: readonly string[]
  readonly categories?: readonly string[]
  readonly status?: boolean
  readonly scalesReplicas?: boolean
  readonly actions?: readonly string[]
  readonly clusterScoped?: boolean
  readonly fields?: readonly string[]
  readonly rules?: KindRules
  readonly plural?: string
  readonly bucket?: string
  readonly convert?: NonNullable<ResourceType['convert']>
}

const replicaScale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
}

const plain: readonly Column[] = [nameColumn, ageColumn]

const kind = (apiVersion: string, kindName: string, model: string, extras: Extras = {}): ResourceType => {
  const [first = '', second] = apiVersion.split('/')
  const group = second === undefined ? '' : first
  const plural = extras.plural ?? `${kindName.toLowerCase()}s`
  const bucket = extras.bucket ?? `${group}/${plural}`
  return {
    group,
    version: second ?? first,
    plural,
    singular: kindName.toLowerCase(),
    kind: kindName,
    listKind: `${kindName}List`,
    namespaced: extras.clusterScoped !== true,
    shortNames: extras.names ?? [],
    categories: extras.categories ?? [],
    verbs: allVerbs,
    bucket,
    isCustom: false,
    schema: modelSchema(model),
    hasStatus: extras.status === true,
    ...(extras.scalesReplicas ? { scale: replicaScale } : {}),
    actions: extras.actions ?? [],
    selectableFields: extras.fields ?? [],
    columns: kindColumns[bucket] ?? plain,
    rules: extras.rules ?? plainRules,
    ...(extras.convert === undefined ? {} : { convert: extras.convert }),
  }
}

const inAll = { categories: ['all'] }
const eventFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
const podFields = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
]
const rbac = 'rbac.authorization.k8s.io/v1'

export const builtinTypes: readonly ResourceType[] = [
  kind('v1', 'Namespace', 'V1Namespace', {
    names: ['ns'],
    status: true,
    clusterScoped: true,
    actions: ['finalize'],
    fields: ['status.phase'],
    rules: { ...namespaceRules, keepsStatusAtCreate: true },
  }),
  kind('v1', 'Pod', 'V1Pod', {
    names: ['po'],
    ...inAll,
    status: true,
    actions: ['eviction', 'binding'],
    fields: podFields,
    rules: podRules,
  }),
  kind('v1', 'Service', 'V1Service', {
    names: ['svc'],
    ...inAll,
    status: true,
    fields: ['spec.clusterIP', 'spec.type'],
    rules: serviceRules,
  }),
  kind('v1', 'Endpoints', 'V1Endpoints', { names: ['ep'], plural: 'endpoints', rules: endpointsRules }),
  kind('v1', 'ConfigMap', 'V1ConfigMap', { names: ['cm'], rules: configMapRules }),
  kind('v1', 'Secret', 'V1Secret', { fields: ['type'], rules: secretRules }),
  kind('v1', 'ServiceAccount', 'V1ServiceAccount', { names: ['sa'], actions: ['token'] }),
  kind('v1', 'Node', 'V1Node', {
    names: ['no'],
    status: true,
    clusterScoped: true,
    fields: ['spec.unschedulable'],
    rules: nodeRules,
  }),
  kind('v1', 'Event', 'CoreV1Event', {
    names: ['ev'],
    fields: [
      ...eventFields.map((field) => `involvedObject.${field}`),
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
    rules: eventRules,
  }),
  kind('events.k8s.io/v1', 'Event', 'EventsV1Event', {
    names: ['ev'],
    bucket: '/events',
    fields: [...eventFields.map((field) => `regarding.${field}`), 'reason', 'reportingController', 'type'],
    rules: eventRules,
    convert: eventConversion,
  }),
  kind('v1', 'PodTemplate', 'V1PodTemplate'),
  kind('apps/v1', 'Deployment', 'V1Deployment', {
    names: ['deploy'],
    ...inAll,
    status: true,
    scalesReplicas: true,
    rules: deploymentRules,
  }),
  kind('apps/v1', 'ReplicaSet', 'V1ReplicaSet', {
    names: ['rs'],
    ...inAll,
    status: true,
    scalesReplicas: true,
    fields: ['status.replicas'],
    rules: replicaSetRules,
  }),
  kind('apps/v1', 'StatefulSet', 'V1StatefulSet', {
    names: ['sts'],
    ...inAll,
    status: true,
    scalesReplicas: true,
    rules: statefulSetRules,
  }),
  kind('apps/v1', 'DaemonSet', 'V1DaemonSet', { names: ['ds'], ...inAll, status: true, rules: daemonSetRules }),
  kind('apps/v1', 'ControllerRevision', 'V1ControllerRevision'),
  kind('batch/v1', 'Job', 'V1Job', { ...inAll, status: true, fields: ['status.successful'], rules: jobRules }),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'V2HorizontalPodAutoscaler', {
    names: ['hpa'],
    ...inAll,
    status: true,
    rules: autoscalerRules,
  }),
  kind('policy/v1', 'PodDisruptionBudget', 'V1PodDisruptionBudget', {
    names: ['pdb'],
    status: true,
    rules: budgetRules,
  }),
  kind('discovery.k8s.io/v1', 'EndpointSlice', 'V1EndpointSlice', { rules: endpointSliceRules }),
  kind('networking.k8s.io/v1', 'Ingress', 'V1Ingress', {
    names: ['ing'],
    plural: 'ingresses',
    status: true,
    rules: ingressRules,
  }),
  kind('networking.k8s.io/v1', 'IngressClass', 'V1IngressClass', {
    plural: 'ingressclasses',
    clusterScoped: true,
    rules: ingressRules,
  }),
  kind('coordination.k8s.io/v1', 'Lease', 'V1Lease', { rules: leaseRules }),
  kind(rbac, 'Role', 'V1Role'),
  kind(rbac, 'RoleBinding', 'V1RoleBinding', { rules: roleBindingRules }),
  kind(rbac, 'ClusterRole', 'V1ClusterRole', { clusterScoped: true }),
  kind(rbac, 'ClusterRoleBinding', 'V1ClusterRoleBinding', { clusterScoped: true, rules: roleBindingRules }),
  kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'V1CustomResourceDefinition', {
    names: ['crd', 'crds'],
    categories: ['api-extensions'],
    status: true,
    clusterScoped: true,
    rules: crdRules,
  }),
]
