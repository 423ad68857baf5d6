/**
 * Tables and texts in `docs/guides/gates.md` that come from the code, drawn between marks so that none of them is typed. Pure: text in, text out.
 *
 *   <!-- drawn: time-to-threefold -->   …   <!-- end -->
 */
import { caughtTables } from './caught-table.ts'
import { verdictExamples } from './verdict-examples.ts'

const MARK = /<!-- drawn: (\S+) -->\n[\s\S]*?<!-- end -->/g
const blocks: Readonly<Record<string, () => string>> = { ...caughtTables, ...verdictExamples }

/** Throws for a block that there is not. */
export function drawGuide(page: string): string {
  return page.replace(MARK, (_, name: string) => {
    const draw = blocks[name]
    if (draw === undefined) throw new Error(`nothing is called "${name}"`)
    return `<!-- drawn: ${name} -->\n\n${draw()}\n\n<!-- end -->`
  })
}
