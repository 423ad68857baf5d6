/** Where the real Prometheus and Alertmanager are. */
import { findPrograms } from '../debian-programs.ts'

export interface Binaries {
  readonly prometheus: string
  readonly alertmanager: string
  /** Comes with Prometheus. */
  readonly promtool: string
}

const programs = {
  prometheus: { variable: 'PENSTOCK_PROMETHEUS', files: ['prometheus'], debianPackage: 'prometheus' },
  promtool: { variable: 'PENSTOCK_PROMTOOL', files: ['promtool'], debianPackage: 'prometheus' },
  alertmanager: {
    variable: 'PENSTOCK_ALERTMANAGER',
    files: ['alertmanager', 'prometheus-alertmanager'],
    debianPackage: 'prometheus-alertmanager',
  },
}

/** Throws one sentence that names what is missing and how to get it. */
export async function findBinaries(
  env: Readonly<Record<string, string | undefined>>,
  say: (text: string) => void = () => {},
): Promise<Binaries> {
  const { prometheus, alertmanager, promtool } = await findPrograms(programs, env, say)
  return { prometheus: prometheus.file, alertmanager: alertmanager.file, promtool: promtool.file }
}
