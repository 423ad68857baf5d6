/** `penstock lint -f FILE`: says before the cluster does what is wrong with manifests. Needs no cluster. */
import type { ExitCode } from '../cli-error.ts'
import type { CliDeps } from '../deps.ts'
import { lintText, readObjects } from '../lint/lint-text.ts'
import { renderProblem } from '../lint/render-problem.ts'
import { readManifestTexts } from '../manifest-files.ts'
import { type CommonOptions, sendJson } from '../options.ts'

export interface LintOptions extends CommonOptions {
  readonly file: readonly string[]
}

/** 1 when there is an error; warnings alone end with 0. */
export async function runLint(options: LintOptions, deps: CliDeps): Promise<ExitCode> {
  const validators = await deps.loadValidators()
  const texts = await readManifestTexts(options.file, deps)
  const others = texts.flatMap(({ text }) => readObjects(text))
  const reports = texts.map(({ file, text }) => lintText(file, text, validators, others))
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
