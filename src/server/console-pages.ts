import type { ConsoleLinkRecord } from '../access/index.ts'
import type { EvergrantError } from '../kernel/index.ts'
import type { SignInChoice } from './console-sign-in.ts'
import { html, renderPage, withCode, type Html } from './page.ts'

/** Where people choose how they sign in. */
export function renderSignIn(
  choices: readonly SignInChoice[],
  returnTo: string,
  redirectUri: string,
): string {
  const buttons = choices.map(
    ({ issuer, tenant }) =>
      html`<form method="post" action="/console/sign-in">
        <input type="hidden" name="issuer" value="${issuer}" />
        ${
          tenant === undefined
            ? undefined
            : html`<input type="hidden" name="tenant" value="${tenant}" />`
        }
        <input type="hidden" name="return_to" value="${returnTo}" />
        <button type="submit">
          Sign in with ${issuer}${tenant === undefined ? undefined : html` (${tenant})`}
        </button>
      </form>`,
  )
  return renderPage({
    title: 'Sign in to Evergrant',
    body: html`${choices.length === 0 ? noIssuer : buttons}
      <h2>With a link</h2>
      <p>
        Whoever can run commands where Evergrant runs makes a link that signs in once, and is good
        for 30 minutes:
      </p>
      <pre>evergrant console link</pre>
      ${
        choices.length === 0
          ? undefined
          : html`<p class="soft">
              The redirect URI that has to be registered at an issuer: <code>${redirectUri}</code>
            </p>`
      }`,
  })
}

const noIssuer: Html = html`<p>
  No issuer is set up for signing in yet: one under <code>issuers:</code> in the configuration needs
  a <code>client</code>.
</p>`

/** Leads on to the issuer: by the page, as browsers hold redirects after a form to its policy. */
export function renderLeaving(issuer: string, url: string): string {
  return renderPage({
    title: `Going to ${issuer}`,
    refresh: { seconds: 0, url },
    body: html`<p><a class="button" href="${url}">Go on to ${issuer}</a></p>
      <p class="soft">The sign-in has to be finished in this browser, within ten minutes.</p>`,
  })
}

/** What a link is for; opening it spends nothing, the button does. */
export function renderLink(
  { name, role, expiresAt, createdBy }: ConsoleLinkRecord,
  token: string,
): string {
  return renderPage({
    title: 'Sign in to Evergrant',
    body: html`<dl>
        <dt>As</dt>
        <dd>${name}</dd>
        <dt>Role</dt>
        <dd>${role}</dd>
        <dt>Made by</dt>
        <dd>${createdBy}</dd>
        <dt>Good until</dt>
        <dd>${new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC</dd>
      </dl>
      <form method="post" action="/console/sign-in/link/${token}">
        <button type="submit">Sign in</button>
      </form>
      <p class="soft">
        The link works once. Whoever has it can sign in: do not pass it on, and close this page if
        you did not ask for it.
      </p>`,
  })
}

/** Why nobody was signed in, and what to do. */
export function renderSignInError(
  { definition, detail, remedy, code }: EvergrantError,
  requestId: string,
): string {
  return renderPage({
    title: definition.title,
    tone: 'bad',
    body: html`<p>${sentence(detail)}</p>
      <p>${withCode(remedy)}</p>
      <p><a class="button" href="/console/sign-in">Back to the sign-in</a></p>
      <p class="soft"><code>${code}</code>, request <code>${requestId}</code></p>`,
  })
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}
