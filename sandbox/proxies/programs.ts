/** Where the real proxies are: HAProxy and nginx, as Debian packages them. */
import { type FoundProgram, findPrograms, type Program } from '../debian-programs.ts'

export const proxyPrograms = {
  haproxy: {
    variable: 'PENSTOCK_HAPROXY',
    files: ['haproxy'],
    debianPackage: 'haproxy',
    libraryPackages: ['liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
  },
  nginx: { variable: 'PENSTOCK_NGINX', files: ['nginx'], debianPackage: 'nginx' },
} as const satisfies Readonly<Record<string, Program>>

export type ProxyName = keyof typeof proxyPrograms

/** Throws one sentence that names what is missing and how to get it. */
export const findProxies = (
  env: Readonly<Record<string, string | undefined>>,
  say?: (text: string) => void,
): Promise<Readonly<Record<ProxyName, FoundProgram>>> => findPrograms<ProxyName>(proxyPrograms, env, say)
