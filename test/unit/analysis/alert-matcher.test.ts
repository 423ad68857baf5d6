/** Matchers of alerts, as Alertmanager reads them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAlertMatcher, renderAlertMatcher } from '../../../controller/metric-language/alert-matcher.ts'

describe('a matcher is read', () => {
  const rows: readonly (readonly [string, readonly [string, string, string], string])[] = [
    ['severity="page"', ['severity', '=', 'page'], 'severity="page"'],
    ['severity=page', ['severity', '=', 'page'], 'severity="page"'],
    ['  severity  !=  page  ', ['severity', '!=', 'page'], 'severity!="page"'],
    ['team=~"shop|pay"', ['team', '=~', 'shop|pay'], 'team=~"shop|pay"'],
    ['team!~shop.*', ['team', '!~', 'shop.*'], 'team!~"shop.*"'],
    ['a==b', ['a', '=', '=b'], 'a="=b"'],
    ['a=', ['a', '=', ''], 'a=""'],
    ['a=""', ['a', '=', ''], 'a=""'],
    ['job:rate_5m="x"', ['job:rate_5m', '=', 'x'], 'job:rate_5m="x"'],
    [String.raw`a="say \"no\""`, ['a', '=', 'say "no"'], String.raw`a="say \"no\""`],
    [String.raw`a="one\ntwo"`, ['a', '=', 'one\ntwo'], String.raw`a="one\ntwo"`],
    [String.raw`a="C:\\temp"`, ['a', '=', String.raw`C:\temp`], String.raw`a="C:\\temp"`],
    [String.raw`a=~"\d+"`, ['a', '=~', String.raw`\d+`], String.raw`a=~"\\d+"`],
    ['a="b c, {d}"', ['a', '=', 'b c, {d}'], 'a="b c, {d}"'],
    ['"team name"="shop"', ['team name', '=', 'shop'], '"team name"="shop"'],
    ['a="grün"', ['a', '=', 'grün'], 'a="grün"'],
  ]
  for (const [text, [name, operator, value], rendered] of rows)
    test(text, () => {
      const matcher = parseAlertMatcher(text)
      assert.deepEqual(matcher, { name, operator, value })
      assert.ok('name' in matcher)
      assert.equal(renderAlertMatcher(matcher), rendered)
      assert.deepEqual(parseAlertMatcher(rendered), matcher, 'what is written is read as the same')
    })
})

describe('a matcher is refused', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /is not a matcher such as/],
    ['severity', /is not a matcher/],
    ['="page"', /is not a matcher/],
    ['0day="x"', /is not a matcher/],
    ['a-b="x"', /is not a matcher/],
    ['{a="b"}', /is not a matcher/],
    ['a>5', /is not a matcher/],
    ['a="b', /double quote that is not escaped/],
    ['a=b"', /double quote that is not escaped/],
    ['a="b"c"', /double quote that is not escaped/],
    [String.raw`a="b\"`, /double quote that is not escaped/],
    ['a=~"("', /./],
    [`a="${'x'.repeat(1000)}"`, /longer than 1000/],
  ]
  for (const [text, message] of rows)
    test(text.slice(0, 40) || 'nothing', () => {
      const parsed = parseAlertMatcher(text)
      assert.ok('problem' in parsed, JSON.stringify(parsed))
      assert.match(parsed.problem, message)
    })
})
