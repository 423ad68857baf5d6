/**
 * Builds the channels that the flags ask for and tries their secret files, so that a wrong file stops start-up and not the first
 * message. It must not send.
 */
import { readFileSync } from 'node:fs'
import type { Redactor } from '../runtime/redact.ts'
import { readSecrets } from './delivery.ts'
import type { MessageTemplates, NoticeEvent, Notifier } from './notifier.ts'
import { notifiers } from './registry.ts'
import { listChannels, type NotifySettings } from './settings.ts'
import { compileTemplates, parseTemplates } from './templates.ts'

const sample: NoticeEvent = {
  namespace: 'default',
  name: 'sample',
  notice: {
    id: '1/Promoted',
    kind: 'Promoted',
    at: '2026-01-01T00:00:00Z',
    revision: 1,
    podHash: 'abc',
    reason: 'Sample',
    message: '',
  },
}

function openTemplates(file: string | undefined): MessageTemplates {
  const parsed = file === undefined ? compileTemplates({}) : parseTemplates(readFileSync(file, 'utf8'))
  if ('error' in parsed) throw new Error(file === undefined ? parsed.error : `${file}: ${parsed.error}`)
  return parsed.templates
}

/** Throws one sentence that names the file or field at fault. An empty list means that nobody is to be told. */
export function openChannels(settings: NotifySettings, redactor: Redactor): readonly Notifier[] {
  const templates = openTemplates(settings.notifyTemplates)
  return listChannels(settings).map(({ id, config }) => {
    const channel = notifiers[id].create(config, templates)
    channel.format(sample, readSecrets(channel, redactor))
    return channel
  })
}
