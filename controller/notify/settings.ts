/**
 * The notification flags, as a schema for the configuration, and the channels that they ask for. It must not read files or the
 * environment.
 */
import { z } from 'zod'
import type { NotifierId } from './registry.ts'

const path = z.string().min(1)

export const notifySettingsSchema = z
  .strictObject({
    /** `--slack-webhook-url-file` */
    slackWebhookUrlFile: path.optional(),
    /** `--slack-token-file`, with `--slack-channel` */
    slackTokenFile: path.optional(),
    slackChannel: z.string().min(1).max(200).optional(),
    /** `--slack-api-url` */
    slackApiUrl: z.url({ protocol: /^https?$/ }).default('https://slack.com/api'),
    /** `--notify-templates`: a YAML file. */
    notifyTemplates: path.optional(),
  })
  .superRefine((settings, context) => {
    const report = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message })
    if (settings.slackWebhookUrlFile !== undefined && settings.slackTokenFile !== undefined) {
      report('slackTokenFile', 'contradicts --slack-webhook-url-file; give one of them')
    }
    if ((settings.slackTokenFile === undefined) !== (settings.slackChannel === undefined)) {
      report('slackChannel', 'needs both --slack-token-file and --slack-channel')
    }
  })
export type NotifySettings = z.infer<typeof notifySettingsSchema>

export interface ChannelConfig {
  readonly id: NotifierId
  readonly config: unknown
}

/** The channels that the flags ask for; an empty list means that nobody is to be told. */
export function listChannels(settings: NotifySettings): readonly ChannelConfig[] {
  const { slackWebhookUrlFile, slackTokenFile, slackChannel, slackApiUrl } = settings
  if (slackWebhookUrlFile !== undefined) return [{ id: 'slack', config: { webhookUrlFile: slackWebhookUrlFile } }]
  if (slackTokenFile === undefined || slackChannel === undefined) return []
  return [{ id: 'slack', config: { tokenFile: slackTokenFile, channel: slackChannel, apiUrl: slackApiUrl } }]
}

/** Whether anybody is to be told: without a channel nothing is written to the outbox. */
export const hasChannels = (settings: NotifySettings): boolean => listChannels(settings).length > 0
