import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph, eventual, type GraphReply } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  const tenants = [{ id: '11111111-2222-4333-8444-555555555555', users: 50 }]
  simulator = await startSimulator({ tenants })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const batch = (requests: unknown, asked = simulator): Promise<GraphReply> =>
  callGraph(asked, '/$batch', { body: { requests } })
const item = (id: string, url = '/users?$top=2'): Record<string, unknown> => ({
  id,
  method: 'GET',
  url,
})
const repliesOf = ({ body }: GraphReply): Map<unknown, Record<string, unknown>> => {
  const replies = body['responses'] as readonly Record<string, unknown>[]
  return new Map(replies.map((reply) => [reply['id'], reply]))
}

test.each([
  [[], '1 to 20'],
  [Array.from({ length: 21 }, (_, i) => item(String(i))), '1 to 20'],
  [[item('a'), item('a')], "'a' is used twice"],
  [[{ id: 'a', method: 'GET' }], '"url"'],
  [[{ ...item('a'), dependsOn: ['b'] }, item('b')], "depends on 'b'"],
])('the batch %j is refused as a whole', async (requests, message) => {
  const answer = await batch(requests)
  expect(answer.status).toBe(400)
  expect(answer.body.error?.message).toContain(message)
})

test('each item is answered alone, in another order, with its own headers', async () => {
  const answer = await batch([
    item('page', 'users?$top=2&$select=id'),
    { ...item('count', '/users/$count'), headers: eventual },
    item('nobody', '/users/nobody@contoso.example'),
    { ...item('after', '/users?$top=1'), dependsOn: ['nobody'] },
    { ...item('post', '/directoryObjects/getByIds'), method: 'POST', body: { ids: [] } },
    { ...item('nested', '/$batch'), method: 'POST' },
  ])
  expect(answer.status).toBe(200)
  const replies = repliesOf(answer)
  expect([...replies.keys()][0]).toBe('nested')
  expect(replies.get('page')).toMatchObject({ status: 200, headers: { 'x-ms-resource-unit': '1' } })
  expect(replies.get('page')).toHaveProperty('body.value.length', 2)
  expect(replies.get('count')).toMatchObject({ status: 200, body: '50' })
  expect(replies.get('nobody')).toMatchObject({ status: 404 })
  expect(replies.get('after')).toMatchObject({ status: 424 })
  expect(replies.get('post')).toMatchObject({ status: 403 })
  expect(replies.get('nested')).toMatchObject({ status: 400 })
})

test('items are charged and throttled alone, and a dead token refuses the whole batch', async () => {
  await using throttled = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 50 }],
    throttle: { burstUnits: 4, unitsPerSecond: 1 },
  })
  const replies = repliesOf(
    await batch([item('a', '/users'), item('b', '/users'), item('c', '/users')], throttled),
  )
  expect(replies.get('b')).toMatchObject({ status: 200 })
  const { headers, status } = replies.get('c') as {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
  }
  expect(status).toBe(429)
  expect(Number(headers['Retry-After'])).toBeGreaterThan(0)
  const body = { requests: [item('a')] }
  expect((await callGraph(simulator, '/$batch', { body, bearer: 'nonsense' })).status).toBe(401)
})
