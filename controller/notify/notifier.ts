/**
 * What a notification channel is: a codec from a notice to an HTTP request and from the answer to what became of it. A channel does
 * no I/O and keeps no state; the outbox sends, repeats and remembers.
 */
import type { z } from 'zod'
import type { Notice } from '../api/notice.ts'
import type { HttpRequest, HttpResponse } from '../runtime/http.ts'

export interface NoticeEvent {
  readonly namespace: string
  /** The Rollout's name. */
  readonly name: string
  readonly notice: Notice
}

/**
 * delivered: the other side has it · retry: not now (`afterMs` when it said for how long), or not until a person repairs the
 * channel · rejected: this message will never be taken.
 */
export type Delivery =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'retry'; readonly why: string; readonly afterMs?: number }
  | { readonly outcome: 'rejected'; readonly why: string }

export interface Notifier {
  readonly id: string
  /** Secret name → file. Files are read before each message, so that a rotation needs no restart. */
  readonly secretFiles: Readonly<Record<string, string>>
  /** `secrets` holds the content of each of `secretFiles`. Throws when a secret cannot be what it should be. */
  format(event: NoticeEvent, secrets: Readonly<Record<string, string>>): HttpRequest
  parse(response: HttpResponse): Delivery
}

export interface MessageTemplates {
  /** The text for `event`, each value passed through `escapeValue`. */
  render(event: NoticeEvent, escapeValue: (value: string) => string): string
}

export interface NotifierModule {
  readonly id: string
  readonly schema: z.ZodType
  /** Throws a ZodError when `config` does not fit `schema`. */
  create(config: unknown, templates: MessageTemplates): Notifier
}
