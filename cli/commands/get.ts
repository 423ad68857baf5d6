/** `penstock get`: the tree of one rollout, once or redrawn as it changes. It reads only. */

import { watchRollout } from '../cluster/changes.ts'
import { observeRollout } from '../cluster/observe.ts'
import type { CliDeps } from '../deps.ts'
import { isPassing } from '../failure.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'
import { createStyle } from '../terminal.ts'
import { viewRollout } from '../view/rollout-view.ts'
import { renderTree } from '../view/tree.ts'

export interface GetOptions extends CommonOptions {
  readonly watch?: boolean
}

const REDRAW_MS = 1_000
const CLEAR_SCREEN = '\u001b[H\u001b[2J\u001b[3J'

export const runGet = (name: string, options: GetOptions, deps: CliDeps): Promise<void> =>
  withConnection(deps, options, async (connection) => {
    const { client, namespace } = connection
    const read = () => observeRollout(client, namespace, name, () => deps.clock.now())
    const { terminal } = deps
    const style = createStyle({ unicode: terminal.unicode, color: terminal.color && options.color !== false })
    let shown = ''
    const draw = (picture: Awaited<ReturnType<typeof read>>): void => {
      const view = viewRollout(picture)
      const text = options.json === true ? JSON.stringify(view) : renderTree(view, style, picture.atMs)
      if (text === shown) return
      shown = text
      if (options.json === true) sendJson(deps, view)
      else terminal.out(`${options.watch === true && terminal.isTty ? CLEAR_SCREEN : ''}${text}\n`)
    }
    const first = await read()
    draw(first)
    if (options.watch !== true) return
    const changes = watchRollout(connection, first.rollout, deps)
    try {
      while (!deps.signal.aborted) {
        await changes.next(REDRAW_MS)
        if (deps.signal.aborted) return
        try {
          draw(await read())
        } catch (error) {
          if (!isPassing(error)) throw error
        }
      }
    } finally {
      changes.stop()
    }
  })
