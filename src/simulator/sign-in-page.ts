import type { Answer, SimulatedRequest } from './answer.ts'

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
} as const

/** The sign-in page: name, second factor or not, accept or cancel. Needs no script. */
export function signInPage(
  request: SimulatedRequest,
  clientId: string,
  hint = '',
  complaint = '',
): Answer {
  const scope = request.query.get('scope') ?? ''
  return page(
    200,
    'Sign in',
    `<form method="post" action="${escaped(request.url)}">
<p>The application <code>${escaped(clientId)}</code> asks for <code>${escaped(scope)}</code>.</p>
${complaint === '' ? '' : `<p role="alert">${escaped(complaint)}</p>`}
<p><label>Account <input name="username" value="${escaped(hint)}" autocomplete="username" autofocus required></label></p>
<p><label><input type="checkbox" name="mfa" checked> with a second factor</label></p>
<p><button name="action" value="accept">Accept</button>
<button name="action" value="cancel" formnovalidate>Cancel</button></p>
</form>`,
  )
}

/** The page for what must not be redirected anywhere. */
export function errorPage(message: string): Answer {
  return page(400, 'Sorry, but we’re having trouble signing you in', `<p>${escaped(message)}</p>`)
}

/** Hands the answer over by POST; by a click where scripts are off. */
export function formPostPage(redirectUri: string, fields: URLSearchParams): Answer {
  const inputs = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  const form = `<form method="post" action="${escaped(redirectUri)}">${inputs.join('')}<button>Continue</button></form>`
  return page(200, 'Working…', `${form}<script>document.forms[0].submit()</script>`)
}

function page(status: number, title: string, content: string): Answer {
  const body = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title></head>
<body><main><h1>${escaped(title)}</h1>
${content}
<p><small>Evergrant simulator</small></p></main></body></html>`
  return { status, headers, body }
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
