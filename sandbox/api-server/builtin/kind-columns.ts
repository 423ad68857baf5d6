/** What `kubectl get` shows of the built-in kinds. */
import { asArray, asObject, asString, readPath, renderScalar, type Stored } from '../json.ts'
import type { Column } from '../resource-type.ts'
import { ageColumn, column, fieldColumn, nameColumn, numberAt, renderAge, renderLabels } from './columns.ts'
import type { containersOf } from './pod-template.ts'

const templateContainers = (object: Stored): ReturnType<typeof containersOf> =>
  asArray(readPath(object, 'spec.template.spec.containers')).map(asObject)

const namesOf = (object: Stored): string =>
  templateContainers(object)
    .map(({ name }) => asString(name))
    .join(',')
const imagesOf = (object: Stored): string =>
  templateContainers(object)
    .map(({ image }) => asString(image))
    .join(',')

const templateColumns: readonly Column[] = [
  column('Containers', 'string', namesOf, 1),
  column('Images', 'string', imagesOf, 1),
  column('Selector', 'string', (object) => renderLabels(readPath(object, 'spec.selector.matchLabels')), 1),
]

const containerStatuses = (object: Stored) => asArray(readPath(object, 'status.containerStatuses')).map(asObject)

/** The reason a person should read first: terminating, then what a container waits for or died of, then the phase. */
const podStatus = (object: Stored): string => {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating'
  const reasons = containerStatuses(object).flatMap(({ state }) => {
    const { waiting, terminated } = asObject(state)
    return [asString(asObject(waiting).reason), asString(asObject(terminated).reason)]
  })
  const reason = reasons.find((text) => text !== '')
  return reason ?? (asString(readPath(object, 'status.reason')) || asString(readPath(object, 'status.phase')))
}

const podReady = (object: Stored): string => {
  const total = asArray(readPath(object, 'spec.containers')).length
  return `${containerStatuses(object).filter(({ ready }) => ready === true).length}/${total}`
}

const podRestarts = (object: Stored): number =>
  containerStatuses(object).reduce((sum, { restartCount }) => sum + Number(restartCount ?? 0), 0)

const podColumns: readonly Column[] = [
  nameColumn,
  column('Ready', 'string', podReady),
  column('Status', 'string', podStatus),
  column('Restarts', 'string', (object) => String(podRestarts(object))),
  ageColumn,
  fieldColumn('IP', 'string', 'status.podIP', '<none>', 1),
  fieldColumn('Node', 'string', 'spec.nodeName', '<none>', 1),
  fieldColumn('Nominated Node', 'string', 'status.nominatedNodeName', '<none>', 1),
  column('Readiness Gates', 'string', () => '<none>', 1),
]

const deploymentColumns: readonly Column[] = [
  nameColumn,
  column(
    'Ready',
    'string',
    (object) => `${numberAt(object, 'status.readyReplicas')}/${numberAt(object, 'spec.replicas')}`,
  ),
  fieldColumn('Up-to-date', 'integer', 'status.updatedReplicas', 0),
  fieldColumn('Available', 'integer', 'status.availableReplicas', 0),
  ageColumn,
  ...templateColumns,
]

const replicaSetColumns: readonly Column[] = [
  nameColumn,
  fieldColumn('Desired', 'integer', 'spec.replicas', 0),
  fieldColumn('Current', 'integer', 'status.replicas', 0),
  fieldColumn('Ready', 'integer', 'status.readyReplicas', 0),
  ageColumn,
  ...templateColumns,
]

const renderPort = (entry: unknown): string => {
  const { port, nodePort, protocol } = asObject(entry)
  return `${renderScalar(port)}${nodePort === undefined ? '' : `:${renderScalar(nodePort)}`}/${asString(protocol) || 'TCP'}`
}

const portsAt = (object: Stored): string =>
  asArray(readPath(object, 'spec.ports')).map(renderPort).join(',') || '<none>'

const serviceColumns: readonly Column[] = [
  nameColumn,
  fieldColumn('Type', 'string', 'spec.type'),
  fieldColumn('Cluster-IP', 'string', 'spec.clusterIP'),
  fieldColumn('External-IP', 'string', 'spec.externalName'),
  column('Port(s)', 'string', portsAt),
  ageColumn,
  column('Selector', 'string', (object) => renderLabels(readPath(object, 'spec.selector')), 1),
]

const lastSeen: Column = {
  name: 'Last Seen',
  type: 'string',
  read: (object, now) => renderAge(object.lastTimestamp ?? object.eventTime ?? object.metadata.creationTimestamp, now),
}

const eventColumns: readonly Column[] = [
  lastSeen,
  fieldColumn('Type', 'string', 'type', ''),
  fieldColumn('Reason', 'string', 'reason', ''),
  column('Object', 'string', (object) => {
    const { kind, name } = asObject(object.involvedObject)
    return `${asString(kind).toLowerCase()}/${asString(name)}`
  }),
  column('Message', 'string', (object) => asString(object.message).trim()),
  fieldColumn('Name', 'string', 'metadata.name', '', 1),
]

const nodeStatus = (object: Stored): string => {
  const ready = asArray(readPath(object, 'status.conditions'))
    .map(asObject)
    .find(({ type }) => type === 'Ready')
  if (ready === undefined) return 'Unknown'
  const suffix = readPath(object, 'spec.unschedulable') === true ? ',SchedulingDisabled' : ''
  return `${ready.status === 'True' ? 'Ready' : 'NotReady'}${suffix}`
}

const nodeColumns: readonly Column[] = [
  nameColumn,
  column('Status', 'string', nodeStatus),
  column('Roles', 'string', () => '<none>'),
  ageColumn,
  fieldColumn('Version', 'string', 'status.nodeInfo.kubeletVersion', ''),
]

const jobStatus = (object: Stored): string => {
  const conditions = asArray(readPath(object, 'status.conditions')).map(asObject)
  const isTrue = (wanted: string): boolean =>
    conditions.some(({ type, status }) => type === wanted && status === 'True')
  if (isTrue('Complete')) return 'Complete'
  if (isTrue('Failed')) return 'Failed'
  return isTrue('Suspended') ? 'Suspended' : 'Running'
}

const jobDuration: Column = {
  name: 'Duration',
  type: 'string',
  read: (object, now) => {
    const start = readPath(object, 'status.startTime')
    const end = readPath(object, 'status.completionTime')
    if (typeof start !== 'string') return ''
    return renderAge(start, typeof end === 'string' ? Date.parse(end) : now)
  },
}

const jobColumns: readonly Column[] = [
  nameColumn,
  column('Status', 'string', jobStatus),
  column(
    'Completions',
    'string',
    (object) => `${numberAt(object, 'status.succeeded')}/${numberAt(object, 'spec.completions')}`,
  ),
  jobDuration,
  ageColumn,
]

const countOf = (field: string): ((object: Stored) => number) => {
  return (object) => Object.keys(asObject(object[field])).length
}

const referenceOf = (object: Stored): string =>
  `${asString(readPath(object, 'spec.scaleTargetRef.kind'))}/${asString(readPath(object, 'spec.scaleTargetRef.name'))}`

/** By `group/plural`. A kind that is not named shows its name and age. */
export const kindColumns: Readonly<Record<string, readonly Column[]>> = {
  '/pods': podColumns,
  '/services': serviceColumns,
  '/nodes': nodeColumns,
  '/events': eventColumns,
  '/namespaces': [nameColumn, fieldColumn('Status', 'string', 'status.phase', ''), ageColumn],
  '/configmaps': [nameColumn, column('Data', 'integer', countOf('data')), ageColumn],
  '/secrets': [
    nameColumn,
    fieldColumn('Type', 'string', 'type'),
    column('Data', 'integer', countOf('data')),
    ageColumn,
  ],
  '/serviceaccounts': [nameColumn, column('Secrets', 'integer', (object) => asArray(object.secrets).length), ageColumn],
  'apps/deployments': deploymentColumns,
  'apps/replicasets': replicaSetColumns,
  'apps/statefulsets': [
    nameColumn,
    column(
      'Ready',
      'string',
      (object) => `${numberAt(object, 'status.readyReplicas')}/${numberAt(object, 'spec.replicas')}`,
    ),
    ageColumn,
  ],
  'apps/daemonsets': [
    nameColumn,
    fieldColumn('Desired', 'integer', 'status.desiredNumberScheduled', 0),
    fieldColumn('Current', 'integer', 'status.currentNumberScheduled', 0),
    fieldColumn('Ready', 'integer', 'status.numberReady', 0),
    ageColumn,
  ],
  'batch/jobs': jobColumns,
  'autoscaling/horizontalpodautoscalers': [
    nameColumn,
    column('Reference', 'string', referenceOf),
    fieldColumn('MinPods', 'string', 'spec.minReplicas', '<unset>'),
    fieldColumn('MaxPods', 'integer', 'spec.maxReplicas', 0),
    fieldColumn('Replicas', 'integer', 'status.currentReplicas', 0),
    ageColumn,
  ],
  'policy/poddisruptionbudgets': [
    nameColumn,
    fieldColumn('Min Available', 'string', 'spec.minAvailable', 'N/A'),
    fieldColumn('Max Unavailable', 'string', 'spec.maxUnavailable', 'N/A'),
    fieldColumn('Allowed Disruptions', 'integer', 'status.disruptionsAllowed', 0),
    ageColumn,
  ],
  'coordination.k8s.io/leases': [nameColumn, fieldColumn('Holder', 'string', 'spec.holderIdentity', ''), ageColumn],
  'apiextensions.k8s.io/customresourcedefinitions': [
    nameColumn,
    { name: 'Created At', type: 'date', read: (object) => object.metadata.creationTimestamp },
  ],
}
