/** A finding as a line that editors can follow. Pure. */
import { printable } from '../terminal.ts'
import type { LocatedProblem } from './problem.ts'

/** What a problem quotes from the text, with a caret below it, stays on lines of its own: there every space counts. */
export function renderProblem(problem: LocatedProblem): string {
  const subject = problem.kind === '' ? '' : `${problem.kind} ${problem.name || '(no name)'}: `
  const field = problem.field === '' ? '' : `${problem.field}: `
  const fix = problem.fix === undefined ? '' : ` (${problem.fix})`
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const { sentence, quote } = cutQuote(problem.message)
  const said = printable(`${place}: ${problem.severity}: ${subject}${field}${sentence}${fix}`).replaceAll(/ {2,}/g, ' ')
  return [said, ...quote.map((line) => `    ${line.replaceAll(/\p{Cc}/gu, ' ').trimEnd()}`)].join('\n')
}

/** The last two lines of a message, when the second of them is a caret. */
function cutQuote(message: string): { readonly sentence: string; readonly quote: readonly string[] } {
  const lines = message.split('\n')
  if (!/^ *\^$/.test(lines.at(-1) ?? '')) return { sentence: message, quote: [] }
  return { sentence: lines.slice(0, -2).join(' '), quote: lines.slice(-2) }
}
