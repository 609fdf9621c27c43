import type { Answer, SimulatedRequest } from './answer.ts'

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
} as const

/** What every page of a sign-in shows and carries on. */
export interface PageFrame {
  readonly request: SimulatedRequest
  /** Names how far the sign-in has come; none at its beginning. */
  readonly handle?: string
  /** What was wrong with the page before. */
  readonly complaint?: string
}

/** Asks who signs in. */
export function accountPage(frame: PageFrame, application: string, hint = ''): Answer {
  return stepPage(
    frame,
    'account',
    'Sign in',
    `<p>to continue to <strong>${escaped(application)}</strong></p>`,
    `<p><label for="username">Account</label>
<input id="username" name="username"${flaw(frame)} value="${escaped(hint)}" autocomplete="username" autofocus required></p>`,
    'Next',
  )
}

/** Asks for the password of an account. */
export function passwordPage(frame: PageFrame, name: string): Answer {
  return stepPage(
    frame,
    'password',
    'Enter password',
    `<p>${escaped(name)}</p>`,
    `<p><label for="password">Password</label>
<input id="password" name="password" type="password"${flaw(frame)} autocomplete="current-password" autofocus required></p>`,
    'Sign in',
  )
}

/** Asks for the code of the authenticator app. */
export function codePage(frame: PageFrame, name: string): Answer {
  return stepPage(
    frame,
    'code',
    'Enter code',
    `<p>${escaped(name)}</p>
<p id="code-hint">Enter the six digits your authenticator app shows.</p>`,
    `<p><label for="otc">Code</label>
<input id="otc" name="otc" inputmode="numeric" autocomplete="one-time-code"${flaw(frame, 'code-hint')} autofocus required></p>`,
    'Verify',
  )
}

/** Who asks for consent, and for what. */
export interface ConsentWish {
  readonly application: string
  readonly clientId: string
  readonly tenant: string
  readonly scopes: readonly string[]
  /** For everybody in the organization. */
  readonly isForAll: boolean
}

/** Asks to accept what an application wants. */
export function consentPage(frame: PageFrame, name: string, wish: ConsentWish): Answer {
  const scopes = wish.scopes.map((scope) => `<li><code>${escaped(scope)}</code></li>`)
  const forAll = `<p>If you accept, this app will have access for all users in <strong>${escaped(wish.tenant)}</strong>. Nobody else will be prompted.</p>`
  return stepPage(
    frame,
    'consent',
    'Permissions requested',
    `<p>${escaped(name)}</p>
<p><strong>${escaped(wish.application)}</strong> (<code>${escaped(wish.clientId)}</code>) would like to, in <strong>${escaped(wish.tenant)}</strong>:</p>
<ul>${scopes.join('')}</ul>
${wish.isForAll ? forAll : ''}`,
    '',
    'Accept',
  )
}

/** Says why nobody gets any further, with a way back to the application. */
export function refusalPage(frame: PageFrame, title: string, text: string): Answer {
  const { request, handle } = frame
  return page(
    200,
    title,
    `<form method="post" action="${escaped(request.url)}">
${hidden('handle', handle ?? '')}${hidden('step', 'refused')}
<p role="alert">${escaped(text)}</p>
<p>Request Id: <code>${escaped(request.requestId)}</code></p>
<p><button name="action" value="return">Return to the application without granting consent</button></p>
</form>`,
  )
}

/** The page for what must not be redirected anywhere. */
export function errorPage(message: string): Answer {
  return page(400, 'Sorry, but we’re having trouble signing you in', `<p>${escaped(message)}</p>`)
}

/** Hands the answer over by POST; by a click where scripts are off. */
export function formPostPage(redirectUri: string, fields: URLSearchParams): Answer {
  const inputs = [...fields].map(([name, value]) => hidden(name, value))
  const form = `<form method="post" action="${escaped(redirectUri)}">${inputs.join('')}<button>Continue</button></form>`
  return page(200, 'Working…', `${form}<script>document.forms[0].submit()</script>`)
}

/** One form that needs no script: its first button is what Enter presses. */
function stepPage(
  { request, handle, complaint }: PageFrame,
  step: string,
  title: string,
  intro: string,
  fields: string,
  next: string,
): Answer {
  return page(
    200,
    title,
    `<form method="post" action="${escaped(request.url)}">
${handle === undefined ? '' : hidden('handle', handle)}${hidden('step', step)}
${intro}
${complaint === undefined ? '' : `<p role="alert" id="complaint">${escaped(complaint)}</p>`}
${fields}
<p><button name="action" value="accept">${next}</button>
<button name="action" value="cancel" formnovalidate>Cancel</button></p>
</form>`,
  )
}

/** Leads from a field to what was wrong with it, besides what always describes it. */
function flaw({ complaint }: PageFrame, hint?: string): string {
  const ids = [
    ...(complaint === undefined ? [] : ['complaint']),
    ...(hint === undefined ? [] : [hint]),
  ]
  if (ids.length === 0) return ''
  return `${complaint === undefined ? '' : ' aria-invalid="true"'} aria-describedby="${ids.join(' ')}"`
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`
}

const style =
  'body{font:1rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#f2f2f2;margin:0}main{background:#fff;max-width:27.5rem;margin:10vh auto;padding:2.75rem;box-shadow:0 2px 6px #0003;overflow-wrap:anywhere}h1{font-size:1.5rem;margin:0 0 1rem}label{display:block}input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem}button{font:inherit;min-height:2.25rem;padding:.3rem 1.2rem}[role=alert]{color:#a4262c}@media(max-width:600px){main{margin:0;box-shadow:none}}'

function page(status: number, title: string, content: string): Answer {
  const body = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head>
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
