/** The CRD files of the chart as text, by file name. It renders only; `generate.ts` writes them and the drift test compares them. */
import { stringify } from 'yaml'
import { renderCrds } from '../controller/api/crd/crds.ts'

const HEADER = '# Generated from controller/api by `npm run generate`; a test fails when it differs. Do not edit.\n'

export const renderCrdFiles = (): ReadonlyMap<string, string> =>
  new Map(
    renderCrds().map((crd) => [
      `${crd.metadata.name}.yaml`,
      HEADER + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  )
