/** The reference of the CLI against the command line itself: every command has its row, and no row is of a command that there is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import { createFakeCli } from '../cli/fake-cluster.ts'
import { readText } from './documents.ts'

/** What `--help` prints. */
async function readHelp(args: readonly string[]): Promise<string> {
  const { deps, output } = createFakeCli(undefined)
  assert.equal(await runCli([...args, '--help'], deps), 0)
  return output().out
}

const listCommands = (help: string): readonly string[] =>
  [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name = '']) =>
    name === 'help' ? [] : [name],
  )

async function listAllCommands(): Promise<readonly string[]> {
  const names = listCommands(await readHelp([]))
  const nested = await Promise.all(
    names.map(async (name) => {
      const inner = listCommands(await readHelp([name]))
      return inner.length === 0 ? [name] : inner.map((one) => `${name} ${one}`)
    }),
  )
  return nested.flat().toSorted()
}

test('docs/reference/cli.md has a row for each command', async () => {
  const rows = readText('docs/reference/cli.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) =>
      [...(line.split(' | ')[0] ?? '').matchAll(/`([a-z]+(?: [a-z]+)?)/g)].map(([, name = '']) => name),
    )
  assert.deepEqual([...new Set(rows)].toSorted(), await listAllCommands())
})

test('docs/guides/backtest.md names each option of the command', async () => {
  const options = [...(await readHelp(['backtest'])).matchAll(/(--[a-z]+)/g)].map(([, name = '']) => name)
  const guide = readText('docs/guides/backtest.md')
  for (const option of new Set(options))
    if (option !== '--help' && option !== '--no') assert.ok(guide.includes(option), option)
})
