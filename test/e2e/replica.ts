/**
 * One of several controllers on one cluster: a process with a wire and a token of its own, so that it can be cut off and its writes be told from
 * the others' in the API server's audit log.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { waitFor } from '../control-plane/wait.ts'
import { type AuditedRequest, type Cluster, SYSTEM_NAMESPACE } from './cluster.ts'
import { type ControllerProcess, startController } from './controller.ts'
import { type CutProxy, startCutProxy } from './cut-proxy.ts'

export interface Replica extends ControllerProcess {
  readonly wire: CutProxy
  /** What the API server has answered to this process, in the order of the answers. */
  requests(): readonly AuditedRequest[]
  /** Of these, everything but reads and the Lease. */
  writes(): readonly AuditedRequest[]
  /** From its election to the loss of the Lease. */
  leads(): boolean
  /** It runs and has not lost the Lease: it is not about to end. */
  isFit(): boolean
  untilLeading(limitMs: number): Promise<void>
  /** Ends it, whatever it is doing. */
  stop(): Promise<void>
}

const READS = ['get', 'list', 'watch']

/** Resolves once it is ready to lead. */
export async function startReplica(cluster: Cluster, flags: readonly string[]): Promise<Replica> {
  const { controlPlane } = cluster
  const token = await controlPlane.tokenFor(SYSTEM_NAMESPACE, 'penstock')
  const credential = readTokenId(token)
  const kubeconfig = controlPlane.kubeconfigFor(token)
  const wire = await startCutProxy({ port: Number(new URL(controlPlane.url).port) })
  const text = readFileSync(kubeconfig, 'utf8')
  writeFileSync(kubeconfig, text.replace(controlPlane.url, `https://127.0.0.1:${wire.port}`), { mode: 0o600 })
  const controller = await startController(cluster, { kubeconfig, flags, standsBy: true })
  const requests = () => (cluster.readAudit?.() ?? []).filter((request) => request.credential === credential)
  const has = (word: string) => controller.log().some(({ reason }) => reason === word)
  const isFit = () => controller.isRunning() && !has('LeaderLost')
  const leads = () => isFit() && has('LeaderElected')
  return {
    ...controller,
    wire,
    requests,
    writes: () => requests().filter(({ verb, resource }) => !READS.includes(verb) && resource !== 'leases'),
    leads,
    isFit,
    untilLeading: async (timeoutMs) =>
      void (await waitFor(async () => leads(), { what: 'the replica to lead', timeoutMs, intervalMs: 10 })),
    async stop() {
      controller.signal('SIGCONT')
      if (controller.isRunning()) await controller.kill()
      await wire.stop()
    },
  }
}

function readTokenId(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { jti?: string }
  if (claims.jti === undefined) throw new Error('The token of the service account has no id')
  return claims.jti
}
