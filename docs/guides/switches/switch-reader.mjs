// Reads the keys of a ConfigMap that is mounted as a folder, live. Whatever is missing or no text of its form has its safe value: stable.
// An example to copy, without dependencies; `addressIsIn` of your web framework or of node:net does the comparing of addresses.
import { readFileSync } from 'node:fs'
import { BlockList, isIPv6 } from 'node:net'

const SAFE = { canaryWeight: 0, allow: new BlockList(), degrade: true }

/** Calls are cheap: files are read again only when `maxAgeMs` has passed. A change of the volume replaces all of its files at once. */
export function openSwitch(folder, { maxWeight = 100, maxAgeMs = 1000, now = Date.now } = {}) {
  let current = SAFE
  let readAtMs = Number.NEGATIVE_INFINITY
  return () => {
    if (now() - readAtMs >= maxAgeMs) {
      readAtMs = now()
      current = {
        canaryWeight: readWeight(read(folder, 'canary-weight'), maxWeight),
        allow: readAddresses(read(folder, 'canary-addresses')),
        // Only a plain "false" switches the degradation off.
        degrade: read(folder, 'degrade') !== 'false',
      }
    }
    return current
  }
}

/** The same user always gets the same answer: `bucket` is a number from 0 to maxWeight - 1 made of the user's id. */
export const servesCanary = ({ canaryWeight, allow }, { bucket, address }) =>
  bucket < canaryWeight || (address !== undefined && allow.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))

function read(folder, key) {
  try {
    return readFileSync(`${folder}/${key}`, 'utf8')
  } catch {
    return undefined
  }
}

function readWeight(text, maxWeight) {
  const weight = /^(0|[1-9][0-9]*)$/.test(text ?? '') ? Number(text) : 0
  return weight <= maxWeight ? weight : 0
}

function readAddresses(text = '') {
  const list = new BlockList()
  try {
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const [address, prefix] = line.split('/')
      list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4')
    }
    return list
  } catch {
    return SAFE.allow
  }
}
