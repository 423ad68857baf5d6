/** `penstock explain`: where a rollout stands, what it waits for and what it did, as a story. It reads only. */
import { observeRollout, readEvents } from '../cluster/observe.ts'
import type { CliDeps } from '../deps.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'
import { createStyle } from '../terminal.ts'
import { explain } from '../view/explanation.ts'
import { renderExplanation } from '../view/explanation-text.ts'

export const runExplain = (name: string, options: CommonOptions, deps: CliDeps): Promise<void> =>
  withConnection(deps, options, async ({ client, namespace }) => {
    const picture = await observeRollout(client, namespace, name, () => deps.clock.now())
    const told = explain(picture, await readEvents(client, picture))
    const explanation = { ...told, story: await deps.tellPlan(client, picture) }
    if (options.json === true) return sendJson(deps, explanation)
    const style = createStyle({ unicode: deps.terminal.unicode, color: deps.terminal.color && options.color !== false })
    deps.terminal.out(`${renderExplanation(explanation, style)}\n`)
  })
