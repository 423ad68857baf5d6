/**
 * Writes to the API server what the gateway has programmed, one table after the other. A write that fails is not repeated as it was: the
 * caller is told to program and report again.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { isConflict, type ResourceKind } from '../../controller/kube/client.ts'
import { grpcRoutes, httpRoutes, refOf } from '../../controller/kube/kinds.ts'
import { listOwnGateways } from './attachment.ts'
import { decideClassStatus, decideGatewayStatus } from './gateway-status.ts'
import { isGrpc } from './grpc-route.ts'
import { gatewayClasses, gateways } from './objects.ts'
import type { RoutePlanInput, RouteVerdict } from './route-plan.ts'
import { decideRouteStatus } from './route-status.ts'
import type { GatewayContext } from './watched-caches.ts'

export interface ProgrammedTable {
  readonly input: RoutePlanInput
  readonly verdicts: readonly RouteVerdict[]
}

export interface StatusWriter {
  /** Takes its turn after earlier reports; never throws. */
  report(table: ProgrammedTable): void
  /** Resolves when no write is under way; later reports are ignored. */
  stop(): Promise<void>
}

const RETRY_MS = 500

/** `address` is `host:port` of the listener; `onFailure` runs some time after a write that failed. */
export function createStatusWriter(context: GatewayContext, address: string, onFailure: () => void): StatusWriter {
  const { client, clock, log } = context
  let isStopped = false
  let writing = Promise.resolve()
  let cancelRetry = (): void => {}

  const write = async (kind: ResourceKind, object: KubeObject, status: unknown): Promise<void> => {
    const { resourceVersion } = object.metadata
    const body = { metadata: { resourceVersion }, status }
    await client.patch(refOf(kind, object), 'merge', body, { subresource: 'status', fieldManager: 'sandbox-gateway' })
  }
  const writeAll = async ({ input, verdicts }: ProgrammedTable): Promise<void> => {
    const now = new Date(clock.now()).toISOString()
    for (const verdict of verdicts) {
      const parents = decideRouteStatus(verdict, now)
      if (parents) await write(isGrpc(verdict.route) ? grpcRoutes : httpRoutes, verdict.route, { parents })
    }
    for (const entry of input.classes) {
      const status = decideClassStatus(entry, now)
      if (status) await write(gatewayClasses, entry, status)
    }
    for (const gateway of listOwnGateways(input.gateways, input.classes)) {
      const status = decideGatewayStatus(gateway, address, now)
      if (status) await write(gateways, gateway, status)
    }
  }
  const attempt = async (table: ProgrammedTable): Promise<void> => {
    if (isStopped) return
    try {
      await writeAll(table)
    } catch (error) {
      // After a conflict the watch brings the newer object, and with it the next report.
      if (isConflict(error) || isStopped) return
      log.warn('a status could not be written; trying again', { reason: 'StatusWriteFailed', error })
      cancelRetry()
      cancelRetry = clock.setTimer(RETRY_MS, onFailure)
    }
  }
  return {
    report(table) {
      writing = writing.then(() => attempt(table))
    },
    async stop() {
      isStopped = true
      cancelRetry()
      await writing
    },
  }
}
