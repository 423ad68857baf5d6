/** How a backtest asks Prometheus: as a gate does, at one address for all of them, and only with credentials that need no token of somebody else's. */
import { readAuthentication } from '../../analysis/providers/authentication.ts'
import { askSamples } from '../../analysis/providers/gate/ask-prometheus.ts'
import type { Ask } from '../../analysis/providers/gate/samples-of-run.ts'
import { CliError } from '../cli-error.ts'
import type { Send } from './cached-send.ts'
import type { CompiledGate } from './compile-gates.ts'

/** Throws CliError where requests would have to be signed. */
export function createAsk({ config, plan, gate }: CompiledGate, address: string, send: Send): Ask {
  const authentication = readAuthentication(config.authentication, { path: 'penstock/gate', service: 'aps' })
  if ('problem' in authentication || authentication.auth !== undefined)
    throw new CliError(
      `${gate.name}: requests are not signed here: give an address that asks for no signature with --prometheus, and leave out authentication`,
    )
  const access = { config, address, timeoutMs: plan.timeoutMs, auth: undefined }
  return (window) => askSamples(access, window, send)
}
