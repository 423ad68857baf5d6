/**
 * Slack as a channel: an incoming webhook, or `chat.postMessage` with a bot token. It knows Slack's escaping, limits and answers; what
 * a message says is the templates' business.
 */
import { z } from 'zod'
import type { HttpRequest, HttpResponse } from '../runtime/http.ts'
import type { Delivery, MessageTemplates, NoticeEvent, Notifier, NotifierModule } from './notifier.ts'

const file = z.string().min(1)
const webhookSchema = z.strictObject({ webhookUrlFile: file })
const botSchema = z.strictObject({
  tokenFile: file,
  /** Channel id or name. */
  channel: z.string().min(1).max(200),
  apiUrl: z.url({ protocol: /^https?$/ }).default('https://slack.com/api'),
})
export const slackSchema = z.union([webhookSchema, botSchema])

/** Slack takes 40,000 characters and shows about 4,000. */
const LONGEST_TEXT = 3000
const REPAIR_AFTER_MS = 60_000

/** What Slack calls temporary. */
const temporaryErrors = [
  'ratelimited',
  'rate_limited',
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'request_timeout',
]
/** What no repair of token or channel changes: the message itself. */
const messageErrors = [
  'invalid_payload',
  'no_text',
  'msg_too_long',
  'invalid_blocks',
  'invalid_arguments',
  'too_many_attachments',
]

/**
 * A value as plain text: Slack's three special characters as entities (which also disarms `<!channel>` and `<url|text>`), and no text
 * from outside becomes a link or ends a code span.
 */
export function escapeSlack(value: string): string {
  return value
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('`', "'")
    .replaceAll('://', ':\u200b//')
    .replace(/@(channel|here|everyone)\b/gi, '@\u200b$1')
}

function cutText(text: string): string {
  if (text.length <= LONGEST_TEXT) return text
  const head = Array.from(text.slice(0, LONGEST_TEXT)).slice(0, -1).join('')
  return `${head.replace(/&[a-z]{0,4}$/, '')}…`
}

const retryAfterMs = (response: HttpResponse): number | undefined => {
  const seconds = Number(response.headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) * 1000 : undefined
}

const retry = (why: string, afterMs: number | undefined): Delivery => ({
  outcome: 'retry',
  why,
  ...(afterMs === undefined ? {} : { afterMs }),
})

/** An error word of Slack; anything but a word is not repeated in logs. */
const readWord = (text: unknown): string =>
  typeof text === 'string' && /^\w{1,80}$/.test(text) ? text : 'unknown answer'

function judgeError(word: string, response: HttpResponse): Delivery {
  if (temporaryErrors.includes(word)) return retry(word, retryAfterMs(response))
  // Token, channel and workspace can be repaired by a person while the message waits.
  return messageErrors.includes(word) ? { outcome: 'rejected', why: word } : retry(word, REPAIR_AFTER_MS)
}

function judgeStatus(response: HttpResponse): Delivery | undefined {
  if (response.status === 429 || response.status >= 500) return retry(`HTTP ${response.status}`, retryAfterMs(response))
  return undefined
}

function parseWebhookAnswer(response: HttpResponse): Delivery {
  if (response.status === 200) return { outcome: 'delivered' }
  return judgeStatus(response) ?? judgeError(readWord(response.body.trim()), response)
}

const apiAnswer = z.looseObject({ ok: z.boolean(), error: z.string().optional() })

function parseApiAnswer(response: HttpResponse): Delivery {
  const temporary = judgeStatus(response)
  if (temporary) return temporary
  let body: unknown
  try {
    body = JSON.parse(response.body)
  } catch {
    return retry(`HTTP ${response.status} without JSON`, REPAIR_AFTER_MS)
  }
  const answer = apiAnswer.safeParse(body)
  if (!answer.success) return retry('unknown answer', REPAIR_AFTER_MS)
  return answer.data.ok ? { outcome: 'delivered' } : judgeError(readWord(answer.data.error), response)
}

const renderBody = (event: NoticeEvent, templates: MessageTemplates) => ({
  text: cutText(templates.render(event, escapeSlack)),
  mrkdwn: true,
  parse: 'none',
  link_names: false,
  unfurl_links: false,
  unfurl_media: false,
})

const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
  timeoutMs: 10_000,
  maxBytes: 65_536,
  target: 'slack',
})

const createWebhookChannel = (webhookUrlFile: string, templates: MessageTemplates): Notifier => ({
  id: 'slack',
  secretFiles: { webhookUrl: webhookUrlFile },
  format(event, { webhookUrl = '' }) {
    if (!/^https?:\/\/\S+$/.test(webhookUrl) || !URL.canParse(webhookUrl)) {
      throw new Error('--slack-webhook-url-file: holds no http(s) URL')
    }
    return post(webhookUrl, renderBody(event, templates))
  },
  parse: parseWebhookAnswer,
})

const createBotChannel = (bot: z.infer<typeof botSchema>, templates: MessageTemplates): Notifier => ({
  id: 'slack',
  secretFiles: { token: bot.tokenFile },
  format(event, { token = '' }) {
    if (!/^[\x21-\x7e]{8,}$/.test(token)) throw new Error('--slack-token-file: holds no token')
    const url = `${bot.apiUrl.replace(/\/+$/, '')}/chat.postMessage`
    const body = { channel: bot.channel, ...renderBody(event, templates) }
    return post(url, body, { authorization: `Bearer ${token}` })
  },
  parse: parseApiAnswer,
})

export const slack: NotifierModule = {
  id: 'slack',
  schema: slackSchema,
  create(config, templates) {
    const slackConfig = slackSchema.parse(config)
    return 'webhookUrlFile' in slackConfig
      ? createWebhookChannel(slackConfig.webhookUrlFile, templates)
      : createBotChannel(slackConfig, templates)
  },
}
