/**
 * Knows the secret values of this process and removes them from any text that leaves it. It works by value, not by field
 * name, because secrets travel inside URLs, headers, error messages and templates. It must not store anything but the values.
 */
export interface Redactor {
  /** Remembers a secret; its URL-encoded, base64 and JSON-escaped forms are removed as well. */
  registerSecret(value: string): void
  /** The text with every known secret replaced by `*****`. */
  redact(text: string): string
}

/** Shorter values would blank ordinary words, and a tenant could blind the log by registering a single letter. */
const SHORTEST_SECRET = 4
const MASK = '*****'

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret, 'utf8').toString('base64')
  return [secret, encodeURIComponent(secret), base64, base64.replace(/=+$/, ''), JSON.stringify(secret).slice(1, -1)]
}

/** A fresh, empty redactor. Registered secrets live as long as it does. */
export function createRedactor(): Redactor {
  const forms = new Set<string>()
  let pattern: RegExp | undefined
  return {
    registerSecret(value) {
      const secret = value.trim()
      if (secret.length < SHORTEST_SECRET || forms.has(secret)) return
      for (const form of formsOf(secret)) forms.add(form)
      // Longest first: where one secret contains another, the whole is masked.
      const alternatives = [...forms].sort((a, b) => b.length - a.length).map(escapeForRegExp)
      pattern = new RegExp(alternatives.join('|'), 'g')
    },
    redact: (text) => (pattern ? text.replace(pattern, MASK) : text),
  }
}
