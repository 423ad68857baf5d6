/**
 * Asks a process whether it is ready, by a real HTTP request or TCP connection, with Kubernetes' delays and thresholds. It
 * reports changes; it does not decide what follows from them.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '../../../controller/runtime/clock.ts'
import type { Container, HttpGetAction, Probe } from '../objects.ts'

export interface ReadinessProbe {
  start(): void
  stop(): void
  isReady(): boolean
}

export interface ReadinessProbeOptions {
  readonly container: Container
  readonly address: string
  readonly clock: Clock
  readonly onChange: () => void
}

/** Until a container has been ready once, it is asked this often at least, so that starting takes no whole period. */
const STARTING_PERIOD_MS = 250

type Check = (signal: AbortSignal) => Promise<boolean>

/** Why a probe cannot be carried out here; undefined when it can. */
export function findProbeProblem({ name, readinessProbe: probe, ports }: Container): string | undefined {
  if (probe === undefined) return undefined
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port
  if (port === undefined) return `container ${name}: readinessProbe needs httpGet or tcpSocket in the sandbox`
  if (resolvePort(port, ports) !== undefined) return undefined
  return `container ${name}: readinessProbe port "${port}" is neither a number nor the name of a container port`
}

function resolvePort(port: number | string, ports: Container['ports']): number | undefined {
  const found = typeof port === 'number' ? port : ports?.find((entry) => entry.name === port)?.containerPort
  const number = found ?? Number(port)
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : undefined
}

/** A container without a probe is ready as soon as it runs. */
export function createReadinessProbe(options: ReadinessProbeOptions): ReadinessProbe {
  const { container, address, clock, onChange } = options
  const probe = container.readinessProbe
  if (probe === undefined) return { start: () => {}, stop: () => {}, isReady: () => true }
  const check = createCheck(
    probe,
    address,
    resolvePort(probe.httpGet?.port ?? probe.tcpSocket?.port ?? 0, container.ports) ?? 0,
  )
  const periodMs = (probe.periodSeconds || 10) * 1000
  const timeoutMs = (probe.timeoutSeconds || 1) * 1000
  let ready = false
  let hasBeenReady = false
  let inARow = 0
  let session: AbortController | undefined

  async function probeOnce(signal: AbortSignal): Promise<boolean> {
    const attempt = new AbortController()
    const abort = (): void => attempt.abort()
    const cancelTimer = clock.setTimer(timeoutMs, abort)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await check(attempt.signal)
    } catch {
      return false
    } finally {
      cancelTimer()
      signal.removeEventListener('abort', abort)
    }
  }

  function note(success: boolean): void {
    inARow = success === ready ? 0 : inARow + 1
    const threshold = success ? (probe?.successThreshold ?? 1) : (probe?.failureThreshold ?? 3)
    if (success === ready || inARow < threshold) return
    ready = success
    hasBeenReady ||= ready
    inARow = 0
    onChange()
  }

  async function run(signal: AbortSignal): Promise<void> {
    await clock.sleep((probe?.initialDelaySeconds ?? 0) * 1000, signal)
    while (!signal.aborted) {
      const success = await probeOnce(signal)
      if (signal.aborted) return
      note(success)
      await clock.sleep(hasBeenReady ? periodMs : Math.min(periodMs, STARTING_PERIOD_MS), signal)
    }
  }

  return {
    start() {
      session = new AbortController()
      void run(session.signal)
    },
    stop() {
      session?.abort()
      ready = false
      hasBeenReady = false
      inARow = 0
    },
    isReady: () => ready,
  }
}

function createCheck(probe: Probe, address: string, port: number): Check {
  const { httpGet } = probe
  return httpGet ? (signal) => checkHttp(httpGet, address, port, signal) : (signal) => checkTcp(address, port, signal)
}

/** Any answer from 200 to 399 is success; certificates are not verified, as a kubelet does not. */
function checkHttp(action: HttpGetAction, address: string, port: number, signal: AbortSignal): Promise<boolean> {
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]))
  const request = action.scheme?.toUpperCase() === 'HTTPS' ? httpsRequest : httpRequest
  const options = {
    host: address,
    port,
    path: action.path || '/',
    headers,
    agent: false,
    signal,
    rejectUnauthorized: false,
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const code = response.statusCode ?? 0
      response.destroy()
      resolve(code >= 200 && code < 400)
    })
    sent.on('error', reject)
    sent.end()
  })
}

function checkTcp(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', reject)
  })
}
