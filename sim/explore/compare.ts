/** What a disturbed telling has in common with the undisturbed one, and has not: the oracle of the exploration. */
import type { Ending } from './tell.ts'

/** Sentences, none when the two are the same as far as anybody can tell. */
export function compareEndings(disturbed: Ending, undisturbed: Ending): readonly string[] {
  return [
    ...compareLists('the end', disturbed.lines, undisturbed.lines),
    ...compareLists('created, deleted or pointed elsewhere', disturbed.births, undisturbed.births),
    ...compareLists('messages', disturbed.notices, undisturbed.notices),
    ...disturbed.violations.map(({ id, atMs, sentence }) => `${id} at ${atMs} ms: ${sentence}`),
  ]
}

/** As multisets. */
function compareLists(title: string, disturbed: readonly string[], undisturbed: readonly string[]): readonly string[] {
  const rest = [...undisturbed]
  const extra = disturbed.filter((line) => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  return [...extra.map((line) => `${title}: + ${line}`), ...rest.map((line) => `${title}: - ${line}`)]
}
