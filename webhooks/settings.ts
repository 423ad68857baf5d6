/**
 * The receiver's flags, as a schema for the configuration: what may be set, and which combinations make no sense. It must not read
 * files or the environment.
 */
import { z } from 'zod'

const path = z.string().min(1)

export const webhookSettingsSchema = z
  .strictObject({
    /** `--webhook-port`; 0 takes a free port. */
    webhookPort: z.int().min(0).max(65_535).default(8088),
    /** `--webhook-token-file`, repeatable: one token a line; two at a time allow rotation. */
    webhookTokenFiles: z.array(path).max(4).default([]),
    /** `--webhook-insecure`: take posts without a token. */
    webhookInsecure: z.boolean().default(false),
    webhookTlsCert: path.optional(),
    webhookTlsKey: path.optional(),
    /** `--alert-mapping`: a YAML file. */
    alertMapping: path.optional(),
  })
  .superRefine((settings, context) => {
    const report = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message })
    if (settings.webhookTokenFiles.length === 0 && !settings.webhookInsecure) {
      report('webhookTokenFiles', 'needs --webhook-token-file, or --webhook-insecure to take alerts from anybody')
    }
    if (settings.webhookTokenFiles.length > 0 && settings.webhookInsecure) {
      report('webhookInsecure', 'contradicts --webhook-token-file; give one of them')
    }
    if ((settings.webhookTlsCert === undefined) !== (settings.webhookTlsKey === undefined)) {
      report('webhookTlsCert', 'needs both --webhook-tls-cert and --webhook-tls-key')
    }
  })
export type WebhookSettings = z.infer<typeof webhookSettingsSchema>
