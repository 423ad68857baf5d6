/**
 * The parts of a pod template that validation reads, as the API server decodes them: loose, every field optional and nullable, because the
 * server's own rules say what is required. It must not hold rules; the template itself is passed on untouched.
 */
import { z } from 'zod'
import { intOrString, stringMap } from './scalars.ts'

const text = z.string().nullish()
const whole = z.int().nullish()
const texts = z.array(z.string()).nullish()
const list = <Item extends z.ZodType>(item: Item) => z.array(item).nullish()

const requirementSchema = z.looseObject({ key: text, operator: text, values: texts })
export const podSelectorSchema = z.looseObject({
  matchLabels: stringMap.nullish(),
  matchExpressions: list(requirementSchema),
})
export type PodSelector = z.infer<typeof podSelectorSchema>
export type SelectorRequirement = z.infer<typeof requirementSchema>

const portSchema = z.looseObject({
  name: text,
  containerPort: whole,
  hostPort: whole,
  hostIP: text,
  protocol: text,
})
export type ContainerPort = z.infer<typeof portSchema>

const keyRef = z.looseObject({ name: text, key: text }).nullish()
const envSchema = z.looseObject({
  name: text,
  value: text,
  valueFrom: z
    .looseObject({
      fieldRef: z.looseObject({ fieldPath: text }).nullish(),
      resourceFieldRef: z.looseObject({ resource: text }).nullish(),
      configMapKeyRef: keyRef,
      secretKeyRef: keyRef,
    })
    .nullish(),
})
export type EnvVar = z.infer<typeof envSchema>

const envFromSchema = z.looseObject({
  prefix: text,
  configMapRef: z.looseObject({ name: text }).nullish(),
  secretRef: z.looseObject({ name: text }).nullish(),
})
export type EnvFrom = z.infer<typeof envFromSchema>

const handlerShape = {
  exec: z.looseObject({ command: texts }).nullish(),
  httpGet: z.looseObject({ path: text, port: intOrString.nullish(), scheme: text }).nullish(),
  tcpSocket: z.looseObject({ port: intOrString.nullish() }).nullish(),
  grpc: z.looseObject({ port: whole }).nullish(),
  sleep: z.looseObject({ seconds: whole }).nullish(),
}
const handlerSchema = z.looseObject(handlerShape)
export type Handler = z.infer<typeof handlerSchema>

const probeSchema = z.looseObject({
  ...handlerShape,
  initialDelaySeconds: whole,
  timeoutSeconds: whole,
  periodSeconds: whole,
  successThreshold: whole,
  failureThreshold: whole,
  terminationGracePeriodSeconds: whole,
})
export type Probe = z.infer<typeof probeSchema>

/** A quantity may be written as a number. */
const quantities = z.record(z.string(), z.union([z.string(), z.number()])).nullish()
const resourcesSchema = z.looseObject({ limits: quantities, requests: quantities })
export type Resources = z.infer<typeof resourcesSchema>

const userShape = { runAsUser: whole, runAsGroup: whole }
const containerSchema = z.looseObject({
  name: text,
  image: text,
  command: texts,
  args: texts,
  imagePullPolicy: text,
  restartPolicy: text,
  terminationMessagePolicy: text,
  ports: list(portSchema),
  env: list(envSchema),
  envFrom: list(envFromSchema),
  resources: resourcesSchema.nullish(),
  volumeMounts: list(z.looseObject({ name: text, mountPath: text, subPath: text, subPathExpr: text })),
  livenessProbe: probeSchema.nullish(),
  readinessProbe: probeSchema.nullish(),
  startupProbe: probeSchema.nullish(),
  lifecycle: z.looseObject({ postStart: handlerSchema.nullish(), preStop: handlerSchema.nullish() }).nullish(),
  securityContext: z
    .looseObject({ ...userShape, privileged: z.boolean().nullish(), allowPrivilegeEscalation: z.boolean().nullish() })
    .nullish(),
})
export type Container = z.infer<typeof containerSchema>

const volumeSchema = z.looseObject({
  name: text,
  configMap: z.looseObject({ name: text, defaultMode: whole }).nullish(),
  secret: z.looseObject({ secretName: text, defaultMode: whole }).nullish(),
  persistentVolumeClaim: z.looseObject({ claimName: text }).nullish(),
  hostPath: z.looseObject({ path: text }).nullish(),
})
export type Volume = z.infer<typeof volumeSchema>

const tolerationSchema = z.looseObject({
  key: text,
  operator: text,
  value: text,
  effect: text,
  tolerationSeconds: whole,
})
export type Toleration = z.infer<typeof tolerationSchema>

const spreadSchema = z.looseObject({
  maxSkew: whole,
  topologyKey: text,
  whenUnsatisfiable: text,
  labelSelector: podSelectorSchema.nullish(),
})
export type SpreadConstraint = z.infer<typeof spreadSchema>

const affinityTermSchema = z.looseObject({ topologyKey: text, labelSelector: podSelectorSchema.nullish() })
const podAffinitySchema = z.looseObject({
  requiredDuringSchedulingIgnoredDuringExecution: list(affinityTermSchema),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    z.looseObject({ weight: whole, podAffinityTerm: affinityTermSchema.nullish() }),
  ),
})
export type PodAffinity = z.infer<typeof podAffinitySchema>
export type PodAffinityTerm = z.infer<typeof affinityTermSchema>

const nodeTermSchema = z.looseObject({ matchExpressions: list(requirementSchema) })
const affinitySchema = z.looseObject({
  nodeAffinity: z
    .looseObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .looseObject({ nodeSelectorTerms: list(nodeTermSchema) })
        .nullish(),
      preferredDuringSchedulingIgnoredDuringExecution: list(z.looseObject({ weight: whole })),
    })
    .nullish(),
  podAffinity: podAffinitySchema.nullish(),
  podAntiAffinity: podAffinitySchema.nullish(),
})
export type Affinity = z.infer<typeof affinitySchema>

const podSpecSchema = z.looseObject({
  containers: list(containerSchema),
  initContainers: list(containerSchema),
  ephemeralContainers: z.array(z.unknown()).nullish(),
  volumes: list(volumeSchema),
  restartPolicy: text,
  dnsPolicy: text,
  activeDeadlineSeconds: whole,
  terminationGracePeriodSeconds: whole,
  nodeSelector: stringMap.nullish(),
  serviceAccountName: text,
  hostNetwork: z.boolean().nullish(),
  hostname: text,
  subdomain: text,
  priorityClassName: text,
  runtimeClassName: text,
  imagePullSecrets: list(z.looseObject({ name: text })),
  tolerations: list(tolerationSchema),
  topologySpreadConstraints: list(spreadSchema),
  affinity: affinitySchema.nullish(),
  securityContext: z.looseObject({ ...userShape, fsGroup: whole }).nullish(),
})
export type PodSpec = z.infer<typeof podSpecSchema>

export const podTemplateShape = z.looseObject({
  metadata: z.looseObject({ labels: stringMap.nullish(), annotations: stringMap.nullish() }).nullish(),
  spec: podSpecSchema.nullish(),
})
