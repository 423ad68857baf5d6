/**
 * The shapes of a pod beyond its containers and volumes: placement, networking, security, as `schema.ts` reads them. Facts of the Kubernetes
 * API (k8s.io/api, 0.29 to 0.36); no decisions.
 */
import type { GoTable } from './schema.ts'

export const podSpecTypes: GoTable = {
  PodSpec: `
    volumes:[]Volume initContainers:[]Container containers:[]Container! ephemeralContainers:[]EphemeralContainer
    restartPolicy terminationGracePeriodSeconds:*int activeDeadlineSeconds:*int dnsPolicy nodeSelector:{}string
    serviceAccountName serviceAccount automountServiceAccountToken:*bool nodeName hostNetwork:bool hostPID:bool
    hostIPC:bool shareProcessNamespace:*bool securityContext:*PodSecurityContext
    imagePullSecrets:[]LocalObjectReference hostname subdomain affinity:*Affinity schedulerName
    tolerations:[]Toleration hostAliases:[]HostAlias priorityClassName priority:*int dnsConfig:*PodDNSConfig
    readinessGates:[]PodReadinessGate runtimeClassName:*string enableServiceLinks:*bool preemptionPolicy:*string
    overhead:{}quantity topologySpreadConstraints:[]TopologySpreadConstraint setHostnameAsFQDN:*bool os:*PodOS
    hostUsers:*bool schedulingGates:[]PodSchedulingGate resourceClaims:[]PodResourceClaim
    resources:*ResourceRequirements+34 hostnameOverride:*string+34 schedulingGroup:*PodSchedulingGroup+36
  `,
  PodSecurityContext: `
    seLinuxOptions:*SELinuxOptions windowsOptions:*WindowsSecurityContextOptions runAsUser:*int runAsGroup:*int
    runAsNonRoot:*bool supplementalGroups:[]int supplementalGroupsPolicy:*string+34 fsGroup:*int sysctls:[]Sysctl
    fsGroupChangePolicy:*string seccompProfile:*SeccompProfile appArmorProfile:*AppArmorProfile+34
    seLinuxChangePolicy:*string+34
  `,
  Affinity: 'nodeAffinity:*NodeAffinity podAffinity:*PodAffinity podAntiAffinity:*PodAntiAffinity',
  Toleration: 'key operator value effect tolerationSeconds:*int',
  HostAlias: 'ip-29 ip!+34 hostnames:[]string',
  PodDNSConfig: 'nameservers:[]string searches:[]string options:[]PodDNSConfigOption',
  PodReadinessGate: 'conditionType!',
  TopologySpreadConstraint: `
    maxSkew:int! topologyKey! whenUnsatisfiable! labelSelector:*LabelSelector minDomains:*int
    nodeAffinityPolicy:*string nodeTaintsPolicy:*string matchLabelKeys:[]string
  `,
  PodOS: 'name!',
  PodSchedulingGate: 'name!',
  PodResourceClaim: 'name! source:ClaimSource-29 resourceClaimName:*string+34 resourceClaimTemplateName:*string+34',
  ClaimSource: 'resourceClaimName:*string resourceClaimTemplateName:*string',
  PodSchedulingGroup: 'podGroupName:*string',
  SELinuxOptions: 'user role type level',
  WindowsSecurityContextOptions: `
    gmsaCredentialSpecName:*string gmsaCredentialSpec:*string runAsUserName:*string hostProcess:*bool
  `,
  Sysctl: 'name! value!',
  SeccompProfile: 'type! localhostProfile:*string',
  AppArmorProfile: 'type! localhostProfile:*string',
  NodeAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
    preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
  `,
  PodAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
    preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  `,
  PodAntiAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
    preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  `,
  PodDNSConfigOption: 'name value:*string',
  NodeSelector: 'nodeSelectorTerms:[]NodeSelectorTerm!',
  PreferredSchedulingTerm: 'weight:int! preference:NodeSelectorTerm!',
  PodAffinityTerm: `
    labelSelector:*LabelSelector namespaces:[]string topologyKey! namespaceSelector:*LabelSelector
    matchLabelKeys:[]string mismatchLabelKeys:[]string
  `,
  WeightedPodAffinityTerm: 'weight:int! podAffinityTerm:PodAffinityTerm!',
  NodeSelectorTerm: 'matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement',
  NodeSelectorRequirement: 'key! operator! values:[]string',
}
