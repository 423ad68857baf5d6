/** The rules of `penstock lint`, in the same words, for commands that go on from manifests; warnings are left to it. */
import type { CliDeps } from '../deps.ts'
import type { ManifestText } from '../manifest-files.ts'
import { lintText, readObjects } from './lint-text.ts'
import { renderProblem } from './render-problem.ts'

/** Writes each error to standard error; true when there was one. */
export async function tellErrors(texts: readonly ManifestText[], deps: CliDeps): Promise<boolean> {
  const validators = await deps.loadValidators()
  const others = texts.flatMap(({ text }) => readObjects(text))
  const problems = texts.flatMap(({ file, text }) => lintText(file, text, validators, others).problems)
  const errors = problems.filter(({ severity }) => severity === 'error')
  for (const error of errors) deps.terminal.err(`${renderProblem(error)}\n`)
  return errors.length > 0
}
