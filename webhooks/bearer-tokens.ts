/**
 * The bearer tokens that may post alerts: read from files, read again when a file changed, compared in constant time. It must not
 * print a token or tell how close a wrong one was.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import type { Redactor } from '../controller/runtime/redact.ts'

export interface BearerTokens {
  /** Whether an `Authorization` header carries one of the tokens. */
  accepts(authorization: string | undefined): boolean
}

export interface BearerTokenDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly redactor: Redactor
}

const SHORTEST_TOKEN = 16
const MOST_TOKENS = 8
const LOOK_AGAIN_MS = 1000

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

const readVersion = (files: readonly string[]): string =>
  files
    .map((file) => statSync(file, { bigint: true }))
    .map((s) => `${s.ino}/${s.size}/${s.mtimeNs}`)
    .join(' ')

/** The tokens in the files, one a line. Throws one sentence when there is none or one is too short to be a secret. */
function readTokens(files: readonly string[]): readonly string[] {
  const tokens = files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
    if (lines.length === 0) throw new Error(`--webhook-token-file ${file}: holds no token`)
    return lines
  })
  if (tokens.length > MOST_TOKENS) throw new Error(`--webhook-token-file: holds more than ${MOST_TOKENS} tokens`)
  const short = tokens.findIndex((token) => token.length < SHORTEST_TOKEN)
  if (short >= 0)
    throw new Error(`--webhook-token-file: token ${short + 1} is shorter than ${SHORTEST_TOKEN} characters`)
  return tokens
}

/** Reads the files at once and throws when they hold no usable token; a later change that cannot be read keeps the former tokens. */
export function openBearerTokens(files: readonly string[], deps: BearerTokenDeps): BearerTokens {
  const { clock, log, redactor } = deps
  let version = ''
  let lookedAtMs = 0
  let digests: readonly Buffer[] = []
  const load = (): void => {
    lookedAtMs = clock.monotonicMs()
    const found = readVersion(files)
    if (found === version) return
    const tokens = readTokens(files)
    for (const token of tokens) redactor.registerSecret(token)
    digests = tokens.map(digest)
    version = found
  }
  const refresh = (): void => {
    if (clock.monotonicMs() - lookedAtMs < LOOK_AGAIN_MS) return
    try {
      load()
    } catch (error) {
      log.error('The webhook tokens could not be read again; the former ones stay valid', {
        reason: 'TokenUnreadable',
        error,
      })
    }
  }
  load()
  return {
    accepts(authorization) {
      refresh()
      const given = /^Bearer +(\S{1,4096})$/i.exec(authorization ?? '')?.[1]
      const presented = digest(given ?? '')
      let matches = 0
      for (const known of digests) matches += timingSafeEqual(known, presented) ? 1 : 0
      return given !== undefined && matches > 0
    },
  }
}
