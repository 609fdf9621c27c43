import { hash } from 'node:crypto'
import { apiTitle, signInTargets } from '../consent/index.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import { applicationRows, html, Html, styleElement, styleSource } from './page.ts'

/** What the page tells its reader. */
export interface OnboardingOptions {
  readonly definition: ConnectionDefinition
  /** Who asks for the consent, for people. */
  readonly requester: string
}

/**
 * Reads what the provider sent from the address, takes it out of there, and shows it in place of
 * what is said where no script runs. Everything is put in as text. In a frame it shows nothing: a
 * policy within a page cannot forbid frames.
 */
const script = `(() => {
  const show = (id) => { document.getElementById(id).hidden = false }
  const fill = (id, text) => { document.getElementById(id).textContent = text }
  const sent = new URLSearchParams(location.search || location.hash.slice(1))
  history.replaceState(null, '', location.pathname)
  document.getElementById('plain').hidden = true
  if (top !== self) { show('framed'); return }
  const kept = new URLSearchParams()
  for (const name of ['code', 'error', 'error_description', 'state', 'iss']) {
    const value = sent.get(name)
    if (value !== null) kept.set(name, value)
  }
  if (!kept.has('code') && !kept.has('error')) { show('nothing'); return }
  for (const place of document.querySelectorAll('[data-answer]')) place.textContent = kept.toString()
  if (!kept.has('code')) {
    fill('refusal', kept.get('error') + ': ' + (kept.get('error_description') || ''))
    show('refused')
    return
  }
  const until = new Date(Date.now() + 600000)
  fill('until', until.toISOString().slice(11, 16) + ' UTC (' + until.toLocaleTimeString() + ' here)')
  show('code')
  const button = document.getElementById('copy')
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(kept.toString())
      fill('copied', 'Copied.')
    } catch {
      getSelection().selectAllChildren(document.querySelector('#code [data-answer]'))
      fill('copied', 'Selected: copy it now.')
    }
  })
})()`

/**
 * The page of a redirect URI that cannot reach Evergrant: one file for any host of static files,
 * without any other resource and without a network. It redeems nothing; it shows what the sign-in
 * led to, to be handed to the one who asked. Its policy stands in the page, since the host’s
 * headers are not ours.
 */
export function onboardingPage({ definition, requester }: OnboardingOptions): string {
  const { name, provider, clientId } = definition
  const source = `'sha256-${hash('sha256', script, 'base64')}'`
  const policy = `default-src 'none'; style-src ${styleSource}; script-src ${source}; connect-src 'none'; form-action 'none'; base-uri 'none'`
  const asked = signInTargets(definition).map((target) =>
    'scope' in target ? target.scope : apiTitle(target.resource),
  )
  const apis = [...new Set(asked)].join(', ')
  const warning = html`<p>
    <b>Give it to nobody else than ${requester}.</b> If somebody else sent you here, or you don’t
    know the connection below, close this window: the code then dies by itself.
  </p>`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Consent for ${name} · Evergrant</title>
        ${styleElement}
      </head>
      <body>
        <main>
          <p class="brand">Evergrant</p>
          <h1>Consent for “${name}”</h1>
          <div id="plain">
            <p>
              Copy the whole address from the address bar, and send it to
              <b>${requester}</b>, who asked for it, within ten minutes.
            </p>
            ${warning}
          </div>
          <div id="code" hidden>
            <p>
              You have given your consent. One step is left: give this to <b>${requester}</b>, who
              asked for it, by <b id="until"></b>. It lives for about ten minutes.
            </p>
            <pre data-answer></pre>
            <p><button type="button" id="copy">Copy</button></p>
            <p role="status" id="copied"></p>
            ${warning}
          </div>
          <div id="refused" hidden>
            <p role="alert">The sign-in ended without consent.</p>
            <p id="refusal"></p>
            <p>Tell ${requester}, who can say what to do by this:</p>
            <pre data-answer></pre>
          </div>
          <div id="nothing" hidden>
            <p>A sign-in leads here. There is nothing to do on this page before that.</p>
          </div>
          <div id="framed" hidden>
            <p role="alert">This page shows nothing inside another one. Close that one.</p>
          </div>
          <h2>What it is for</h2>
          <dl>
            <dt>Asked by</dt>
            <dd>${requester}</dd>
            <dt>Connection</dt>
            <dd>${name}</dd>
            ${applicationRows(provider.tenant, clientId)}
            <dt>For</dt>
            <dd>${apis}</dd>
          </dl>
        </main>
        ${new Html(`<script>${script}</script>`)}
      </body>
    </html> `
  return page.text
}
