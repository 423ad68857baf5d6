/** `penstock lint -f FILE`: says before the cluster does what is wrong with manifests. Needs no cluster. */
import type { ExitCode } from '../cli-error.ts'
import type { CliDeps } from '../deps.ts'
import { lintText } from '../lint/lint-text.ts'
import type { LocatedProblem } from '../lint/problem.ts'
import { type CommonOptions, sendJson } from '../options.ts'
import { printable } from '../terminal.ts'

export interface LintOptions extends CommonOptions {
  readonly file: readonly string[]
}

/** 1 when there is an error; warnings alone end with 0. */
export async function runLint(options: LintOptions, deps: CliDeps): Promise<ExitCode> {
  const validators = await deps.loadValidators()
  const reports = []
  for (const file of options.file) reports.push(lintText(file, await deps.readText(file), validators))
  const problems = reports.flatMap((report) => report.problems)
  const checked = reports.reduce((sum, report) => sum + report.checked, 0)
  const skipped = reports.reduce((sum, report) => sum + report.skipped, 0)
  const errors = problems.filter((problem) => problem.severity === 'error').length
  if (options.json === true) sendJson(deps, { checked, skipped, errors, problems })
  else {
    for (const problem of problems) deps.terminal.out(`${renderProblem(problem)}\n`)
    const others = skipped === 0 ? '' : `, ${count(skipped, 'object')} of other kinds not looked at`
    const found = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`
    deps.terminal.out(`${found} in ${count(checked, 'object')}${others}\n`)
  }
  return errors > 0 ? 1 : 0
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

/** What a problem quotes from the text, with a caret below it, stays on lines of its own: there every space counts. */
function renderProblem(problem: LocatedProblem): string {
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
