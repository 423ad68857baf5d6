/** Volumes and what mounts them: unique names, one source each, and no mount of a volume that is not there. */
import type { Container, Volume } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { findDnsLabelProblem } from './names.ts'
import { duplicate, forbidden, invalid, notFound, required, requireName } from './server-words.ts'

/** Every source that a server knows; another key is dropped by it, and a volume without a source is an emptyDir. */
const SOURCES = [
  'emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore nfs iscsi glusterfs persistentVolumeClaim rbd',
  'flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap secret vsphereVolume quobyte azureDisk',
  'photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image',
]
  .join(' ')
  .split(' ')
const MOST_MODE = 0o777
const MODE_RULE = 'must be a number between 0 and 0777 (octal), both inclusive'

export function validateVolumes(volumes: readonly Volume[], field: string): readonly Problem[] {
  const names = volumes.map(({ name }) => name)
  return volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`
    const isRepeated = Boolean(volume.name) && names.indexOf(volume.name) < index
    return [
      ...validateSource(volume, at),
      ...requireName(`${at}.name`, volume.name, findDnsLabelProblem),
      ...(isRepeated ? [duplicate(`${at}.name`, volume.name ?? '')] : []),
    ]
  })
}

function validateSource(volume: Volume, at: string): readonly Problem[] {
  const [, ...others] = SOURCES.filter((source) => volume[source])
  const { configMap, secret, persistentVolumeClaim, hostPath } = volume
  return [
    ...others.map((source) => forbidden(`${at}.${source}`, 'may not specify more than 1 volume type')),
    ...(configMap && !configMap.name ? [required(`${at}.configMap.name`)] : []),
    ...validateMode(configMap?.defaultMode, `${at}.configMap.defaultMode`),
    ...(secret && !secret.secretName ? [required(`${at}.secret.secretName`)] : []),
    ...validateMode(secret?.defaultMode, `${at}.secret.defaultMode`),
    ...(persistentVolumeClaim && !persistentVolumeClaim.claimName
      ? [required(`${at}.persistentVolumeClaim.claimName`)]
      : []),
    ...(hostPath && !hostPath.path ? [required(`${at}.hostPath.path`)] : []),
    ...(hostPath?.path ? refuseBacksteps(hostPath.path, `${at}.hostPath.path`) : []),
  ]
}

const validateMode = (mode: number | null | undefined, field: string): readonly Problem[] =>
  typeof mode === 'number' && (mode < 0 || mode > MOST_MODE) ? [invalid(field, mode, MODE_RULE)] : []

const refuseBacksteps = (path: string, field: string): readonly Problem[] =>
  path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []

/** @param volumes Names of the pod's volumes. */
export function validateMounts(
  mounts: NonNullable<Container['volumeMounts']>,
  volumes: ReadonlySet<string>,
  field: string,
): readonly Problem[] {
  const paths = mounts.map(({ mountPath }) => mountPath)
  return mounts.flatMap(({ name, mountPath, subPath, subPathExpr }, index) => {
    const at = `${field}[${index}]`
    return [
      ...(name ? [] : [required(`${at}.name`)]),
      ...(name && !volumes.has(name) ? [notFound(`${at}.name`, name)] : []),
      ...(mountPath ? [] : [required(`${at}.mountPath`)]),
      ...(mountPath && paths.indexOf(mountPath) < index
        ? [invalid(`${at}.mountPath`, mountPath, 'must be unique')]
        : []),
      ...validateSubPath(subPath, `${field}.subPath`),
      ...validateSubPath(subPathExpr, `${field}.subPathExpr`),
      ...(subPath && subPathExpr
        ? [invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
        : []),
    ]
  })
}

function validateSubPath(path: string | null | undefined, field: string): readonly Problem[] {
  if (!path) return []
  return [
    ...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []),
    ...refuseBacksteps(path, field),
  ]
}
