/**
 * The shapes of containers: ports, environment, resources, probes, hooks, security, as `schema.ts` reads them. Facts of the Kubernetes API
 * (k8s.io/api, 0.29 to 0.36); no decisions.
 */
import type { GoTable } from './schema.ts'

export const containerTypes: GoTable = {
  Container: `
    name! image command:[]string args:[]string workingDir ports:[]ContainerPort envFrom:[]EnvFromSource
    env:[]EnvVar resources:ResourceRequirements resizePolicy:[]ContainerResizePolicy restartPolicy:*string
    restartPolicyRules:[]ContainerRestartRule+34 volumeMounts:[]VolumeMount volumeDevices:[]VolumeDevice
    livenessProbe:*Probe readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle terminationMessagePath
    terminationMessagePolicy imagePullPolicy securityContext:*SecurityContext stdin:bool stdinOnce:bool tty:bool
  `,
  EphemeralContainer: `
    name! image command:[]string args:[]string workingDir ports:[]ContainerPort envFrom:[]EnvFromSource
    env:[]EnvVar resources:ResourceRequirements resizePolicy:[]ContainerResizePolicy restartPolicy:*string
    restartPolicyRules:[]ContainerRestartRule+34 volumeMounts:[]VolumeMount volumeDevices:[]VolumeDevice
    livenessProbe:*Probe readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle terminationMessagePath
    terminationMessagePolicy imagePullPolicy securityContext:*SecurityContext stdin:bool stdinOnce:bool tty:bool
    targetContainerName
  `,
  ContainerPort: 'name hostPort:int containerPort:int! protocol hostIP',
  EnvFromSource: 'prefix configMapRef:*ConfigMapEnvSource secretRef:*SecretEnvSource',
  EnvVar: 'name! value valueFrom:*EnvVarSource',
  EnvVarSource: `
    fieldRef:*ObjectFieldSelector resourceFieldRef:*ResourceFieldSelector configMapKeyRef:*ConfigMapKeySelector
    secretKeyRef:*SecretKeySelector fileKeyRef:*FileKeySelector+34
  `,
  ConfigMapEnvSource: 'name optional:*bool',
  SecretEnvSource: 'name optional:*bool',
  ConfigMapKeySelector: 'name key! optional:*bool',
  SecretKeySelector: 'name key! optional:*bool',
  FileKeySelector: 'volumeName! path! key! optional:*bool',
  ObjectFieldSelector: 'apiVersion fieldPath!',
  ResourceFieldSelector: 'containerName resource! divisor:quantity',
  ResourceRequirements: 'limits:{}quantity requests:{}quantity claims:[]ResourceClaim',
  ResourceClaim: 'name! request+34',
  ContainerResizePolicy: 'resourceName! restartPolicy!',
  ContainerRestartRule: 'action exitCodes:*ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator values:[]int',
  VolumeMount: `
    name! readOnly:bool recursiveReadOnly:*string+34 mountPath! subPath mountPropagation:*string subPathExpr
  `,
  VolumeDevice: 'name! devicePath!',
  Probe: `
    exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction grpc:*GRPCAction initialDelaySeconds:int
    timeoutSeconds:int periodSeconds:int successThreshold:int failureThreshold:int
    terminationGracePeriodSeconds:*int
  `,
  Lifecycle: 'postStart:*LifecycleHandler preStop:*LifecycleHandler stopSignal:*string+34',
  LifecycleHandler: 'exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction sleep:*SleepAction',
  ExecAction: 'command:[]string',
  HTTPGetAction: 'path port:intOrString! host scheme httpHeaders:[]HTTPHeader',
  HTTPHeader: 'name! value!',
  TCPSocketAction: 'port:intOrString! host',
  GRPCAction: 'port:int! service:*string!',
  SleepAction: 'seconds:int!',
  SecurityContext: `
    capabilities:*Capabilities privileged:*bool seLinuxOptions:*SELinuxOptions
    windowsOptions:*WindowsSecurityContextOptions runAsUser:*int runAsGroup:*int runAsNonRoot:*bool
    readOnlyRootFilesystem:*bool allowPrivilegeEscalation:*bool procMount:*string seccompProfile:*SeccompProfile
    appArmorProfile:*AppArmorProfile+34
  `,
  Capabilities: 'add:[]string drop:[]string',
}
