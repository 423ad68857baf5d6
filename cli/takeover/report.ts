/**
 * A verdict for each Rollout of a takeover, and the text that tells it. Pure.
 *
 *   would be refused as invalid or unsupported   a write that moves something   verdict
 *   yes                                          -                              refused
 *   no                                           yes                            moves
 *   no                                           no                             quiet
 */

import type { Forecast } from '../cluster/plan.ts'
import { printable, type Style, type Tone } from '../terminal.ts'
import type { HeldLease } from './leases.ts'

export type Verdict = 'quiet' | 'moves' | 'refused'

export interface TakeoverReport {
  readonly rollouts: readonly (Forecast & { readonly verdict: Verdict })[]
  /** Undefined when they could not be read. */
  readonly controllers: readonly HeldLease[] | undefined
}

export const judgeForecast = (forecast: Forecast): Verdict => {
  if (forecast.problems.length > 0) return 'refused'
  return forecast.writes.some(({ moves }) => moves) ? 'moves' : 'quiet'
}

export const isQuiet = ({ rollouts }: TakeoverReport): boolean => rollouts.every(({ verdict }) => verdict === 'quiet')

const HEADLINES: Readonly<Record<Verdict, readonly [Tone, string]>> = {
  quiet: ['good', 'nothing moves'],
  moves: ['wait', 'something moves'],
  refused: ['bad', 'would not be driven'],
}

export function renderReport({ rollouts, controllers }: TakeoverReport, style: Style): string {
  const count = (verdict: Verdict): number => rollouts.filter((one) => one.verdict === verdict).length
  const lines = [
    ...rollouts.flatMap((rollout) => renderRollout(rollout, style)),
    ...renderControllers(controllers),
    `${rollouts.length} rollouts: ${count('quiet')} where nothing moves, ${count('moves')} where something does, ${count('refused')} refused`,
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function renderRollout(rollout: TakeoverReport['rollouts'][number], style: Style): readonly string[] {
  const [tone, headline] = HEADLINES[rollout.verdict]
  const status = rollout.statusFields.length === 0 ? [] : [`status   ${rollout.statusFields.join(', ')}`]
  return [
    `${rollout.namespace}/${rollout.name}: ${style.paint(tone, headline)}`,
    ...[
      ...rollout.problems.map(({ field, message, fix }) => `refused  ${field}: ${message}${fix ? ` (${fix})` : ''}`),
      ...rollout.writes.map(({ text, moves }) => `${moves ? 'moves  ' : 'writes '}  ${text}`),
      ...status,
      ...rollout.waitsFor.map((text) => `waits    ${text}`),
      ...rollout.strictEffects.map(({ field, message }) => `stricter ${field}: ${message}`),
    ].map((line) => `  ${line}`),
  ]
}

function renderControllers(controllers: readonly HeldLease[] | undefined): readonly string[] {
  if (!controllers) return ['controllers: Leases cannot be read, so nobody knows whether one is running']
  if (controllers.length === 0) return ['controllers: none holds the Lease']
  return controllers.map(
    ({ namespace, name, holder }) =>
      `controllers: Lease ${namespace}/${name} is held by "${holder}"; Penstock waits until it is let go`,
  )
}
