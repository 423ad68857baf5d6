/**
 * The tests' control plane with Penstock on it, for other people's test suites: it prints the kubeconfig and stays until it is interrupted. Pods
 * take their time, as such suites expect. A developer's tool.
 */
import { startCluster } from '../e2e/cluster.ts'
import { startController } from '../e2e/controller.ts'

const POD_DELAYS = { startMs: 1_000, readyMs: 1_500, terminateMs: 1_500 }

const cluster = await startCluster({ podDelays: POD_DELAYS })
const controller = await startController(cluster, {
  electionOff: true,
  flags: ['--instance-id=argo-rollouts-e2e', ...process.argv.slice(2)],
})
process.stdout.write(`${cluster.controlPlane.kubeconfigPath}\n`)

async function stop(): Promise<void> {
  await controller.terminate()
  await cluster.stop()
  process.exit(0)
}
process.once('SIGINT', () => void stop())
process.once('SIGTERM', () => void stop())
