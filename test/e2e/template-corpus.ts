/**
 * Pod templates as people write them, wide rather than likely: most fields of the API, amounts and defaults in many notations, everything valid.
 * Data only.
 */
import type { PodTemplate } from '../../controller/api/meta.ts'

type Fields = Readonly<Record<string, unknown>>

const of = (spec: Fields = {}, container: Fields = {}, metadata: Fields = {}): PodTemplate => ({
  metadata: { labels: { app: 'corpus' }, ...metadata },
  spec: { containers: [{ name: 'app', image: 'shop:1', ...container }], ...spec },
})

const volume = (name: string, source: Fields): PodTemplate =>
  of({ volumes: [{ name, ...source }] }, { volumeMounts: [{ name, mountPath: '/v' }] })

const probes = (handler: Fields): Fields => ({
  livenessProbe: handler,
  readinessProbe: { ...handler, initialDelaySeconds: 0, periodSeconds: 3 },
  startupProbe: { ...handler, failureThreshold: 30 },
})

const term = { labelSelector: { matchLabels: { app: 'corpus' } }, topologyKey: 'kubernetes.io/hostname' }
const nodeTerm = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } }

export const templateCorpus: Readonly<Record<string, PodTemplate>> = {
  plain: of(),
  'explicit defaults': of(
    {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      hostNetwork: false,
      volumes: [],
      nodeSelector: {},
    },
    {
      imagePullPolicy: 'IfNotPresent',
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      stdin: false,
      env: [],
      resources: {},
    },
  ),
  'nulls and empties': of(
    { affinity: {}, tolerations: null, imagePullSecrets: [], dnsConfig: {}, hostname: '', activeDeadlineSeconds: null },
    { command: null, args: [], lifecycle: {}, securityContext: {}, workingDir: '' },
    { annotations: {} },
  ),
  'a moving tag': of({}, { image: 'shop' }),
  'the latest tag': of({}, { image: 'registry.test:5000/shop:latest' }),
  'a digest': of({}, { image: `shop@sha256:${'0'.repeat(64)}` }),
  'a latest digest': of({}, { image: `shop:latest@sha256:${'0'.repeat(64)}` }),
  'an image that is no reference': of({}, { image: 'Shop With Spaces' }),
  resources: of(
    {},
    { resources: { limits: { cpu: 2, memory: '1.5Gi' }, requests: { cpu: '0.1', memory: '1073741824' } } },
  ),
  'resources in odd notations': of(
    { overhead: { cpu: '0.25' } },
    {
      resources: {
        limits: { cpu: '1.000', memory: '1e9', 'ephemeral-storage': '2000000k' },
        requests: { cpu: '1500u' },
      },
    },
  ),
  'less than a thousandth': of({}, { resources: { limits: { cpu: '100n', memory: '0.5' } } }),
  ports: of({}, { ports: [{ containerPort: 80 }, { name: 'dns', containerPort: 53, protocol: 'UDP', hostPort: 0 }] }),
  'host network': of({ hostNetwork: true, hostPID: true, hostIPC: false }, { ports: [{ containerPort: 8080 }] }),
  environment: of(
    {},
    {
      env: [
        { name: 'EMPTY', value: '' },
        { name: 'NONE' },
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1024Ki' } } },
        { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'c', key: 'k', optional: false } } },
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
      envFrom: [{ configMapRef: { name: 'c' } }, { prefix: 'P_', secretRef: { name: 's', optional: true } }],
    },
  ),
  'http probes': of({}, probes({ httpGet: { port: 80, httpHeaders: [{ name: 'Host', value: 'x' }] } })),
  'http probes, spelled out': of({}, probes({ httpGet: { port: 'http', path: '/live', scheme: 'HTTPS', host: 'h' } })),
  'tcp probes': of({}, probes({ tcpSocket: { port: 80 }, terminationGracePeriodSeconds: null })),
  'grpc probes': of({}, probes({ grpc: { port: 9000 } })),
  'exec probes': of({}, probes({ exec: { command: ['true'] }, timeoutSeconds: 5 })),
  hooks: of({}, { lifecycle: { postStart: { exec: { command: ['a'] } }, preStop: { httpGet: { port: 80 } } } }),
  sleep: of({}, { lifecycle: { preStop: { sleep: { seconds: 5 } } } }),
  'init containers and sidecars': of({
    initContainers: [
      { name: 'migrate', image: 'migrate', resources: { requests: { cpu: '10m' } } },
      { name: 'mesh', image: 'mesh:1', restartPolicy: 'Always', startupProbe: { httpGet: { port: 1 } } },
    ],
  }),
  'security contexts': of(
    {
      securityContext: {
        runAsUser: 0,
        runAsNonRoot: false,
        fsGroup: 2000,
        fsGroupChangePolicy: 'OnRootMismatch',
        supplementalGroups: [1],
        seccompProfile: { type: 'RuntimeDefault' },
        sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65000' }],
        appArmorProfile: { type: 'RuntimeDefault' },
      },
    },
    {
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: [] },
        seLinuxOptions: { level: 's0' },
      },
    },
  ),
  'old account': of({ serviceAccount: 'bot' }),
  'both accounts': of({ serviceAccount: 'bot', serviceAccountName: 'bot', automountServiceAccountToken: false }),
  affinity: of({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: nodeTerm }],
      },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, namespaceSelector: {} }] },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { ...term, namespaces: ['a'], matchLabelKeys: ['x'] } },
        ],
      },
    },
  }),
  placement: of({
    nodeSelector: { pool: 'apps' },
    tolerations: [{ operator: 'Exists' }, { key: 'k', value: 'v', effect: 'NoExecute', tolerationSeconds: 0 }],
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
      {
        maxSkew: 2,
        topologyKey: 'host',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: {},
        nodeTaintsPolicy: 'Honor',
        matchLabelKeys: [],
      },
    ],
    priorityClassName: 'system-node-critical',
    preemptionPolicy: 'Never',
    runtimeClassName: 'kata',
    schedulerName: 'own',
  }),
  network: of({
    hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }],
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] },
    hostname: 'h',
    subdomain: 's',
    setHostnameAsFQDN: true,
    enableServiceLinks: false,
    shareProcessNamespace: true,
    readinessGates: [{ conditionType: 'example.com/ready' }],
    imagePullSecrets: [{ name: 'pull' }],
    os: { name: 'linux' },
    terminationGracePeriodSeconds: 0,
  }),
  'pod resources': of({ resources: { limits: { cpu: '1000m' }, requests: { cpu: 0.5 } } }),
  'resource claims': of(
    { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] },
    { resources: { claims: [{ name: 'gpu' }] } },
  ),
  'empty dir': volume('v', { emptyDir: {} }),
  'no source': volume('v', {}),
  'memory dir': volume('v', { emptyDir: { medium: 'Memory', sizeLimit: '0.5Gi' } }),
  'config map': volume('v', { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }),
  'config map with a mode': volume('v', { configMap: { name: 'c', defaultMode: 256, optional: false } }),
  secret: volume('v', { secret: { secretName: 's' } }),
  'host path': volume('v', { hostPath: { path: '/x' } }),
  'typed host path': volume('v', { hostPath: { path: '/x', type: 'Directory' } }),
  'downward API': volume('v', {
    downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] },
  }),
  projected: volume('v', {
    projected: {
      sources: [
        { serviceAccountToken: { path: 't' } },
        { serviceAccountToken: { path: 'u', expirationSeconds: 7200, audience: 'a' } },
        { configMap: { name: 'c' } },
        { secret: { name: 's', items: [{ key: 'k', path: 'q', mode: 0 }] } },
        { downwardAPI: { items: [{ path: 'm', resourceFieldRef: { containerName: 'app', resource: 'limits.cpu' } }] } },
      ],
    },
  }),
  'generic ephemeral': volume('v', { ephemeral: { volumeClaimTemplate: { spec: claim } } }),
  'generic ephemeral, in full': volume('v', {
    ephemeral: {
      volumeClaimTemplate: {
        metadata: { labels: { a: 'b' }, creationTimestamp: null },
        spec: { ...claim, storageClassName: 'fast', volumeMode: 'Filesystem', selector: {} },
      },
    },
  }),
  claim: volume('v', { persistentVolumeClaim: { claimName: 'c', readOnly: false } }),
  csi: volume('v', { csi: { driver: 'd.example.com', readOnly: false, volumeAttributes: { a: '' } } }),
  nfs: volume('v', { nfs: { server: 's', path: '/p' } }),
  iscsi: volume('v', { iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:storage', lun: 0 } }),
  rbd: volume('v', { rbd: { monitors: ['m'], image: 'i' } }),
  'azure disk': volume('v', { azureDisk: { diskName: 'd', diskURI: 'https://blob/d.vhd' } }),
  'scale io': volume('v', { scaleIO: { gateway: 'g', system: 's', secretRef: { name: 's' }, volumeName: 'v' } }),
  fc: volume('v', { fc: { targetWWNs: ['w'], lun: 0 } }),
  image: volume('v', { image: { reference: 'data' } }),
  'image with a tag': volume('v', { image: { reference: 'data:1' } }),
  'volume mounts': of(
    { volumes: [{ name: 'v', emptyDir: {} }] },
    {
      volumeMounts: [
        { name: 'v', mountPath: '/a', subPath: '', readOnly: false },
        { name: 'v', mountPath: '/b', subPathExpr: 'x', mountPropagation: 'None' },
      ],
    },
  ),
  'characters of every kind': of(
    {},
    { args: ['<a> & "b"', '\u2028é😀', "it's"] },
    { annotations: { note: '  ', empty: '' } },
  ),
  'metadata beyond labels': of(
    {},
    {},
    { annotations: { a: 'b' }, creationTimestamp: null, finalizers: ['example.com/f'] },
  ),
}
