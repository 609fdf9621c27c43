import { readFile } from 'node:fs/promises'
import type { TokenCredential } from '@azure/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClient,
  EvergrantProblem,
  type Client,
  type ErrorCode,
} from '../../src/client/index.ts'
import { errorRegistry } from '../../src/kernel/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let client: Client
beforeAll(async () => {
  fixture = await startService()
  const key = await fixture.addCaller('ops', { role: 'admin', allowTokens: true })
  client = createClient({ url: fixture.url, key })
})
afterAll(() => fixture.close())

describe('evergrant/client at a running service', () => {
  it('shows connections and tells problems by their code', async () => {
    const page = await client.connections.list()
    expect(page.items.map(({ name }) => name)).toEqual(['contoso-graph'])
    const error = await client.connections
      .show({ address: 'nothing' })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(EvergrantProblem)
    expect(error).toMatchObject({ code: 'connection_unknown' })
  })

  it('lists page by page', async () => {
    for (const name of ['a', 'b', 'c']) await fixture.addCaller(name)
    const names: string[] = []
    for await (const caller of client.paged('callers.list', { limit: 2 })) names.push(caller.name)
    expect(names).toEqual(['a', 'b', 'c', 'ops'])
  })

  it('is a TokenCredential whose tokens Graph takes', async () => {
    const credential: Pick<TokenCredential, 'getToken'> = client.credential('contoso-graph')
    const issued = await credential.getToken('https://graph.microsoft.com/.default')
    const answer = await fetch(`${fixture.workspace.simulator.urls.graph}/v1.0/users?$top=3`, {
      headers: { authorization: `Bearer ${issued?.token ?? ''}` },
    })
    expect(answer.status).toBe(200)
    const wrong = client.credential('contoso-graph').getToken('https://vault.azure.net/.default')
    await expect(wrong).rejects.toBeInstanceOf(EvergrantProblem)
  })

  it('follows events as they happen', async () => {
    const ending = new AbortController()
    const events = client.events({ types: ['grant.refreshed'], signal: ending.signal })
    const first = events.next()
    await expect
      .poll(async () => {
        await client.connections.refresh({ address: 'contoso-graph' })
        return await Promise.race([first, Promise.resolve('none yet')])
      })
      .toMatchObject({ value: { type: 'grant.refreshed', connection: 'contoso-graph' } })
    ending.abort()
    await events.return(undefined)
  })
})

describe('the error codes', () => {
  it('are the same in registry, OpenAPI document and client', async () => {
    const path = new URL('../../docs/reference/openapi.json', import.meta.url)
    const document = JSON.parse(await readFile(path, 'utf8')) as {
      readonly components: { readonly schemas: { readonly ErrorCode: { readonly enum: string[] } } }
    }
    const known = document.components.schemas.ErrorCode.enum
    expect(known.toSorted()).toEqual(Object.keys(errorRegistry).toSorted())
    // The client’s type is made of that enum; the compiler holds it to the registry.
    const sameAsRegistry: readonly ErrorCode[] = Object.keys(
      errorRegistry,
    ) as (keyof typeof errorRegistry)[]
    expect(sameAsRegistry).toHaveLength(known.length)
  })
})
