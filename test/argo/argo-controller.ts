/**
 * Argo Rollouts' own controller as a process beside the tests: for recording what it leaves and for looking whether it can go on from what we
 * leave. Its binary is the developer's (docs/development/takeover.md); nothing in CI needs it.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/wait.ts'

export interface ArgoBinaries {
  readonly controller: string
  /** The traffic-router plugin `argoproj-labs/gatewayAPI`. */
  readonly gatewayPlugin: string
}

export interface ArgoController {
  readonly logFile: string
  stop(): Promise<void>
}

const NAMESPACE = 'argo-rollouts'
const STOP_GRACE_MS = 5_000

export async function startArgoController(plane: ControlPlane, binaries: ArgoBinaries): Promise<ArgoController> {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-argo-'))
  // It copies its plugins below its working directory.
  mkdirSync(join(directory, 'plugin-bin'))
  const plugins = [{ name: 'argoproj-labs/gatewayAPI', location: `file://${binaries.gatewayPlugin}` }]
  await plane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argo-rollouts-config', namespace: NAMESPACE },
      data: { trafficRouterPlugins: JSON.stringify(plugins) },
    },
  ])
  const [metricsPort, healthPort] = [await freePort(), await freePort()]
  const args = [
    `--kubeconfig=${plane.kubeconfigPath}`,
    '--leader-elect=false',
    `--metricsport=${metricsPort}`,
    `--healthzPort=${healthPort}`,
  ]
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    POD_NAMESPACE: NAMESPACE,
    KUBECONFIG: plane.kubeconfigPath,
  }
  const child = spawn(binaries.controller, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const logFile = join(directory, 'argo.log')
  const log = createWriteStream(logFile)
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  return {
    logFile,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
      await ended
      clearTimeout(late)
      process.removeListener('exit', killAtExit)
    },
  }
}
