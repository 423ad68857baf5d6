/** The store of Consul's keys from the controller's flags. The token comes from a file or the environment, never from a Rollout, and is in no output. */
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Clock } from '../../runtime/clock.ts'
import type { HttpTransport } from '../../runtime/http.ts'
import type { Random } from '../../runtime/random.ts'
import type { Redactor } from '../../runtime/redact.ts'
import type { OutsideStore } from '../../traffic/outside.ts'
import { createConsulStore } from './store.ts'

export interface ConsulSettings {
  /** Absent: no Consul is driven. */
  readonly address: string | undefined
  readonly caFile: string | undefined
  readonly tokenFile: string | undefined
  /** From the environment; the file goes before it. */
  readonly token: string | undefined
  readonly prefix: string
}

export interface ConsulPorts {
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly random: Random
  readonly redactor: Redactor
}

const LONGEST_TOKEN_BYTES = 4_096

/** Undefined without an address. Throws when a file that is named cannot be read: a wrong flag is told at the start. */
export function openConsul(settings: ConsulSettings, { redactor, ...ports }: ConsulPorts): OutsideStore | undefined {
  const { address, caFile, tokenFile, token, prefix } = settings
  if (address === undefined) return undefined
  if (tokenFile !== undefined) readFileSync(tokenFile)
  async function readToken(): Promise<string | undefined> {
    const text = tokenFile === undefined ? token : await readStart(tokenFile)
    const trimmed = text?.trim() || undefined
    if (trimmed !== undefined) redactor.registerSecret(trimmed)
    return trimmed
  }
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  return createConsulStore({ ...ports, access: { address, prefix, readToken, ...ca } })
}

async function readStart(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_TOKEN_BYTES), 0, LONGEST_TOKEN_BYTES)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
