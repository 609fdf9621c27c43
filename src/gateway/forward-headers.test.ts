import { expect, it } from 'vitest'
import { requestHeaders } from './forward-headers.ts'

it('passes no header that names another path than the one that was checked', () => {
  const raw = ['X-Rewrite-URL', '/admin', 'X-Original-URL', '/admin', 'X-HTTP-Method', 'MERGE']
  expect(requestHeaders(raw, undefined, new Set())).toEqual(['x-http-method', 'MERGE'])
})

it('passes nothing a caller says of where its call came from, however it is written', () => {
  const raw = ['Accept', 'a', 'X_Forwarded_For', '1.2.3.4', 'Forwarded', 'for=1.2.3.4']
  for (const name of ['For', 'Host', 'Proto', 'Port', 'Prefix', 'Server', 'Client-Cert']) {
    raw.push(`X-Forwarded-${name}`, 'a')
  }
  for (const name of ['X-Forwarded', 'Via', 'X-Real-IP', 'True-Client-IP', 'x_real_ip']) {
    raw.push(name, '1.2.3.4')
  }
  expect(requestHeaders(raw, undefined, new Set())).toEqual(['accept', 'a'])
})

it('passes neither what Connection names nor another spelling of what is set by us', () => {
  const raw = ['X-Hop', 'a', 'X_Api_Key', 'b', 'X-Api-Key', 'c', 'Content-Type', 'd', 'E_F', 'g']
  const kept = requestHeaders(raw, 'keep-alive, X-Hop, Content-Type', new Set(['x-api-key']))
  expect(kept).toEqual(['content-type', 'd', 'e_f', 'g'])
})
