/**
 * Writes `charts/penstock/crds/*.yaml` from the schemas in `controller/api` (`npm run generate`). A unit test fails when the files and
 * the schemas differ, so the output is never edited by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderCrdFiles } from './crd-files.ts'

const folder = join(fileURLToPath(new URL('.', import.meta.url)), 'penstock', 'crds')
mkdirSync(folder, { recursive: true })
for (const [name, text] of renderCrdFiles()) writeFileSync(join(folder, name), text)
