import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { html, pageHeaders, renderPage } from './page.ts'

it('escapes whatever is put into a page, in texts and attributes', () => {
  const planted = `<script>alert("1")</script>' onload='x`
  const page = renderPage({
    title: planted,
    body: html`<p title="${planted}">${[planted, html`<b>${planted}</b>`]}</p>`,
    refresh: { seconds: 1, url: `https://login.example/?a="&b=<` },
  })
  expect(page).not.toContain('<script')
  expect(page).not.toContain(`' onload`)
  expect(page).not.toContain('"1"')
  expect(page).toContain('<b>&#60;script&#62;')
  expect(page).toContain('url=https://login.example/?a=&#34;&#38;b=&#60;"')
})

it('allows the one style it has, and nothing else', () => {
  const style = /<style>(.*)<\/style>/s.exec(renderPage({ title: 'x', body: html`` }))?.[1] ?? ''
  expect(style).not.toBe('')
  const policy = pageHeaders()['content-security-policy']
  expect(policy).toContain(`style-src 'sha256-${hash('sha256', style, 'base64')}'`)
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`form-action 'none'`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(pageHeaders(`'self'`)['content-security-policy']).toContain(`form-action 'self'`)
})
