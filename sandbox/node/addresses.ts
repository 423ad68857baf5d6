/**
 * Hands out pod addresses, each to one pod at a time and none again soon after it was given back. With processes they are
 * loopback addresses of a block of this node's own, otherwise they only look like pod addresses.
 */
import type { Random } from '../../controller/runtime/random.ts'

export interface AddressPool {
  /** The address of `owner`; `wanted` is kept when it belongs to this pool's network and is free. */
  acquire(owner: string, wanted?: string): string
  release(owner: string): void
}

const HOSTS_PER_BLOCK = 254
const BLOCKS = 256

/** 127.x.*.*, with x chosen by chance so that two sandboxes on one machine rarely meet. */
export const loopbackPrefix = (random: Random): string => `127.${16 + Math.floor(random.next() * 224)}`

/** `prefix` is the first two octets. Starts at a random block. Throws when all addresses are taken. */
export function createAddressPool(prefix: string, random: Random): AddressPool {
  const addresses = new Map<string, string>()
  const taken = new Set<string>()
  const firstBlock = Math.floor(random.next() * BLOCKS)
  let next = 0

  const advance = (): string => {
    const block = (firstBlock + Math.floor(next / HOSTS_PER_BLOCK)) % BLOCKS
    const address = `${prefix}.${block}.${1 + (next % HOSTS_PER_BLOCK)}`
    next = (next + 1) % (HOSTS_PER_BLOCK * BLOCKS)
    return address
  }
  const findFree = (): string => {
    for (let tries = 0; tries < HOSTS_PER_BLOCK * BLOCKS; tries += 1) {
      const address = advance()
      if (!taken.has(address)) return address
    }
    throw new Error(`no pod address is free in ${prefix}.0.0/16`)
  }

  return {
    acquire(owner, wanted) {
      const known = addresses.get(owner)
      if (known !== undefined) return known
      const isKeepable = wanted?.startsWith(`${prefix}.`) === true && !taken.has(wanted)
      const address = isKeepable ? wanted : findFree()
      addresses.set(owner, address)
      taken.add(address)
      return address
    },
    release(owner) {
      const address = addresses.get(owner)
      if (address === undefined) return
      addresses.delete(owner)
      taken.delete(address)
    },
  }
}
