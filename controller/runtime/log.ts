/**
 * The structured log: JSON lines (or logfmt text) with fixed field names, every string passed through the redactor. It must
 * never throw into its caller and never keep references to what it was given.
 */
import pino from 'pino'
import type { Redactor } from './redact.ts'

/** The fixed fields come first in every query people write; anything else may be added. */
export interface LogFields {
  readonly rollout?: string
  readonly namespace?: string
  readonly revision?: string | number
  readonly step?: number
  readonly reason?: string
  readonly error?: unknown
  readonly [field: string]: unknown
}

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'json' | 'text'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly redactor: Redactor
  /** Receives whole lines; standard output when absent. */
  readonly write?: (line: string) => void
}

const LONGEST_STRING = 8192
const DEEPEST_FIELD = 6
const MOST_ENTRIES = 100

const cut = (text: string): string => (text.length > LONGEST_STRING ? `${text.slice(0, LONGEST_STRING)}…` : text)

/** A bounded plain copy of a field value in which every string has been redacted. */
export function renderField(value: unknown, redactor: Redactor, depth = 0): unknown {
  if (typeof value === 'string') return cut(redactor.redact(value))
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (depth >= DEEPEST_FIELD) return '[deep]'
  if (value instanceof Error) return renderError(value, redactor, depth)
  if (Array.isArray(value)) {
    return value.slice(0, MOST_ENTRIES).map((entry) => renderField(entry, redactor, depth + 1))
  }
  const entries = Object.entries(value).slice(0, MOST_ENTRIES)
  return Object.fromEntries(
    entries.map(([key, entry]) => [redactor.redact(key), renderField(entry, redactor, depth + 1)]),
  )
}

function renderError(error: Error, redactor: Redactor, depth: number): unknown {
  const cause = error.cause === undefined ? {} : { cause: renderField(error.cause, redactor, depth + 1) }
  return {
    type: error.name,
    message: cut(redactor.redact(error.message)),
    stack: cut(redactor.redact(error.stack ?? '')),
    ...cause,
  }
}

const quoteLogfmt = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text)
}

/** One JSON log line as `key=value` pairs, time, level and message first as Argo Rollouts prints them. */
export function renderLogfmt(jsonLine: string): string {
  const { time, level, msg, ...rest } = JSON.parse(jsonLine) as Record<string, unknown>
  const pairs = Object.entries({ time, level, msg, ...rest }).filter(([, value]) => value !== undefined)
  return `${pairs.map(([key, value]) => `${key}=${quoteLogfmt(value)}`).join(' ')}\n`
}

/** Builds the process's logger. */
export function createLogger(options: LogOptions): Logger {
  const write = options.write ?? ((line: string): void => void process.stdout.write(line))
  const destination = { write: (line: string) => write(options.format === 'text' ? renderLogfmt(line) : line) }
  const sink = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return bindLogger(sink, options.redactor, {})
}

function bindLogger(sink: pino.Logger, redactor: Redactor, bound: LogFields): Logger {
  const logAt =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!sink.isLevelEnabled(level)) return
      sink[level](renderField({ ...bound, ...fields }, redactor), cut(redactor.redact(message)))
    }
  return {
    debug: logAt('debug'),
    info: logAt('info'),
    warn: logAt('warn'),
    error: logAt('error'),
    child: (fields) => bindLogger(sink, redactor, { ...bound, ...fields }),
  }
}

const discard = (): void => {}

/** A logger that drops everything: for tools and tests that have no use for one. */
export const silentLogger: Logger = {
  debug: discard,
  info: discard,
  warn: discard,
  error: discard,
  child: () => silentLogger,
}
