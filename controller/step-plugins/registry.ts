/** Every step plugin there is. A new one is a file, a line here, and a schema in `api/step-plugin-config.ts`; an unknown name is an error. */
import type { StepPluginName } from '../api/step-plugin-config.ts'
import { job } from './job.ts'
import type { StepPluginModule } from './plugin.ts'
import { waitUntil } from './wait-until.ts'
import { webhook } from './webhook.ts'

export const stepPlugins = {
  'penstock/webhook': webhook,
  'penstock/job': job,
  'penstock/wait-until': waitUntil,
} satisfies Record<StepPluginName, StepPluginModule>
