import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLogger, type LogFormat, type LogLevel } from '../../../controller/runtime/log.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'

function setUp(options: { level?: LogLevel; format?: LogFormat } = {}) {
  const lines: string[] = []
  const redactor = createRedactor()
  const log = createLogger({
    level: options.level ?? 'info',
    format: options.format ?? 'json',
    redactor,
    write: (line) => lines.push(line),
  })
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>
  return { lines, redactor, log, last }
}

describe('log', () => {
  test('writes one JSON line with the fixed fields, and children add theirs', () => {
    const { lines, log, last } = setUp()
    log.child({ rollout: 'checkout', namespace: 'shop' }).warn('held', { reason: 'CanaryNotReady', step: 2 })
    assert.equal(lines.length, 1)
    const { time, ...rest } = last()
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
    assert.deepEqual(rest, {
      level: 'warn',
      msg: 'held',
      rollout: 'checkout',
      namespace: 'shop',
      reason: 'CanaryNotReady',
      step: 2,
    })
  })

  test('drops lines below its level', () => {
    const { lines, log } = setUp({ level: 'warn' })
    log.info('no')
    log.debug('no')
    log.error('yes')
    assert.equal(lines.length, 1)
  })

  test('removes registered secrets by value from messages, fields, keys, errors, causes and children', () => {
    const { lines, redactor, log } = setUp()
    const early = log.child({ url: 'https://hooks.example/T0/sw0rdfish' })
    redactor.registerSecret('sw0rdfish')
    const cause = new Error('inner sw0rdfish')
    early.error('with sw0rdfish in it', {
      nested: { list: ['x sw0rdfish y'], sw0rdfish: 1 },
      error: new Error('outer sw0rdfish', { cause }),
    })
    assert.ok(!lines.join('').includes('sw0rdfish'), lines.join(''))
    assert.ok(lines.join('').includes('with ***** in it'))
  })

  test('removes the encoded forms of a secret too, and the longest of overlapping ones', () => {
    const { redactor } = setUp()
    redactor.registerSecret('pass word/with"quote')
    redactor.registerSecret('pass')
    const secret = 'pass word/with"quote'
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      JSON.stringify(secret).slice(1, -1),
    ]) {
      assert.equal(redactor.redact(`<${form}>`), '<*****>')
    }
  })

  test('a secret of one letter or of regular expression syntax does no harm', () => {
    const { redactor } = setUp()
    redactor.registerSecret('a')
    redactor.registerSecret('   ')
    redactor.registerSecret('(.*)+$')
    assert.equal(redactor.redact('a banana (.*)+$'), 'a banana *****')
  })

  test('is bounded: huge strings, deep and cyclic values', () => {
    const { lines, log } = setUp()
    const cyclic: Record<string, unknown> = { text: 'x'.repeat(1_000_000), big: 10n }
    cyclic.self = cyclic
    log.info('bounded', { cyclic, many: Array.from({ length: 10_000 }, (_, index) => index) })
    assert.ok((lines[0]?.length ?? 0) < 80_000, `${lines[0]?.length}`)
  })

  test('text format is logfmt with quoting', () => {
    const { lines, log } = setUp({ format: 'text' })
    log.info('two words', { rollout: 'checkout', detail: 'say "hi"' })
    assert.match(lines[0] ?? '', /^time=\S+ level=info msg="two words" rollout=checkout detail="say \\"hi\\""\n$/)
  })
})
