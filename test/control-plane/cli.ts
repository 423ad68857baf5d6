/**
 * The control plane by hand: `build` makes sure the binaries are there, `start` runs a cluster until Ctrl-C, `where`
 * prints the folder that would be used. It only parses arguments; the work is in the files beside it.
 */
import { cacheDirectory, findControlPlane } from './binaries.ts'
import { startControlPlane } from './start.ts'

const USAGE = `usage: tsx test/control-plane/cli.ts build|start|where

  build   make sure that etcd, kube-apiserver, kube-controller-manager and kubectl are there (built once with Go)
  start   run a control plane in the foreground and print the path of its kubeconfig; Ctrl-C ends it
  where   print the folder of the binaries, or the kubeconfig of TEST_KUBECONFIG
`

const print = (line: string) => process.stdout.write(`${line}\n`)

async function build(): Promise<void> {
  const source = await findControlPlane()
  print(source.kind === 'binaries' ? source.directory : source.kubeconfigPath)
}

async function where(): Promise<void> {
  const source = await findControlPlane({ mayBuild: false }).catch(() => undefined)
  if (source === undefined) print(`${cacheDirectory()} (not built yet)`)
  else print(source.kind === 'binaries' ? source.directory : source.kubeconfigPath)
}

async function start(): Promise<void> {
  const controlPlane = await startControlPlane()
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await controlPlane.startControllerManager()
  print(controlPlane.kubeconfigPath)
  process.stderr.write(
    `Kubernetes ${controlPlane.version} at ${controlPlane.url} (${controlPlane.from}); Ctrl-C ends it\n`,
  )
  const keepAlive = setInterval(() => {}, 60_000)
  await stopped
  clearInterval(keepAlive)
  await controlPlane.stop()
}

const commands: Readonly<Record<string, () => Promise<void>>> = { build, start, where }

const command = commands[process.argv[2] ?? '']
if (command === undefined) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  await command().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
