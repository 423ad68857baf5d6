/**
 * A verdict in the words that everybody gets: measurement, events, CLI, Slack, the message of an abort. Built from the verdict's numbers alone, so
 * the text says nothing that the document does not hold. The first line is the finding; lines are left out from the end when it gets too long.
 */
import { renderLead, tellsProblem } from './text-lead.ts'
import {
  renderComparison,
  renderEvidence,
  renderExposure,
  renderLatencies,
  renderNoise,
  renderProblems,
  renderQuery,
  type VerdictNumbers,
} from './text-lines.ts'

/** Kubernetes refuses events of more than 1024 bytes, and the words around the text need some of them. */
const MOST_BYTES = 900
const LONGEST_LINE = 400

export function renderVerdictText(verdict: VerdictNumbers): string {
  const lead = cutLine(renderLead(verdict))
  let text = lead
  let left = MOST_BYTES - byteLength(lead)
  for (const line of [...listDetails(verdict), ...renderQuery(verdict, lead)].map(cutLine)) {
    left -= byteLength(line) + 3
    if (left < 0) break
    text += `\n  ${line}`
  }
  return text
}

function listDetails(verdict: VerdictNumbers): readonly string[] {
  const told = tellsProblem(verdict) ? 1 : 0
  const { outcome, ticks } = verdict
  if (outcome === 'error' || ticks === 0) return renderProblems(verdict, told)
  return [
    ...renderComparison(verdict),
    ...renderLatencies(verdict),
    ...renderEvidence(verdict),
    ...renderNoise(verdict),
    ...renderExposure(verdict),
    ...renderProblems(verdict, told),
  ]
}

const cutLine = (line: string): string =>
  line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1).trimEnd()}…` : line

/** In UTF-8, without an encoder: the pure code has none. */
function byteLength(text: string): number {
  let bytes = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
