/**
 * `npm run sandbox`: the embedded cluster alone, in the foreground, until interrupted. For trying manifests, `kubectl` and the
 * controller by hand.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger } from '../controller/runtime/log.ts'
import { createRedactor } from '../controller/runtime/redact.ts'
import { bundleApp } from './app/bundle.ts'
import { startCluster } from './cluster.ts'
import { untilInterrupted } from './interrupt.ts'
import { findProxies } from './proxies/programs.ts'
import { createStopList } from './stop-list.ts'

const USAGE = `The embedded Kubernetes cluster: an API server, a node that runs pods as local processes, a gateway.

Usage: npm run sandbox -- [flags]

  --kubeconfig-out FILE  write a kubeconfig for kubectl and the controller
  --port N               port of the API server (default: a free one)
  --no-workloads         the API server alone: no node, no gateway
  --proxies              instead of the gateway HAProxy (HTTPRoutes, GRPCRoutes) and nginx (Ingresses)
  --help
`

interface Flags {
  readonly kubeconfigOut: string | undefined
  readonly port: number
  readonly workloads: boolean
  readonly proxies: boolean
}

/** Throws one sentence when a flag is wrong; undefined when help is asked for. */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'kubeconfig-out': { type: 'string' },
      port: { type: 'string', default: '0' },
      'no-workloads': { type: 'boolean', default: false },
      proxies: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`--port: expected 0 to 65535, got "${values.port}"`)
  const workloads = !values['no-workloads']
  if (values.proxies && !workloads) throw new Error('--proxies: there is nothing to send to with --no-workloads')
  return { kubeconfigOut: values['kubeconfig-out'], port, workloads, proxies: values.proxies }
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function run(flags: Flags): Promise<void> {
  const log = createLogger({
    level: 'warn',
    format: 'text',
    redactor: createRedactor(),
    write: (line) => void process.stderr.write(line),
  })
  const stops = createStopList()
  const interrupted = untilInterrupted()
  try {
    const workingDirectory = await mkdtemp(join(tmpdir(), 'penstock-sandbox-'))
    stops.add(() => rm(workingDirectory, { recursive: true, force: true }))
    if (flags.workloads) await bundleApp(workingDirectory)
    const proxies = flags.proxies ? { proxies: await findProxies(process.env, say) } : {}
    const { port, workloads } = flags
    const cluster = await startCluster({ log, workingDirectory, port, workloads, ...proxies })
    stops.add(() => cluster.stop())
    const kubeconfig = flags.kubeconfigOut ?? join(workingDirectory, 'kubeconfig')
    await cluster.writeKubeconfig(kubeconfig)
    process.stdout.write(`API server  ${cluster.url}\nkubeconfig  ${kubeconfig}\n`)
    if (cluster.gateway) process.stdout.write(`gateway     ${cluster.gateway.url}\n`)
    if (cluster.proxies)
      process.stdout.write(`HAProxy     ${cluster.proxies.haproxy.url}\nnginx       ${cluster.proxies.nginx.url}\n`)
    process.stdout.write('Ready; stop with Ctrl-C.\n')
    await interrupted
  } finally {
    await stops.run()
  }
}

try {
  const flags = readFlags(process.argv.slice(2))
  if (flags) await run(flags)
  else process.stdout.write(USAGE)
} catch (error) {
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
