/**
 * Decides which addresses a tenant's URL may lead to: URLs come from tenants, requests carry the controller's place in the
 * network. It judges names and addresses; it resolves and sends nothing.
 *
 *   address                                              | allowed when
 *   link-local, cloud metadata                           | its CIDR or address is allow-listed (a host name is not enough)
 *   loopback, unspecified, multicast, `deny`             | its CIDR, or the host name of the URL, is allow-listed
 *   every other                                          | always
 */
import { BlockList, isIP } from 'node:net'

export interface OutboundPolicyOptions {
  /** From `--allow-outbound`: `10.0.0.0/8`, `127.0.0.1`, `prometheus.example`, `*.example`. */
  readonly allow: readonly string[]
  /** Further addresses or CIDRs to refuse, such as the API server's ClusterIP. */
  readonly deny?: readonly string[]
}

export interface OutboundPolicy {
  /** Why `address`, to which `host` resolves, must not be contacted; undefined when it may be. */
  judge(host: string, address: string): string | undefined
}

/** 168.63.129.16 is Azure's, 100.100.100.200 Alibaba's, 192.0.0.192 Oracle's metadata service, fd00:ec2::254 Amazon's. */
const METADATA = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
] as const
const LOCAL = ['127.0.0.0/8', '::1', '0.0.0.0/8', '::', '224.0.0.0/4', 'ff00::/8', '255.255.255.255'] as const
/** NAT64 prefix: the last 32 bits are an IPv4 address that a gateway would contact. */
const NAT64_PREFIX = '64:ff9b::'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** `entry` as address and prefix length, undefined when it is neither an address nor a CIDR. */
function parseCidr(entry: string): { readonly address: string; readonly prefix: number } | undefined {
  const [address = '', prefixText, ...rest] = entry.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  const longest = version === 6 ? 128 : 32
  if (prefixText === undefined) return { address, prefix: longest }
  const prefix = Number(prefixText)
  return /^\d+$/.test(prefixText) && prefix <= longest ? { address, prefix } : undefined
}

function createBlockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const cidr = parseCidr(entry)
    if (!cidr) throw new TypeError(`"${entry}" is neither an IP address nor a CIDR`)
    list.addSubnet(cidr.address, cidr.prefix, familyOf(cidr.address))
  }
  return list
}

const HOST_PATTERN = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/

function compileHosts(hosts: readonly string[]): (host: string) => boolean {
  for (const host of hosts) {
    if (!HOST_PATTERN.test(host)) throw new TypeError(`"${host}" is neither an IP address, a CIDR nor a host name`)
  }
  const exact = new Set(hosts.filter((host) => !host.startsWith('*.')))
  const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1))
  return (host) => exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix))
}

/** The IPv4 address inside a NAT64 one, in dotted form. */
function unwrapNat64(address: string): string | undefined {
  if (!address.toLowerCase().startsWith(NAT64_PREFIX)) return undefined
  const rest = address.slice(NAT64_PREFIX.length)
  if (isIP(rest) === 4) return rest
  const [high = '0', low = '0'] = rest.includes(':') ? rest.split(':') : ['0', rest]
  const bits = (Number.parseInt(high || '0', 16) << 16) | Number.parseInt(low || '0', 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}

/** Compiles the policy. Throws TypeError naming the entry that cannot be read. */
export function createOutboundPolicy(options: OutboundPolicyOptions): OutboundPolicy {
  const entries = options.allow.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== '')
  const allowedAddresses = createBlockList(entries.filter((entry) => parseCidr(entry)))
  const isAllowedHost = compileHosts(entries.filter((entry) => !parseCidr(entry)))
  const metadata = createBlockList(METADATA)
  const local = createBlockList(LOCAL)
  const denied = createBlockList(options.deny ?? [])

  return {
    judge(host, address) {
      const effective = unwrapNat64(address) ?? address
      const family = familyOf(effective)
      if (isIP(effective) === 0) return 'it is no IP address'
      if (allowedAddresses.check(effective, family)) return undefined
      if (metadata.check(effective, family)) return 'it is a link-local or cloud metadata address'
      if (isAllowedHost(host.toLowerCase())) return undefined
      if (local.check(effective, family)) return 'it is a loopback, unspecified or multicast address'
      if (denied.check(effective, family)) return 'it is refused by configuration'
      return undefined
    },
  }
}
