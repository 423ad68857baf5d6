// Follows a route policy in Consul's KV store and applies it: the rules for requests as code, and as a piece of nginx configuration. Whatever is
// missing or not understood has its safe value: stable. An example to copy, without dependencies.
import { BlockList, isIPv6 } from 'node:net'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** Undefined unless it is a policy of version 1, whole enough to be obeyed. */
export function parsePolicy(text) {
  try {
    const policy = JSON.parse(text)
    const { version, weight, maxWeight, backends, additional, routes } = policy
    const weights = [weight, ...additional.map((one) => one.weight)]
    const areWeights = weights.every((one) => Number.isInteger(one) && one >= 0)
    const fits = weights.reduce((sum, one) => sum + one, 0) <= maxWeight
    const names = [backends.stable, backends.canary, ...additional.map((one) => one.backend)]
    const areNames = names.every((name) => typeof name === 'string' && name !== '')
    return version === 1 && areWeights && fits && areNames && Array.isArray(routes) ? policy : undefined
  } catch {
    return undefined
  }
}

/** Whether one of its windows is open. */
export function isOpen({ windows }, at) {
  return windows === undefined || windows.some((window) => isWithin(window, at))
}

function isWithin({ from, to, days = DAYS, timezone = 'UTC' }, at) {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type) => parts.find((one) => one.type === type).value
  const now = `${part('hour')}:${part('minute')}`
  const today = DAYS.indexOf(part('weekday').toLowerCase())
  const begins = (day) => days.includes(DAYS[(day + 7) % 7])
  if (from < to) return begins(today) && from <= now && now < to
  return (begins(today) && from <= now) || (begins(today - 1) && now < to)
}

/**
 * The backend for a request: `{headers, cookies, address, tags}`, names of headers in lower case. `bucket` is a number from 0 up to 1 (not included),
 * by chance or made of the user's id, so that the same user always gets the same answer.
 */
export function chooseBackend(policy, request, { stable, bucket, at = new Date() }) {
  if (policy === undefined) return stable
  const { backends, tags, routes, additional, weight, maxWeight } = policy
  const concerns = tags === undefined || tags.some((tag) => (request.tags ?? []).includes(tag))
  if (!concerns || !isOpen(policy, at)) return backends.stable
  for (const route of routes) if (route.match.some((match) => fits(match, request))) return backends[route.backend]
  let left = bucket * maxWeight
  for (const [backend, share] of [[backends.canary, weight], ...additional.map((one) => [one.backend, one.weight])]) {
    if (left < share) return backend
    left -= share
  }
  return backends.stable
}

/** All that is given has to fit; something that is given and not known here fits nothing. */
function fits({ headers = [], cookies = [], idRange, cidrs, ...unknown }, request) {
  return (
    Object.keys(unknown).length === 0 &&
    headers.every(({ name, value }) => isLike(request.headers?.[name.toLowerCase()], value)) &&
    cookies.every(({ name, value }) => isLike(request.cookies?.[name], value)) &&
    (idRange === undefined || isInRange(idRange, request)) &&
    (cidrs === undefined || isFrom(cidrs, request.address))
  )
}

function isLike(text, { exact, prefix, regex }) {
  if (text === undefined) return false
  if (exact !== undefined) return text === exact
  return prefix === undefined ? new RegExp(`^(?:${regex})$`).test(text) : text.startsWith(prefix)
}

function isInRange({ header, cookie, modulo, from, to }, { headers, cookies }) {
  const id = header === undefined ? cookies?.[cookie] : headers?.[header.toLowerCase()]
  if (!/^[0-9]{1,64}$/.test(id ?? '')) return false
  const rest = Number(BigInt(id) % BigInt(modulo))
  return from <= rest && rest <= to
}

function isFrom(cidrs, address) {
  if (address === undefined) return false
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network, prefix] = cidr.split('/')
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4')
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * For `http {}` of nginx: `$penstock_backend` names the upstream. Weights, and routes by one header with an exact value; every other route fits nothing
 * here, and a policy with tags holds for no request. Render it again every minute when the policy has windows.
 */
export function renderNginx(policy, { stable, at = new Date() }) {
  const holds = policy !== undefined && policy.tags === undefined && isOpen(policy, at)
  const {
    backends,
    weight = 0,
    maxWeight = 1,
    additional = [],
    routes = [],
  } = holds ? policy : { backends: { stable } }
  const shares = [{ backend: backends.canary, weight }, ...additional].filter((one) => one.weight > 0)
  const exact = routes.flatMap(({ backend, match }) => match.flatMap((one) => headerOf(one, backends[backend])))
  const headers = [...new Set(exact.map(({ name }) => name))]
  return [
    'split_clients "$request_id" $penstock_by_weight {',
    ...shares.map((one) => `  ${((100 * one.weight) / maxWeight).toFixed(2)}% ${quoted(one.backend)};`),
    `  * ${quoted(policy?.backends.stable ?? stable)};`,
    '}',
    // One map for each header, falling back to the one before it: each route leads to the canary, whichever is asked first.
    ...headers.flatMap((name, position) => [
      `map $http_${name.toLowerCase().replaceAll('-', '_')} $penstock_route_${position} {`,
      `  default $penstock_${position === 0 ? 'by_weight' : `route_${position - 1}`};`,
      ...exact.filter((one) => one.name === name).map((one) => `  ${exactly(one.value)} ${quoted(one.backend)};`),
      '}',
    ]),
    `map $request_id $penstock_backend { default $penstock_${headers.length === 0 ? 'by_weight' : `route_${headers.length - 1}`}; }`,
    '',
  ].join('\n')
}

/** Nothing that could end the quotes, or be a variable or a regular expression of nginx. */
function headerOf({ headers = [], ...others }, backend) {
  const [{ name, value } = {}, ...more] = headers
  const isPlain = more.length === 0 && Object.keys(others).length === 0
  const isSafe = /^[A-Za-z0-9-]+$/.test(name ?? '') && /^[A-Za-z0-9_.-]+$/.test(value?.exact ?? '')
  return isPlain && isSafe ? [{ name, value: value.exact, backend }] : []
}

/** A plain text would be compared without regard to case. */
const exactly = (value) => `"~^${value.replaceAll('.', '\\.')}$"`

function quoted(text) {
  if (!/^[A-Za-z0-9_.:[\]-]+$/.test(text)) throw new Error(`"${text}" is no name of an upstream`)
  return `"${text}"`
}

/** Calls `apply` with each policy, and with undefined while there is none. Ends with the signal. */
export async function followPolicy({ consul, key, token, apply, signal, waitSeconds = 60 }) {
  let index = 0
  while (!signal.aborted) {
    try {
      const url = `${consul}/v1/kv/${key}?wait=${waitSeconds}s${index > 0 ? `&index=${index}` : ''}`
      const answer = await fetch(url, { headers: token === undefined ? {} : { 'X-Consul-Token': token }, signal })
      if (answer.status !== 200 && answer.status !== 404) throw new Error(`Consul answers ${answer.status}`)
      const text = answer.status === 404 ? '' : Buffer.from((await answer.json())[0].Value ?? '', 'base64').toString()
      const next = Number(answer.headers.get('x-consul-index'))
      // An index that went back, after a restore for instance, is not to be waited for.
      index = next >= index ? next : 0
      await apply(parsePolicy(text))
    } catch {
      // What was applied last stays while Consul is away.
      index = 0
      await new Promise((resolve) => setTimeout(resolve, signal.aborted ? 0 : 1000 + Math.random() * 1000))
    }
  }
}
