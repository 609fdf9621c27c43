import { hash } from 'node:crypto'
import type { EvergrantError } from '../kernel/index.ts'

const style =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;' +
  'color:#1b1b1b;background:#fff}h1{font-size:1.4rem}code{font-size:.9rem}'

/** Headers of a page that runs nothing, loads nothing, is kept nowhere and stands in no frame. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; ` +
    `form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
}

/** An authorization that can be answered nowhere else, told to the person at the browser. */
export function renderFacadePage(error: EvergrantError, traceId: string): string {
  const { detail, remedy, definition } = error
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(definition.title)}</title><style>${style}</style></head>
<body><main>
<h1>${escaped(definition.title)}</h1>
<p>${escaped(detail)}</p>
<p>${escaped(remedy)}</p>
<p>Nothing was handed out. Whoever looks after Evergrant finds what happened with
<code>evergrant traces show ${escaped(traceId)}</code>.</p>
</main></body>
</html>
`
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
