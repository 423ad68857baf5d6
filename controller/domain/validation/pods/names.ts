/**
 * The syntax of names in Kubernetes: DNS labels and subdomains, label keys and values, ports, environment variables, keys of ConfigMaps.
 * Each finder gives the server's explanation, or undefined for a correct name. Lengths come first, so that no pattern sees long text.
 */

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`
const LABEL_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const LONGEST_LABEL = 63
const LONGEST_SUBDOMAIN = 253
const LONGEST_PORT_NAME = 15

const tooLong = (most: number): string => `must be no more than ${most} characters`

/** Undefined when the pattern fits the whole text; otherwise in the server's words, its two spaces included. */
function mismatch(value: string, pattern: string, what: string, examples: readonly string[]): string | undefined {
  if (new RegExp(`^(?:${pattern})$`).test(value)) return undefined
  return `${what} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${pattern}')`
}

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

export function findSubdomainProblem(value: string): string | undefined {
  if (value.length > LONGEST_SUBDOMAIN) return tooLong(LONGEST_SUBDOMAIN)
  return mismatch(value, DNS_SUBDOMAIN, SUBDOMAIN_RULE, ['example.com'])
}

export function findDnsLabelProblem(value: string): string | undefined {
  if (value.length > LONGEST_LABEL) return tooLong(LONGEST_LABEL)
  const problem = mismatch(value, DNS_LABEL, LABEL_RULE, ['my-name', '123-abc'])
  return problem !== undefined && findSubdomainProblem(value) === undefined ? 'must not contain dots' : problem
}

const LABEL_KEY_EXAMPLES = ['MyName', 'my.name', '123-abc']

/** The key of a label or annotation, a readiness gate, a resource: an optional DNS prefix, `/`, and a name. */
export function findLabelKeyProblem(value: string): string | undefined {
  const [first = '', second, ...rest] = value.split('/', 3)
  if (rest.length > 0) {
    const rule = mismatch('/', LABEL_NAME, `a valid label key ${NAME_RULE}`, LABEL_KEY_EXAMPLES) ?? ''
    return `${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
  }
  if (second === '') return 'name part must be non-empty'
  if (second !== undefined && first === '') return 'prefix part must be non-empty'
  const prefix = second === undefined ? undefined : findSubdomainProblem(first)
  if (prefix !== undefined) return `prefix part ${prefix}`
  const name = second ?? first
  if (name === '') return 'name part must be non-empty'
  if (name.length > LONGEST_LABEL) return `name part ${tooLong(LONGEST_LABEL)}`
  return mismatch(name, LABEL_NAME, `name part ${NAME_RULE}`, LABEL_KEY_EXAMPLES)
}

export function findLabelValueProblem(value: string): string | undefined {
  if (value.length > LONGEST_LABEL) return tooLong(LONGEST_LABEL)
  const what = `a valid label must be an empty string or consist of ${NAME_RULE.replace('must consist of ', '')}`
  return mismatch(value, `(${LABEL_NAME})?`, what, ['MyValue', 'my_value', '12345'])
}

export function findPortNameProblem(value: string): string | undefined {
  if (value.length > LONGEST_PORT_NAME) return tooLong(LONGEST_PORT_NAME)
  if (!/^[-a-z0-9]+$/.test(value)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'
  if (!/[a-z]/.test(value)) return 'must contain at least one letter (a-z)'
  if (value.includes('--')) return 'must not contain consecutive hyphens'
  return value.startsWith('-') || value.endsWith('-') ? 'must not begin or end with a hyphen' : undefined
}

/** The widest rule of the servers there are; older ones take fewer names and say so themselves. */
export const findEnvNameProblem = (value: string): string | undefined =>
  /^[\x20-\x3c\x3e-\x7e]+$/.test(value)
    ? undefined
    : "a valid environment variable name must consist only of printable ASCII characters other than '='"

export function findConfigKeyProblem(value: string): string | undefined {
  if (value.length > LONGEST_SUBDOMAIN) return tooLong(LONGEST_SUBDOMAIN)
  if (value === '.' || value === '..') return `must not be '${value}'`
  if (value.startsWith('..')) return "must not start with '..'"
  const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
  return mismatch(value, CONFIG_KEY, rule, ['key.name', 'KEY_NAME', 'key-name'])
}
