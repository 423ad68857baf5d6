/** The JSON schema of a verdict as it is handed out, made of the schema in the code. Run as a script it prints the file. */
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { gateVerdictSchema } from '../../../controller/api/verdict.ts'

export function renderVerdictSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(gateVerdictSchema, { target: 'draft-2020-12' })
  const head = {
    $schema,
    title: 'Verdict of a statistical gate',
    description:
      'Stored as JSON under metadata["penstock.dev/verdict"] of a measurement; the fields are told in verdict.md beside this file.',
  }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(renderVerdictSchema())
