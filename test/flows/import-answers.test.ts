import { afterEach, describe, expect, test } from 'vitest'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'
import {
  fileUsers,
  groundTruth,
  makeWorkspace,
  runImport,
  type ImportOutcome,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

const id = '0199a1c2-aaaa-7bbb-8ccc-ddddeeeeffff'
const page = (members: string): string => `{"@odata.context":"c",${members}}`
const linkTo = (link: string): string =>
  page(`"value":[],"@odata.nextLink":${JSON.stringify(link)}`)
/** Stands for the origin of the simulated Graph. */
const graph = 'GRAPH'

/** Imports 300 users from a tenant whose third page is this body every time. */
async function importMeeting(
  status: number,
  body: string,
): Promise<{ readonly first: ImportOutcome; readonly clock: SkippingClock }> {
  const clock = createSkippingClock()
  workspace = await makeWorkspace({ users: 500, clock })
  const { origin } = new URL(workspace.simulator.urls.graph)
  const effect = { kind: 'status', status, body: body.replaceAll(graph, origin) } as const
  workspace.simulator.control.addFault({ match: { kind: 'users', nth: 3, times: 1_000 }, effect })
  const first = await runImport(workspace, { clock, to: 'ndjson:out' })
  workspace.simulator.control.clearFaults()
  return { first, clock }
}

describe('an answer that is none ends in a named outcome, and the run goes on once Graph is itself', () => {
  test.each([
    ['a row without an id', 200, page('"value":[{"displayName":"A"}]'), 'graph_answer_invalid'],
    ['an id that is a number', 200, page('"value":[{"id":1}]'), 'graph_answer_invalid'],
    ['an id with NUL', 200, page('"value":[{"id":"a\\u0000b"}]'), 'graph_answer_invalid'],
    ['half a surrogate pair', 200, page('"value":[{"id":"\\ud800"}]'), 'graph_answer_invalid'],
    ['deep nesting', 200, page(`"value":[],"x":${'['.repeat(9_999)}`), 'graph_answer_invalid'],
    ['a negative count', 200, page('"@odata.count":-1,"value":[]'), 'graph_answer_invalid'],
    ['an absurd count', 200, page('"@odata.count":1e400,"value":[]'), 'graph_answer_invalid'],
    ['one object in place of a page', 200, `{"id":"${id}"}`, 'graph_answer_invalid'],
    ['a redirect', 302, '', 'graph_answer_invalid'],
    ['no content', 204, '', 'graph_request_rejected'],
    ['a teapot', 418, '\u0000\u001b[2J', 'graph_request_rejected'],
    ['a link with a user', 200, linkTo('http://me:you@127.0.0.1:1/x'), 'next_link_foreign'],
    ['a link to a file', 200, linkTo('file:///etc/passwd'), 'next_link_foreign'],
    ['a script for a link', 200, linkTo('javascript:alert(1)'), 'next_link_foreign'],
    ['a relative link', 200, linkTo('/v1.0/users?$skiptoken=x'), 'next_link_foreign'],
    ['an empty link', 200, linkTo(''), 'next_link_foreign'],
    [
      'a link of a megabyte',
      200,
      linkTo(`${graph}/v1.0/users?$skiptoken=${'x'.repeat(1_000_000)}`),
      'graph_answer_invalid',
    ],
  ])('%s', async (_what, status, body, code) => {
    const { first, clock } = await importMeeting(status, body)
    expect(first.run).toMatchObject({
      state: 'interrupted',
      verdict: 'incomplete',
      problem: { code },
    })
    expect(first.run.problem?.detail.length).toBeLessThan(2_000)
    const second = await runImport(workspace, { clock, to: 'ndjson:out' })
    expect(second.run).toMatchObject({ id: first.run.id, verdict: 'complete' })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
  })
})

test('a row of ten megabytes, and one that stands three times in a page in two cases, are kept once', async () => {
  const clock = createSkippingClock()
  workspace = await makeWorkspace({ users: 2, clock })
  const rows = [
    { id, displayName: 'x'.repeat(10_000_000) },
    { id: 'b', displayName: 'first' },
    { id: id.toUpperCase(), displayName: 'last' },
    { id: 'b', displayName: 'last' },
  ]
  const effect = { kind: 'status', status: 200, body: JSON.stringify({ value: rows }) } as const
  workspace.simulator.control.addFault({ match: { kind: 'users', times: 9 }, effect })
  const file = await runImport(workspace, { clock, to: 'ndjson:out', name: 'file' })
  expect(file.run.verdict).toBe('complete')
  expect([...(await fileUsers(workspace.path('out/users.ndjson'))).values()]).toEqual([
    JSON.stringify({ displayName: 'last', id: id.toUpperCase() }),
    JSON.stringify({ displayName: 'last', id: 'b' }),
  ])
  expect((await runImport(workspace, { clock })).run.verdict).toBe('complete')
})
