/**
 * The texts of messages: Handlebars templates, one a kind of notice, over a flat context of strings. Only `{{field}}`, `{{#if}}` and
 * `{{#unless}}` exist: no paths, helpers, partials or loops, so that a template reaches nothing else and always ends. Escaping belongs
 * to the channel and is applied to every value before it is placed.
 */
import Handlebars from 'handlebars'
import { parse } from 'yaml'
import { z } from 'zod'
import { type NoticeKind, noticeKinds } from '../api/notice.ts'
import type { MessageTemplates, NoticeEvent } from './notifier.ts'

/** Fields of a template; all are strings, '' when the notice has none. */
export const templateFields = [
  'namespace',
  'name',
  'kind',
  'revision',
  'podHash',
  'stepNumber',
  'stepCount',
  'weightPercent',
  'reason',
  'message',
  'at',
] as const
type TemplateField = (typeof templateFields)[number]

const title = '*{{namespace}}/{{name}}* revision {{revision}}'
const step = '{{#if stepNumber}} at step {{stepNumber}} of {{stepCount}}{{/if}}'
const weight = '{{#if weightPercent}} ({{weightPercent}} % of traffic){{/if}}'
export const defaultTemplates: Readonly<Record<NoticeKind, string>> = {
  UpdateStarted: `:arrow_forward: ${title}: update started. {{message}}`,
  StagePassed: `:white_check_mark: ${title}: step {{stepNumber}} of {{stepCount}} passed${weight}. {{message}}`,
  Paused: `:double_vertical_bar: ${title}: paused${step}${weight}. {{reason}}: {{message}}`,
  Aborted: `:rotating_light: ${title}: aborted${step}${weight}, traffic goes back to the stable version. {{reason}}: {{message}}`,
  Promoted: `:tada: ${title}: promoted, it is the stable version now. {{message}}`,
}

const template = z.string().min(1).max(4000)
export const templatesSchema = z.strictObject(
  Object.fromEntries(noticeKinds.map((kind) => [kind, template.optional()])) as Record<
    NoticeKind,
    z.ZodOptional<typeof template>
  >,
)

export type ParsedTemplates = { readonly templates: MessageTemplates } | { readonly error: string }

const isField = (text: string): text is TemplateField => templateFields.some((field) => field === text)

function findPathFault(node: hbs.AST.Node | undefined): string | undefined {
  const path = node as hbs.AST.PathExpression | undefined
  if (path?.type !== 'PathExpression') return 'only fields may stand in {{ }}'
  const [field] = path.parts
  if (path.depth > 0 || path.data || path.parts.length !== 1 || typeof field !== 'string') {
    return `{{${path.original}}} is not a field`
  }
  return isField(field) ? undefined : `{{${path.original}}} is not a field; there are ${templateFields.join(', ')}`
}

function findBlockFault(block: hbs.AST.BlockStatement): string | undefined {
  const helper = block.path.type === 'PathExpression' ? (block.path as hbs.AST.PathExpression).original : ''
  if (helper !== 'if' && helper !== 'unless') return `{{#${helper}}} is not known; there are {{#if}} and {{#unless}}`
  if (block.params.length !== 1) return `{{#${helper}}} takes one field`
  return (
    findPathFault(block.params[0]) ?? findFault(block.program) ?? (block.inverse ? findFault(block.inverse) : undefined)
  )
}

/** What a template uses that it may not; undefined when it is fine. */
function findFault(program: hbs.AST.Program | undefined): string | undefined {
  for (const statement of program?.body ?? []) {
    if (statement.type === 'ContentStatement' || statement.type === 'CommentStatement') continue
    if (statement.type === 'BlockStatement') {
      const fault = findBlockFault(statement as hbs.AST.BlockStatement)
      if (fault) return fault
    } else if (statement.type === 'MustacheStatement') {
      const mustache = statement as hbs.AST.MustacheStatement
      const fault = mustache.params.length > 0 ? 'fields take no parameters' : findPathFault(mustache.path)
      if (fault) return fault
    } else return `${statement.type} is not allowed`
  }
  return undefined
}

type Compiled = (context: Readonly<Record<TemplateField, string>>) => string

function compile(text: string): { readonly compiled: Compiled } | { readonly fault: string } {
  try {
    const program = Handlebars.parse(text)
    const fault = findFault(program)
    if (fault) return { fault }
    const compiled = Handlebars.create().compile<Readonly<Record<TemplateField, string>>>(program, {
      noEscape: true,
      knownHelpersOnly: true,
    })
    return { compiled: (context) => compiled(context) }
  } catch (error) {
    return { fault: `is not a template (${String((error as Error).message).split('\n')[0]})` }
  }
}

const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value))

function renderContext({ namespace, name, notice }: NoticeEvent): Readonly<Record<TemplateField, string>> {
  return {
    namespace,
    name,
    kind: notice.kind,
    revision: text(notice.revision),
    podHash: notice.podHash,
    stepNumber: notice.stepIndex === undefined ? '' : text(notice.stepIndex + 1),
    stepCount: text(notice.stepCount),
    weightPercent: text(notice.weightPercent),
    reason: notice.reason,
    message: notice.message,
    at: notice.at,
  }
}

/** Templates in which `texts` replace the defaults of their kinds; or one sentence on the first that is not usable. */
export function compileTemplates(texts: Readonly<Partial<Record<NoticeKind, string | undefined>>>): ParsedTemplates {
  const compiledByKind = new Map<NoticeKind, Compiled>()
  for (const kind of noticeKinds) {
    const result = compile(texts[kind] ?? defaultTemplates[kind])
    if ('fault' in result) return { error: `notification templates: ${kind}: ${result.fault}` }
    compiledByKind.set(kind, result.compiled)
  }
  const render: MessageTemplates['render'] = (event, escapeValue) => {
    const context = renderContext(event)
    const escaped = Object.fromEntries(templateFields.map((field) => [field, escapeValue(context[field])]))
    return (compiledByKind.get(event.notice.kind)?.(escaped as typeof context) ?? '').trim()
  }
  return { templates: { render } }
}

/** The templates in a YAML text of `<kind>: <template>`; an empty text gives the defaults. */
export function parseTemplates(yamlText: string): ParsedTemplates {
  let document: unknown
  try {
    document = parse(yamlText)
  } catch (error) {
    return { error: `notification templates: is not YAML (${String((error as Error).message).split('\n')[0]})` }
  }
  const result = templatesSchema.safeParse(document ?? {})
  if (result.success) return compileTemplates(result.data)
  const issue = result.error.issues[0]
  return {
    error: `notification templates: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'does not fit'}`,
  }
}
