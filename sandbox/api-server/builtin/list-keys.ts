/**
 * What the published field types of the built-in kinds do not say: which lists are maps or sets, by which keys, and how a
 * strategic merge matches their items. `Model.field` → keys. A list that is not named here is atomic.
 */

/** Lists whose items are told apart by these fields (server-side apply); the first is the strategic merge key. */
export const mapLists: Readonly<Record<string, readonly string[]>> = {
  'V1PodSpec.containers': ['name'],
  'V1PodSpec.initContainers': ['name'],
  'V1PodSpec.ephemeralContainers': ['name'],
  'V1PodSpec.volumes': ['name'],
  'V1PodSpec.imagePullSecrets': ['name'],
  'V1PodSpec.hostAliases': ['ip'],
  'V1PodSpec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
  'V1PodSpec.schedulingGates': ['name'],
  'V1PodSpec.resourceClaims': ['name'],
  'V1Container.ports': ['containerPort', 'protocol'],
  'V1Container.env': ['name'],
  'V1Container.volumeMounts': ['mountPath'],
  'V1Container.volumeDevices': ['devicePath'],
  'V1EphemeralContainer.ports': ['containerPort', 'protocol'],
  'V1EphemeralContainer.env': ['name'],
  'V1EphemeralContainer.volumeMounts': ['mountPath'],
  'V1PodStatus.conditions': ['type'],
  'V1PodStatus.podIPs': ['ip'],
  'V1ObjectMeta.ownerReferences': ['uid'],
  'V1ServiceSpec.ports': ['port', 'protocol'],
  'V1ServiceStatus.conditions': ['type'],
  'V1ServiceAccount.secrets': ['name'],
  'V1DeploymentStatus.conditions': ['type'],
  'V1ReplicaSetStatus.conditions': ['type'],
  'V1StatefulSetStatus.conditions': ['type'],
  'V1DaemonSetStatus.conditions': ['type'],
  'V1NodeStatus.conditions': ['type'],
  'V1NodeStatus.addresses': ['type'],
  'V1NamespaceStatus.conditions': ['type'],
  'V1PodDisruptionBudgetStatus.conditions': ['type'],
  'V2HorizontalPodAutoscalerStatus.conditions': ['type'],
  'V1CustomResourceDefinitionStatus.conditions': ['type'],
}

/** Lists of scalars that are sets under server-side apply. */
export const setLists: readonly string[] = ['V1ObjectMeta.finalizers', 'V1Endpoint.addresses', 'V1NodeSpec.podCIDRs']

/** Strategic merge only: replaced under server-side apply, merged by this field under a strategic patch ('' for scalars). */
export const strategicLists: Readonly<Record<string, string>> = {
  'V1ObjectMeta.finalizers': '',
  'V1NodeSpec.podCIDRs': '',
  'V1JobStatus.conditions': 'type',
  'V1ServiceAccount.imagePullSecrets': 'name',
}

/** Models that are replaced as a whole under server-side apply. */
export const atomicModels: readonly string[] = [
  'V1LabelSelector',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectReference',
  'V1LocalObjectReference',
  'V1TypedLocalObjectReference',
  'V1SecretKeySelector',
  'V1ConfigMapKeySelector',
  'V1ObjectFieldSelector',
  'V1ResourceFieldSelector',
  'V1RoleRef',
  'RbacV1Subject',
  'V1CrossVersionObjectReference',
  'V1ScopeSelector',
]

/** Plain maps that are replaced as a whole under server-side apply. */
export const atomicMaps: readonly string[] = [
  'V1PodSpec.nodeSelector',
  'V1ServiceSpec.selector',
  'V1ReplicationControllerSpec.selector',
]

/** Key fields that have a value also when the manifest leaves them out. */
export const keyDefaults: Readonly<Record<string, string>> = { protocol: 'TCP', whenUnsatisfiable: 'DoNotSchedule' }
