/** Numbers as Argo Rollouts writes them into a measurement's value: Go's shortest text that reads back as the same number. */

/** Never with an exponent (`%f`), as of Prometheus and Datadog. */
export function formatPlain(value: number): string {
  const special = formatSpecial(value)
  if (special !== undefined) return special
  const { sign, digits, point } = takeApart(value)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** With an exponent below 1e-4 and from 1e21 (`%v`), as of CloudWatch. */
export function formatShort(value: number): string {
  const { sign, digits, point } = takeApart(value)
  const exponent = point - 1
  if (formatSpecial(value) !== undefined || (exponent >= -4 && exponent < 21)) return formatPlain(value)
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`
}

function formatSpecial(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return value === 0 ? (Object.is(value, -0) ? '-0' : '0') : undefined
}

/** The value is 0.`digits` times ten to the power of `point`. */
function takeApart(value: number): { readonly sign: string; readonly digits: string; readonly point: number } {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  return { sign: value < 0 ? '-' : '', digits: mantissa.replace('.', ''), point: Number(exponent) + 1 }
}
