import { get } from 'node:https'
import { afterEach, expect, test } from 'vitest'
import { isEvergrantError } from '../kernel/index.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from './index.ts'
import { defaultTenant } from './options.ts'

const running: Simulator[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()))
})

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options)
  running.push(simulator)
  return simulator
}

test('a tenant id that is no GUID is refused, naming the field', async () => {
  const error: unknown = await startSimulator({ tenants: [{ id: 'contoso' }] }).catch(
    (thrown: unknown) => thrown,
  )
  expect(isEvergrantError(error) && error.detail).toContain('"tenants[0].id" must be a GUID')
})

test('a number of users out of range is refused', async () => {
  const tenants = [{ id: defaultTenant.id, users: -1 }]
  await expect(startSimulator({ tenants })).rejects.toThrow('"tenants[0].users"')
})

test('https answers with a certificate that a client trusts by itself', async () => {
  const { urls, certificate = '', tenant } = await start({ https: true })
  const url = `${urls.https}/${tenant}/v2.0/.well-known/openid-configuration`
  const body = await new Promise<string>((resolve, reject) => {
    get(url, { ca: certificate, agent: false }, (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
  expect(JSON.parse(body)).toMatchObject({ issuer: urls.issuer() })
})

test('closing ends a silent request at once, and closing twice is harmless', async () => {
  const simulator = await start()
  const fault = simulator.control.addFault({ effect: { kind: 'hang' } })
  const answer = fetch(`${simulator.urls.graph}/v1.0/users`).catch(() => 'dropped')
  await fault.happened()
  await simulator.close()
  await simulator.close()
  expect(await answer).toBe('dropped')
})

test('answers are dated by the simulator’s own clock', async () => {
  const simulator = await start()
  simulator.control.advanceClock(91 * 86_400_000)
  const answer = await fetch(`${simulator.urls.http}/nowhere`)
  const date = Date.parse(answer.headers.get('date') ?? '')
  expect(Math.abs(date - simulator.now())).toBeLessThan(5_000)
})
