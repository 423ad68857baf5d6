/**
 * Prints an explanation for people. The newest deeds matter most, so a long history loses its oldest lines, and says so. What a gate said in several lines
 * stands once, as its verdict; messages that quote it are cut to their first line. Pure.
 */
import { printable, renderStatus, type Style } from '../terminal.ts'
import type { Explanation } from './explanation.ts'
import { cutTold, renderVerdict } from './gate-verdicts.ts'

const DEEDS_SHOWN = 20

/** Ends without a line break. */
export function renderExplanation(explanation: Explanation, style: Style): string {
  const { did } = explanation
  const cut = (text: string): string => cutTold(text, explanation.verdicts)
  const hidden = Math.max(0, did.length - DEEDS_SHOWN)
  const deeds = did.slice(hidden).map((deed) => cut(`${deed.at || '(no time)'}  ${deed.reason}: ${deed.message}`))
  const message = explanation.message === '' ? '' : `: ${printable(cut(explanation.message))}`
  return [
    `${explanation.namespace}/${explanation.name}  ${renderStatus(style, explanation.phase)}${message}`,
    ...section('Stands', explanation.stands.map(cut)),
    ...section('Waits', explanation.waitsFor.map(cut)),
    ...(explanation.verdicts.length > 0 ? section('Verdicts', explanation.verdicts.flatMap(renderVerdict)) : []),
    ...(explanation.story ? section('Plan', explanation.story.map(cut)) : []),
    ...section('Did', [
      ...(hidden > 0 ? [`(${hidden} earlier ones are in --json)`] : []),
      ...(deeds.length > 0 ? deeds : ['nothing that is still on record']),
    ]),
  ].join('\n')
}

const section = (title: string, lines: readonly string[]): readonly string[] => [
  '',
  title,
  ...lines.map((line) => `  ${printable(line)}`),
]
