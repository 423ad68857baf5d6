/** A flag or a file with an error stops the start with one sentence and exit code 2; nothing is opened or written before. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { run } from '../../control-plane/access.ts'
import type { Stage } from '../stage.ts'

export function startUpPaths(stage: Stage): void {
  describe('start-up', { concurrency: 2 }, () => {
    const file = (name: string, text: string): string => {
      const path = join(stage.cluster().directory, name)
      writeFileSync(path, text)
      return path
    }
    const rows: readonly (readonly [string, () => readonly string[], RegExp])[] = [
      ['a port that is none', () => ['--metricsPort=x'], /--metricsPort/],
      ['a flag that does not exist', () => ['--nope=1'], /--nope/],
      ['a boolean that is none', () => ['--leader-elect=perhaps'], /--leader-elect/],
      ['an address that is none', () => ['--allow-outbound=not an address'], /--allow-outbound/],
      ['a kubeconfig that is not there', () => ['--kubeconfig=/nowhere/kubeconfig'], /--kubeconfig.*\/nowhere/],
      ['a kubeconfig that is none', () => [`--kubeconfig=${file('bad-kubeconfig', '{')}`], /--kubeconfig/],
      ['a context that is not there', () => ['--context=nobody'], /--context/],
      ['a token file that is not there', () => ['--webhook-token-file=/nowhere/token'], /--webhook-token-file/],
      [
        'a token that is too short',
        () => [`--webhook-token-file=${file('short-token', 'abc\n')}`],
        /--webhook-token-file.*shorter/,
      ],
      ['a mapping that is not there', () => ['--alert-mapping=/nowhere/mapping'], /--alert-mapping/],
      ['a mapping with an error', () => [`--alert-mapping=${file('mapping', 'rules: 7')}`], /rules/],
      [
        'message templates that are none',
        () => [
          `--slack-webhook-url-file=${file('slack-url', 'http://127.0.0.1:1/x\n')}`,
          `--notify-templates=${file('templates', 'Aborted: "{{#if"')}`,
        ],
        /Aborted/,
      ],
      ['TLS without its key', () => ['--webhook-tls-cert=/nowhere/tls.crt'], /--webhook-tls/],
    ]
    for (const [title, args, told] of rows)
      test(title, async () => {
        const { directory, kubeconfig } = stage.cluster()
        const token = file(`token-${title.replaceAll(' ', '-')}`, 'a-token-that-is-long-enough\n')
        const ports = ['--metricsPort=0', '--healthzPort=0', '--webhook-port=0', '--bind-address=127.0.0.1']
        const given = args()
        const rest = [...ports, `--kubeconfig=${kubeconfig}`, `--webhook-token-file=${token}`].filter(
          (flag) => !given.some((one) => one.split('=')[0] === flag.split('=')[0]),
        )
        const controller = join(directory, 'bundle', 'controller.js')
        const { code, stderr } = await run(process.execPath, [controller, ...rest, ...given], { timeoutMs: 10_000 })
        assert.match(stderr, told)
        assert.match(stderr, /^penstock: [^\n]+\n$/, 'one sentence')
        assert.equal(code, 2)
      })
  })
}
