/**
 * What the API server (1.29 to 1.36) writes into a pod template where it is silent, by Go struct and field. Facts only; a value that equals
 * its default means the same as an absent one. Defaults that depend on their neighbours are functions of them.
 */

type Fields = Readonly<Record<string, unknown>>
export type PodDefault = string | number | boolean | ((neighbours: Fields) => unknown)

const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const container = {
  imagePullPolicy: ({ image }: Fields) => defaultPullPolicy(image),
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}
const files = { defaultMode: 0o644 }

export const podDefaults: Readonly<Record<string, Readonly<Record<string, PodDefault>>>> = {
  PodSpec: {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
  },
  Container: container,
  EphemeralContainer: container,
  ContainerPort: { protocol: 'TCP' },
  Probe: probe,
  HTTPGetAction: { path: '/', scheme: 'HTTP' },
  GRPCAction: { service: '' },
  SecurityContext: { procMount: 'Default' },
  ObjectFieldSelector: { apiVersion: 'v1' },
  FileKeySelector: { optional: false },
  SecretVolumeSource: files,
  ConfigMapVolumeSource: files,
  DownwardAPIVolumeSource: files,
  ProjectedVolumeSource: files,
  ServiceAccountTokenProjection: { expirationSeconds: 3600 },
  PodCertificateProjection: { maxExpirationSeconds: 86_400 },
  HostPathVolumeSource: { type: '' },
  ISCSIVolumeSource: { iscsiInterface: 'default' },
  RBDVolumeSource: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
  AzureDiskVolumeSource: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
  ScaleIOVolumeSource: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
  ImageVolumeSource: { pullPolicy: ({ reference }) => defaultPullPolicy(reference) },
  PersistentVolumeClaimSpec: { volumeMode: 'Filesystem' },
}

/**
 * Structs that mean nothing when they are empty. Of the others an empty one says something: a selector without terms selects everything, and
 * an absent one nothing.
 */
export const emptyMeansAbsent: ReadonlySet<string> = new Set([
  'Affinity',
  'Capabilities',
  'EmptyDirVolumeSource',
  'Lifecycle',
  'NodeAffinity',
  'ObjectMeta',
  'PodAffinity',
  'PodAntiAffinity',
  'PodDNSConfig',
  'PodSecurityContext',
  'PodSpec',
  'ResourceRequirements',
  'SecurityContext',
  'VolumeResourceRequirements',
])

/** A moving tag is pulled always; a fixed one, and a digest without a tag, only when it is not there. What is no image's name has no tag. */
function defaultPullPolicy(image: unknown): string | undefined {
  if (typeof image !== 'string') return undefined
  const [reference = '', digest] = image.split('@')
  const [name = '', tag = digest === undefined ? 'latest' : ''] = reference
    .slice(reference.lastIndexOf('/') + 1)
    .split(':')
  return tag === 'latest' && IMAGE_NAME.test(name) ? 'Always' : 'IfNotPresent'
}

const IMAGE_NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/
