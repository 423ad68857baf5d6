/**
 * Writes what the chart takes from the code (`npm run generate`): the CRDs from the schemas in `controller/api`, the rights of each router and the
 * ids of routers from the registry. Unit tests fail when files and code differ, so the output is never edited by hand.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderCrdFiles } from './crd-files.ts'
import { renderRouterRights, renderSchema } from './router-rights.ts'

const chart = join(fileURLToPath(new URL('.', import.meta.url)), 'penstock')
const crds = join(chart, 'crds')
mkdirSync(crds, { recursive: true })
for (const [name, text] of renderCrdFiles()) writeFileSync(join(crds, name), text)
writeFileSync(join(chart, 'files', 'routers.yaml'), renderRouterRights())
const schema = join(chart, 'values.schema.json')
writeFileSync(schema, renderSchema(readFileSync(schema, 'utf8')))
