/**
 * The command lines of the three servers, as data. They decide what the test cluster is: loopback only, RBAC on, a
 * throw-away store without fsync, and only the controllers that Penstock's tests need. Names and flags hold for
 * Kubernetes 1.20 to 1.36.
 */
import { join } from 'node:path'

/** Everything a cluster's files and ports are called; the same before and after a restart. */
export interface Layout {
  readonly directory: string
  readonly binaries: string
  readonly etcdPort: number
  readonly etcdPeerPort: number
  readonly apiServerPort: number
  readonly controllerManagerPort: number
}

/** Short names: kube-controller-manager keeps them as aliases of its long ones. */
export const DEFAULT_CONTROLLERS: readonly string[] = [
  'deployment',
  'replicaset',
  'job',
  'garbagecollector',
  'namespace',
  'endpoint',
  'endpointslice',
  'serviceaccount',
  'serviceaccount-token',
  'disruption',
  'horizontalpodautoscaling',
  'ttl-after-finished',
  'podgc',
]

export function filesOf({ directory }: Pick<Layout, 'directory'>) {
  return {
    home: join(directory, 'home'),
    kubeconfig: join(directory, 'admin.kubeconfig'),
    tokens: join(directory, 'tokens.csv'),
    serviceAccountKey: join(directory, 'service-account.key'),
    apiServerCertificates: join(directory, 'apiserver-certs'),
    apiServerCertificate: join(directory, 'apiserver-certs', 'apiserver.crt'),
    controllerManagerCertificates: join(directory, 'controller-manager-certs'),
    controllerManagerCertificate: join(directory, 'controller-manager-certs', 'kube-controller-manager.crt'),
    authority: join(directory, 'ca.crt'),
  }
}

export function etcdArgs(layout: Layout): readonly string[] {
  const clientUrl = `http://127.0.0.1:${layout.etcdPort}`
  const peerUrl = `http://127.0.0.1:${layout.etcdPeerPort}`
  return [
    '--name=test',
    `--data-dir=${join(layout.directory, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

/**
 * Without a certificate of its own kube-apiserver makes an authority and a serving certificate for its address in
 * `--cert-dir`, and takes them up again after a restart: no certificate tool is needed on the machine.
 */
export function apiServerArgs(layout: Layout, extra: readonly string[]): readonly string[] {
  const files = filesOf(layout)
  return [
    `--etcd-servers=http://127.0.0.1:${layout.etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${layout.apiServerPort}`,
    `--cert-dir=${files.apiServerCertificates}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${files.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    `--service-account-key-file=${files.serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    '--profiling=false',
    ...extra,
  ]
}

export function controllerManagerArgs(layout: Layout, controllers: readonly string[]): readonly string[] {
  const files = filesOf(layout)
  return [
    `--kubeconfig=${files.kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${layout.controllerManagerPort}`,
    `--cert-dir=${files.controllerManagerCertificates}`,
    `--controllers=${controllers.join(',')}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.authority}`,
    '--leader-elect=false',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--profiling=false',
  ]
}
