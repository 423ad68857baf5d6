/** Fields of the pod as a whole. A ReplicaSet restarts its pods for ever, so a pod that ends by itself is refused. */
import type { PodSpec } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { validateContainers } from './containers.ts'
import { validateLabels } from './labels.ts'
import { findDnsLabelProblem, findSubdomainProblem } from './names.ts'
import { validateScheduling } from './scheduling.ts'
import { forbidden, requireOneOf, requireRange, requireSyntax } from './server-words.ts'
import { validateVolumes } from './volumes.ts'

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const ID_RANGE = [0, 2_147_483_647] as const

export function validatePodSpec(spec: PodSpec, field: string): readonly Problem[] {
  const { securityContext } = spec
  return [
    ...validateVolumes(spec.volumes ?? [], `${field}.volumes`),
    ...validateContainers(spec, field),
    ...requireOneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always']),
    ...(typeof spec.activeDeadlineSeconds === 'number'
      ? [forbidden(`${field}.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported')]
      : []),
    ...((spec.ephemeralContainers ?? []).length > 0
      ? [forbidden(`${field}.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
    ...requireOneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector ?? {}, `${field}.nodeSelector`),
    ...requireRange(`${field}.securityContext.fsGroup`, securityContext?.fsGroup, ID_RANGE),
    ...requireRange(`${field}.securityContext.runAsUser`, securityContext?.runAsUser, ID_RANGE),
    ...requireRange(`${field}.securityContext.runAsGroup`, securityContext?.runAsGroup, ID_RANGE),
    ...validateScheduling(spec, field),
    ...requireSyntax(`${field}.serviceAccountName`, spec.serviceAccountName, findSubdomainProblem),
    ...requireSyntax(`${field}.hostname`, spec.hostname, findDnsLabelProblem),
    ...requireSyntax(`${field}.subdomain`, spec.subdomain, findDnsLabelProblem),
    ...requireSyntax(`${field}.priorityClassName`, spec.priorityClassName, findSubdomainProblem),
    ...requireSyntax(`${field}.runtimeClassName`, spec.runtimeClassName, findSubdomainProblem),
  ]
}
