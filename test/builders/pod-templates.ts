/**
 * Pod templates that a Kubernetes API server refuses in a ReplicaSet, each with the field and the words that it uses, and templates that it
 * takes though they look odd. One table for the unit test of our rules and for the test against a real server.
 */
import type { PodTemplate } from '../../controller/api/meta.ts'

export interface RefusedTemplate {
  readonly name: string
  readonly template: PodTemplate
  /** Below the template. */
  readonly field: string
  readonly message: string
  /** What the server says where it stumbles while decoding, or over a field that it names differently. */
  readonly server?: string
}

type Fields = Readonly<Record<string, unknown>>

const app: Fields = { name: 'app', image: 'example.test/app:1' }

/** A good template but for what is given. */
export const template = (spec: Fields, metadata: Fields = {}): PodTemplate => ({
  metadata: { labels: { app: 'shop' }, ...metadata },
  spec: { containers: [app], ...spec },
})
const withApp = (odd: Fields, spec: Fields = {}): PodTemplate => template({ ...spec, containers: [{ ...app, ...odd }] })
const withEnv = (variable: Fields): PodTemplate => withApp({ env: [variable] })
const withPorts = (...ports: readonly Fields[]): PodTemplate => withApp({ ports })
const withLimits = (limits: Fields, requests: Fields = {}): PodTemplate => withApp({ resources: { limits, requests } })
const withVolume = (volume: Fields): PodTemplate => template({ volumes: [volume] })
const withProbe = (probe: Fields): PodTemplate => withApp({ readinessProbe: probe })
const labelled = (labels: Fields): PodTemplate => template({}, { labels: { app: 'shop', ...labels } })

const container = 'spec.containers[0]'
const http = { httpGet: { port: 80 } }
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const CONFIG_KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const row = (name: string, odd: PodTemplate, field: string, message: string, server?: string): RefusedTemplate => ({
  name,
  template: odd,
  field,
  message,
  ...(server === undefined ? {} : { server }),
})

export const refusedTemplates: readonly RefusedTemplate[] = [
  row('no container', template({ containers: [] }), 'spec.containers', 'Required value'),
  row('a container without a name', template({ containers: [{ image: 'x' }] }), `${container}.name`, 'Required value'),
  row(
    'a container without an image',
    template({ containers: [{ name: 'x' }] }),
    `${container}.image`,
    'Required value',
  ),
  row('a name in capitals', withApp({ name: 'App' }), `${container}.name`, `Invalid value: "App": ${LABEL}`),
  row(
    'a name with a dot',
    withApp({ name: 'a.b' }),
    `${container}.name`,
    'Invalid value: "a.b": must not contain dots',
  ),
  row(
    'a name of 64 letters',
    withApp({ name: 'a'.repeat(64) }),
    `${container}.name`,
    `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`,
  ),
  row('two of a name', template({ containers: [app, app] }), 'spec.containers[1].name', 'Duplicate value: "app"'),
  row(
    'a sidecar of that name',
    template({ initContainers: [app] }),
    'spec.initContainers[0].name',
    'Duplicate value: "app"',
  ),
  row(
    'a pull policy',
    withApp({ imagePullPolicy: 'Sometimes' }),
    `${container}.imagePullPolicy`,
    'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
  ),
  row(
    'a termination message policy',
    withApp({ terminationMessagePolicy: 'Log' }),
    `${container}.terminationMessagePolicy`,
    'Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"',
  ),
  row('a port without a number', withPorts({ name: 'http' }), `${container}.ports[0].containerPort`, 'Required value'),
  row(
    'a port too high',
    withPorts({ containerPort: 70_000 }),
    `${container}.ports[0].containerPort`,
    'Invalid value: 70000: must be between 1 and 65535, inclusive',
  ),
  row(
    'a port in quotes',
    withPorts({ containerPort: '80' }),
    `${container}.ports[0].containerPort`,
    'must be a whole number, is a string',
    'cannot unmarshal string',
  ),
  row(
    'a port name with capitals',
    withPorts({ containerPort: 80, name: 'HTTP' }),
    `${container}.ports[0].name`,
    'Invalid value: "HTTP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
  ),
  row(
    'a port name of 16 letters',
    withPorts({ containerPort: 80, name: 'a'.repeat(16) }),
    `${container}.ports[0].name`,
    `Invalid value: "${'a'.repeat(16)}": must be no more than 15 characters`,
  ),
  row(
    'a port name without a letter',
    withPorts({ containerPort: 80, name: '8080' }),
    `${container}.ports[0].name`,
    'Invalid value: "8080": must contain at least one letter (a-z)',
  ),
  row(
    'a port name with two hyphens',
    withPorts({ containerPort: 80, name: 'a--b' }),
    `${container}.ports[0].name`,
    'Invalid value: "a--b": must not contain consecutive hyphens',
  ),
  row(
    'a port name that starts with a hyphen',
    withPorts({ containerPort: 80, name: '-a' }),
    `${container}.ports[0].name`,
    'Invalid value: "-a": must not begin or end with a hyphen',
  ),
  row(
    'two ports of a name',
    withPorts({ containerPort: 80, name: 'http' }, { containerPort: 81, name: 'http' }),
    `${container}.ports[1].name`,
    'Duplicate value: "http"',
  ),
  row(
    'a protocol',
    withPorts({ containerPort: 80, protocol: 'HTTP' }),
    `${container}.ports[0].protocol`,
    'Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
  ),
  row(
    'two ports on one of the node',
    withPorts({ containerPort: 80, hostPort: 80 }, { containerPort: 81, hostPort: 80 }),
    `${container}.ports[1].hostPort`,
    'Duplicate value: "TCP//80"',
  ),
  row(
    'another port of the node in its network',
    withApp({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
    `${container}.ports[0].hostPort`,
    'Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
  ),
  row('a variable without a name', withEnv({ value: 'x' }), `${container}.env[0].name`, 'Required value'),
  row(
    'a variable with an equals sign',
    withEnv({ name: 'A=B' }),
    `${container}.env[0].name`,
    `Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
  ),
  row(
    'a number as a value',
    withEnv({ name: 'A', value: 1 }),
    `${container}.env[0].value`,
    'must be a string (put it in quotes), is a number',
    'cannot unmarshal number',
  ),
  row(
    'a value from nowhere',
    withEnv({ name: 'A', valueFrom: {} }),
    `${container}.env[0].valueFrom`,
    'Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`',
  ),
  row(
    'a value and a source',
    withEnv({ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
    `${container}.env[0].valueFrom`,
    'Invalid value: "": may not be specified when `value` is not empty',
  ),
  row(
    'two sources',
    withEnv({
      name: 'A',
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 's', key: 'k' } },
    }),
    `${container}.env[0].valueFrom`,
    'Invalid value: "": may not have more than one field specified at a time',
  ),
  row(
    'a field that pods lack',
    withEnv({ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodename' } } }),
    `${container}.env[0].valueFrom.fieldRef.fieldPath`,
    'Invalid value: "spec.nodename": error converting fieldPath: field label not supported: spec.nodename',
  ),
  row(
    'a secret without a key',
    withEnv({ name: 'A', valueFrom: { secretKeyRef: { name: 's' } } }),
    `${container}.env[0].valueFrom.secretKeyRef.key`,
    'Required value',
  ),
  row(
    'a key with a slash',
    withEnv({ name: 'A', valueFrom: { configMapKeyRef: { name: 's', key: 'a/b' } } }),
    `${container}.env[0].valueFrom.configMapKeyRef.key`,
    `Invalid value: "a/b": ${CONFIG_KEY}`,
  ),
  row(
    'a ConfigMap in capitals',
    withEnv({ name: 'A', valueFrom: { configMapKeyRef: { name: 'Config', key: 'k' } } }),
    `${container}.env[0].valueFrom.configMapKeyRef.name`,
    `Invalid value: "Config": ${SUBDOMAIN}`,
  ),
  row(
    'variables from nowhere',
    withApp({ envFrom: [{ prefix: 'A_' }] }),
    `${container}.envFrom`,
    'Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
  ),
  row(
    'variables from two places',
    withApp({ envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] }),
    `${container}.envFrom`,
    'Invalid value: "": may not have more than one field specified at a time',
  ),
  row(
    'variables from a ConfigMap without a name',
    withApp({ envFrom: [{ configMapRef: {} }] }),
    `${container}.envFrom[0].configMapRef.name`,
    'Required value',
  ),
  row(
    'a quantity',
    withLimits({ cpu: 'lots' }),
    `${container}.resources.limits[cpu]`,
    `Invalid value: "lots": ${QUANTITY}`,
    'quantities must match the regular expression',
  ),
  row(
    'a quantity in MB',
    withLimits({ memory: '100MB' }),
    `${container}.resources.limits[memory]`,
    `Invalid value: "100MB": ${QUANTITY}`,
    'quantities must match the regular expression',
  ),
  row(
    'a negative quantity',
    withLimits({ cpu: '-1' }),
    `${container}.resources.limits[cpu]`,
    'Invalid value: "-1": must be greater than or equal to 0',
  ),
  row(
    'a request above its limit',
    withLimits({ memory: '128Mi' }, { memory: '0.2Gi' }),
    `${container}.resources.requests`,
    'Invalid value: "0.2Gi": must be less than or equal to memory limit of 128Mi',
    'must be less than or equal to memory limit of 128Mi',
  ),
  row(
    'a resource that nobody knows',
    withLimits({ gpu: '1' }),
    `${container}.resources.limits[gpu]`,
    'Invalid value: "gpu": must be a standard resource for containers',
  ),
  row(
    'half a device',
    withLimits({ 'example.com/gpu': '500m' }),
    `${container}.resources.limits[example.com/gpu]`,
    'Invalid value: "500m": must be an integer',
  ),
  row(
    'a device without a limit',
    withLimits({}, { 'example.com/gpu': '1' }),
    `${container}.resources.limits`,
    'Required value: Limit must be set for non overcommitable resources',
  ),
  row(
    'a device with two amounts',
    withLimits({ 'example.com/gpu': '2' }, { 'example.com/gpu': '1' }),
    `${container}.resources.requests`,
    'Invalid value: "1": must be equal to example.com/gpu limit of 2',
  ),
  row(
    'a mount of a volume that is not there',
    withApp({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    `${container}.volumeMounts[0].name`,
    'Not found: "data"',
  ),
  row(
    'a mount without a path',
    withApp({ volumeMounts: [{ name: 'data' }] }, { volumes: [{ name: 'data' }] }),
    `${container}.volumeMounts[0].mountPath`,
    'Required value',
  ),
  row(
    'two mounts at one path',
    withApp(
      {
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'data', mountPath: '/data', subPath: 'x' },
        ],
      },
      { volumes: [{ name: 'data' }] },
    ),
    `${container}.volumeMounts[1].mountPath`,
    'Invalid value: "/data": must be unique',
  ),
  row(
    'a sub-path that climbs',
    withApp({ volumeMounts: [{ name: 'data', mountPath: '/d', subPath: '../x' }] }, { volumes: [{ name: 'data' }] }),
    `${container}.volumeMounts.subPath`,
    `Invalid value: "../x": must not contain '..'`,
  ),
  row('a volume without a name', withVolume({ emptyDir: {} }), 'spec.volumes[0].name', 'Required value'),
  row(
    'two volumes of a name',
    template({ volumes: [{ name: 'a' }, { name: 'a' }] }),
    'spec.volumes[1].name',
    'Duplicate value: "a"',
  ),
  row(
    'a volume from two places',
    withVolume({ name: 'a', emptyDir: {}, configMap: { name: 'c' } }),
    'spec.volumes[0].configMap',
    'Forbidden: may not specify more than 1 volume type',
  ),
  row(
    'a ConfigMap volume without a name',
    withVolume({ name: 'a', configMap: {} }),
    'spec.volumes[0].configMap.name',
    'Required value',
  ),
  row(
    'a secret volume without a name',
    withVolume({ name: 'a', secret: { name: 'x' } }),
    'spec.volumes[0].secret.secretName',
    'Required value',
  ),
  row(
    'a mode in decimal',
    withVolume({ name: 'a', secret: { secretName: 'x', defaultMode: 777 } }),
    'spec.volumes[0].secret.defaultMode',
    'Invalid value: 777: must be a number between 0 and 0777 (octal), both inclusive',
  ),
  row(
    'a claim without a name',
    withVolume({ name: 'a', persistentVolumeClaim: {} }),
    'spec.volumes[0].persistentVolumeClaim.claimName',
    'Required value',
  ),
  row(
    'a path of the node that climbs',
    withVolume({ name: 'a', hostPath: { path: '/a/../b' } }),
    'spec.volumes[0].hostPath.path',
    `Invalid value: "/a/../b": must not contain '..'`,
  ),
  row(
    'a probe that asks nothing',
    withProbe({}),
    `${container}.readinessProbe`,
    'Required value: must specify a handler type',
  ),
  row(
    'a probe that asks twice',
    withProbe({ ...http, exec: { command: ['true'] } }),
    `${container}.readinessProbe.httpGet`,
    'Forbidden: may not specify more than 1 handler type',
  ),
  row(
    'a probe of port 0',
    withProbe({ tcpSocket: {} }),
    `${container}.readinessProbe.tcpSocket.port`,
    'Invalid value: 0: must be between 1 and 65535, inclusive',
  ),
  row(
    'a probe of a port in quotes',
    withProbe({ httpGet: { port: '80' } }),
    `${container}.readinessProbe.httpGet.port`,
    'Invalid value: "80": must contain at least one letter (a-z)',
  ),
  row(
    'a probe by another scheme',
    withProbe({ httpGet: { port: 80, scheme: 'ftp' } }),
    `${container}.readinessProbe.httpGet.scheme`,
    'Unsupported value: "ftp": supported values: "HTTP", "HTTPS"',
  ),
  row(
    'a probe without a command',
    withProbe({ exec: {} }),
    `${container}.readinessProbe.exec.command`,
    'Required value',
  ),
  row(
    'a negative delay',
    withProbe({ ...http, initialDelaySeconds: -1 }),
    `${container}.readinessProbe.initialDelaySeconds`,
    'Invalid value: -1: must be greater than or equal to 0',
  ),
  row(
    'a readiness probe that ends pods',
    withProbe({ ...http, terminationGracePeriodSeconds: 5 }),
    `${container}.readinessProbe.terminationGracePeriodSeconds`,
    'Invalid value: 5: must not be set for readinessProbes',
  ),
  row(
    'a liveness probe that succeeds twice',
    withApp({ livenessProbe: { ...http, successThreshold: 2 } }),
    `${container}.livenessProbe.successThreshold`,
    'Invalid value: 2: must be 1',
  ),
  row(
    'a hook that does nothing',
    withApp({ lifecycle: { preStop: {} } }),
    `${container}.lifecycle.preStop`,
    'Required value: must specify a handler type',
  ),
  row(
    'a hook that sleeps past the end',
    withApp({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    `${container}.lifecycle.preStop.sleep`,
    'Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
  ),
  row(
    'a probe of an init container',
    template({ initContainers: [{ name: 'init', image: 'x', livenessProbe: http }] }),
    'spec.initContainers[0].livenessProbe',
    'Forbidden: may not be set for init containers without restartPolicy=Always',
  ),
  row(
    'a user below zero',
    withApp({ securityContext: { runAsUser: -1 } }),
    `${container}.securityContext.runAsUser`,
    'Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ),
  row(
    'a group of the pod below zero',
    template({ securityContext: { fsGroup: -1 } }),
    'spec.securityContext.fsGroup',
    'Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ),
  row(
    'pods that end',
    template({ restartPolicy: 'Never' }),
    'spec.restartPolicy',
    'Unsupported value: "Never": supported values: "Always"',
  ),
  row(
    'pods with a deadline',
    template({ activeDeadlineSeconds: 5 }),
    'spec.activeDeadlineSeconds',
    'Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
  ),
  row(
    'a DNS policy',
    template({ dnsPolicy: 'Cluster' }),
    'spec.dnsPolicy',
    'Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
  ),
  row(
    'a service account in capitals',
    template({ serviceAccountName: 'Shop' }),
    'spec.serviceAccountName',
    `Invalid value: "Shop": ${SUBDOMAIN}`,
  ),
  row(
    'a host name with a dot',
    template({ hostname: 'a.b' }),
    'spec.hostname',
    'Invalid value: "a.b": must not contain dots',
  ),
  row(
    'a node label with spaces',
    template({ nodeSelector: { disk: 'very fast' } }),
    'spec.nodeSelector',
    `Invalid value: "very fast": ${LABEL_VALUE}`,
  ),
  row(
    'a toleration of nothing',
    template({ tolerations: [{ value: 'x' }] }),
    'spec.tolerations[0].operator',
    'Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    'operator must be Exists when `key` is empty',
  ),
  row(
    'a toleration with a value that exists',
    template({ tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }] }),
    'spec.tolerations[0].operator',
    `Invalid value: "x": value must be empty when \`operator\` is 'Exists'`,
  ),
  row(
    'a toleration for a time',
    template({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 3 }] }),
    'spec.tolerations[0].effect',
    `Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
  ),
  row(
    'spreading over nothing',
    template({ topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }] }),
    'spec.topologySpreadConstraints[0].topologyKey',
    'Required value: can not be empty',
  ),
  row(
    'spreading with no skew',
    template({ topologySpreadConstraints: [{ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] }),
    'spec.topologySpreadConstraints[0].maxSkew',
    'Invalid value: 0: must be greater than zero',
  ),
  row(
    'anti-affinity without a topology',
    template({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } }),
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey',
    'Required value: can not be empty',
  ),
  row(
    'affinity of weight 0',
    template({
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: { topologyKey: 'zone' } }],
        },
      },
    }),
    'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight',
    'Invalid value: 0: must be in the range 1-100',
  ),
  row(
    'affinity to no node',
    template({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } }),
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms',
    'Required value: must have at least one node selector term',
  ),
  row(
    'a label key with a space',
    labelled({ 'my key': 'x' }),
    'metadata.labels',
    `Invalid value: "my key": ${NAME_PART}`,
    `spec.template.labels: Invalid value: "my key": ${NAME_PART}`,
  ),
  row(
    'a label value with a slash',
    labelled({ team: 'a/b' }),
    'metadata.labels',
    `Invalid value: "a/b": ${LABEL_VALUE}`,
    `spec.template.labels: Invalid value: "a/b": ${LABEL_VALUE}`,
  ),
  row(
    'a label key with an empty prefix',
    labelled({ '/x': 'x' }),
    'metadata.labels',
    'Invalid value: "/x": prefix part must be non-empty',
    'prefix part must be non-empty',
  ),
  row(
    'a label that is a flag',
    labelled({ canary: true }),
    'metadata.labels.canary',
    'must be a string (put it in quotes), is a boolean',
    'cannot unmarshal bool',
  ),
  row(
    'an annotation key with a space',
    template({}, { annotations: { 'my note': 'x' } }),
    'metadata.annotations',
    `Invalid value: "my note": ${NAME_PART}`,
    `spec.template.annotations: Invalid value: "my note": ${NAME_PART}`,
  ),
  row(
    'annotations of a megabyte',
    template({}, { annotations: { note: 'x'.repeat(300_000) } }),
    'metadata.annotations',
    'Too long: may not be more than 262144 bytes',
    'spec.template.annotations: Too long',
  ),
]

/** Odd, and taken by the server all the same: we must not be stricter than it is. */
export const acceptedTemplates: Readonly<Record<string, PodTemplate>> = {
  'nulls everywhere': template({
    volumes: null,
    initContainers: null,
    affinity: null,
    containers: [{ ...app, ports: null, env: null, resources: null, livenessProbe: null, securityContext: null }],
  }),
  'a field that nobody knows': template({ futureField: { a: 1 }, containers: [{ ...app, futureField: 'x' }] }),
  'a volume without a source': template({ volumes: [{ name: 'scratch' }] }),
  'a source that nobody knows beside one': template({ volumes: [{ name: 'a', configMap: { name: 'c' }, typo: {} }] }),
  'quantities of many kinds': withLimits(
    { cpu: 1, memory: '1.5Gi', 'ephemeral-storage': '1e9' },
    { cpu: '0.1', memory: '100M', 'ephemeral-storage': 1000 },
  ),
  'a limit equal to its request, written otherwise': withLimits({ cpu: '0.5' }, { cpu: '500m' }),
  'an image with spaces around it': withApp({ image: ' ' }),
  'a variable twice': withApp({ env: [{ name: 'A', value: '1' }, { name: 'A' }] }),
  'a variable with a dash': withEnv({ name: 'my-var.x' }),
  'the same port by two protocols': withPorts(
    { containerPort: 53, protocol: 'UDP', hostPort: 53 },
    { containerPort: 53, protocol: 'TCP', hostPort: 53 },
  ),
  'a port number twice': withPorts({ containerPort: 80 }, { containerPort: 80 }),
  'a probe with nothing but a named port': withProbe({ httpGet: { port: 'http' } }),
  'a sidecar with a probe': template({
    initContainers: [{ name: 'side', image: 'x', restartPolicy: 'Always', readinessProbe: http }],
  }),
  'empty texts where there are defaults': template({
    restartPolicy: '',
    dnsPolicy: '',
    containers: [
      { ...app, imagePullPolicy: '', terminationMessagePolicy: '', ports: [{ containerPort: 1, protocol: '' }] },
    ],
  }),
  'an annotation with capitals': template({}, { annotations: { 'Example.COM/Note': 'Any text: "really"\n' } }),
  'a label key with a prefix, and an empty value': labelled({ 'example.com/team': '' }),
  'a toleration of everything': template({ tolerations: [{ operator: 'Exists' }] }),
  'labels of the downward API': withEnv({
    name: 'A',
    valueFrom: { fieldRef: { fieldPath: "metadata.labels['example.com/team']" } },
  }),
  'a negative grace period': template({ terminationGracePeriodSeconds: -1 }),
  'a mount of a claim': withApp(
    { volumeMounts: [{ name: 'data', mountPath: '/data', subPathExpr: '$(POD)' }] },
    { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] },
  ),
}
