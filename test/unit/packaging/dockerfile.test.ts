/** The Dockerfile, read as instructions: pinned bases, two stages, nobody as user, nothing copied that does not exist or is ignored. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { asShipped } from '../../../sandbox/controller-bundle.ts'

const root = new URL('../../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

interface Instruction {
  readonly keyword: string
  readonly rest: string
}

const instructions: readonly Instruction[] = read('Dockerfile')
  .replaceAll(/^#.*$/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [keyword = '', ...rest] = line.trim().split(/\s+/)
    return { keyword: keyword.toUpperCase(), rest: rest.join(' ') }
  })
const restsOf = (keyword: string, among = instructions): readonly string[] =>
  among.filter((one) => one.keyword === keyword).map((one) => one.rest)
const finalStage = instructions.slice(instructions.findLastIndex((one) => one.keyword === 'FROM'))

/** Sources of a COPY from the build context; none for a COPY from a stage. */
function contextSources(rest: string): readonly string[] {
  const words = rest.split(' ')
  if (words.some((word) => word.startsWith('--from='))) return []
  return words.filter((word) => !word.startsWith('--')).slice(0, -1)
}

describe('Dockerfile', () => {
  test('two stages on exact versions of a Node that is long-term supported', () => {
    const bases = restsOf('FROM').map((rest) => rest.split(' ')[0] ?? '')
    assert.equal(bases.length, 2)
    for (const base of bases) assert.match(base, /^node:24\.\d+\.\d+-\w+-slim$/)
    assert.equal(new Set(bases).size, 1, 'what is built is run on the same Node')
  })

  test('runs as a numeric user that is not root, and never becomes root again', () => {
    const users = restsOf('USER', finalStage)
    assert.deepEqual(users, ['65532:65532'], 'runAsNonRoot needs a number to check')
    const after = finalStage.slice(finalStage.findIndex((one) => one.keyword === 'USER') + 1)
    assert.deepEqual(restsOf('RUN', after), [])
  })

  test('starts the controller without a shell, so that SIGTERM reaches it', () => {
    const [entry] = restsOf('ENTRYPOINT', finalStage)
    assert.deepEqual(JSON.parse(entry ?? ''), ['node', ...asShipped.nodeFlags, '/app/dist/controller.js'])
    assert.deepEqual(restsOf('CMD', finalStage), [])
  })

  test('what the sandbox and the benchmarks start is started likewise', () => {
    const entries = Object.entries(asShipped.env).map(([name, value]) => `${name}=${value}`)
    assert.ok(restsOf('ENV', finalStage).includes(entries.join(' ')))
  })

  test('installs exactly what the lock file says and downloads nothing else', () => {
    const runs = restsOf('RUN').join('\n')
    assert.match(runs, /npm ci --ignore-scripts/)
    assert.doesNotMatch(runs, /npm (install|i)\b|curl|wget|apt-get/)
    assert.deepEqual([...restsOf('ADD'), ...restsOf('ARG')], [])
  })

  test('the final stage holds the bundle alone', () => {
    assert.deepEqual(restsOf('COPY', finalStage), [
      '--from=build --chown=0:0 /src/dist ./dist',
      '--chown=0:0 package.json ./',
    ])
  })

  test('what is copied exists and is let through by .dockerignore', () => {
    const allowed = new Set(
      read('.dockerignore')
        .split('\n')
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1)),
    )
    for (const source of restsOf('COPY').flatMap(contextSources)) {
      assert.ok(existsSync(new URL(source, root)), `${source} does not exist`)
      assert.ok(allowed.has(source), `${source} is ignored`)
    }
  })

  test('the ports are those of the chart', () => {
    const chart = read('charts/penstock/templates/deployment.yaml')
    for (const port of (restsOf('EXPOSE', finalStage)[0] ?? '').split(' '))
      assert.match(chart, new RegExp(`containerPort: ${port}\\b`))
  })
})
