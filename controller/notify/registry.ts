/** Every notification channel there is. A new one is a file and a line here; an unknown id is an error, never a default. */
import type { NotifierModule } from './notifier.ts'
import { slack } from './slack.ts'

export const notifiers = { slack } satisfies Record<string, NotifierModule>
export type NotifierId = keyof typeof notifiers
