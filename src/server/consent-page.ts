import {
  apiTitle,
  rungTitle,
  signInTargets,
  type ConsentFailure,
  type ConsentLink,
  type ConsentSession,
} from '../consent/index.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import {
  causeOf,
  errorRegistry,
  guidanceOf,
  type EvergrantError,
  type RemedyActor,
} from '../kernel/index.ts'
import { applicationRows, html, renderPage, type Html, type HtmlValue } from './page.ts'

/** A page, and the status it is sent with. */
export interface ConsentPage {
  readonly status: number
  readonly body: string
}

/** An instant that needs no time zone of the reader’s. */
const utc = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')

const close = html`<p>Nothing has to be sent back to anybody. You can close this window.</p>`

/** What somebody with a link is asked for; looking at it spends nothing. */
export function linkPage(
  { recipient, note, createdBy, expiresAt, connection, approvesAccount }: ConsentLink,
  definition: ConnectionDefinition,
  expected: string | undefined,
): ConsentPage {
  const { provider } = definition
  const isMicrosoft = provider.type === 'entra'
  const where = isMicrosoft ? 'Microsoft' : provider.host
  const body = html`<p>
      For ${recipient}: <b>${createdBy}</b> asks you to sign in at ${where} and to give an
      application your consent. Go on only if you know who that is, and expected it.
    </p>
    ${
      note === undefined
        ? undefined
        : html`<h2>Their message</h2>
            <pre>${note}</pre>`
    }
    <h2>What it is for</h2>
    ${about(connection, definition)}
    <h2>Which account you need</h2>
    ${accountWanted(definition, expected, approvesAccount)}
    <h2>What happens</h2>
    <ol>
      <li>The button leads you to ${provider.host}: sign in there, and accept.</li>
      <li>You come back here, and see whether the new grant works.</li>
      <li>Nothing has to be sent back to anybody.</li>
    </ol>
    <form method="post"><button>Go to the sign-in</button></form>
    <p class="soft">This page has spent nothing yet. It can be used until ${utc(expiresAt)}.</p>`
  return page(200, { title: `Your consent for “${connection}”`, body })
}

/** Leads on to the provider: forms may not be led to other hosts, a page may. */
export function departurePage(url: string, host: string): ConsentPage {
  const body = html`<p>You are being led to ${host}, to sign in and accept.</p>
    <p><a class="button" href="${url}" rel="noreferrer">Go on to ${host}</a></p>
    <p class="soft">Afterwards you come back here. Keep to this browser.</p>`
  return page(200, { title: 'On to the sign-in', body, refresh: { seconds: 0, url } })
}

/** A code for whoever asked, sealed: it opens nowhere but here. */
export function codePage(
  session: ConsentSession,
  definition: ConnectionDefinition,
  { sealed, until }: { readonly sealed: string; readonly until: number },
): ConsentPage {
  const { startedBy, connection } = session
  const body = html`<p>
      You have given your consent. One step is left: give this code to <b>${startedBy}</b>, who
      asked for it, by <b>${utc(until)}</b>. It lives for about ten minutes.
    </p>
    <pre>${sealed}</pre>
    <p>Select it with a click, and copy it whole.</p>
    <p>
      <b>Give it to nobody else.</b> If it was not ${startedBy} who sent you here, or you don’t know
      the connection below, close this window: the code then dies by itself.
    </p>
    ${about(connection, definition)}
    <p class="soft">
      The code is sealed: only the Evergrant at this address can open it, and for this sign-in
      alone.
    </p>`
  return page(200, { title: 'Hand this code on', body })
}

/**
 * How far a sign-in has come, for the browser that it belongs to.
 *
 * @param address Of the connection in the console.
 */
export function progressPage(session: ConsentSession, address: string): ConsentPage {
  const { state, connection, failure, linkId } = session
  const rungs = rungList(session)
  const console =
    linkId === undefined
      ? html`<p>
          <a href="/console/connections/${encodeURIComponent(address)}/consent"
            >Back to the console</a
          >
        </p>`
      : undefined
  switch (state) {
    case 'created': {
      const body = html`<p>Nobody has signed in for “${connection}” yet.</p>
        ${console}`
      return page(200, { title: 'The sign-in has not come back yet', body })
    }
    case 'code_received':
    case 'verifying': {
      const body = html`<p role="status">
          Consent was granted for “${connection}”. The new grant is being proven now; until it is,
          what served before serves on. This page shows how far it is by itself.
        </p>
        ${rungs}
        <p>Nothing has to be sent back to anybody.</p>`
      return page(200, { title: 'Consent was granted', body, refresh: { seconds: 2 } })
    }
    case 'active': {
      const count = session.rungs.filter(({ outcome }) => outcome === 'unverified').length
      const doubt =
        count === 0
          ? 'Every proof of it passed.'
          : `No proof of it failed; ${count} could not be shown either way.`
      const body = html`<p role="status">The new grant for “${connection}” serves. ${doubt}</p>
        ${rungs} ${close} ${console}`
      return page(200, { title: 'The new grant is active', body, tone: 'good' })
    }
    case 'failed': {
      const title = failure === undefined ? 'The sign-in failed' : titleOf(failure)
      const body = html`${failure === undefined ? undefined : why(failure, connection)} ${rungs}
        <p>What served before serves on.</p>
        ${again(linkId)} ${close} ${console}`
      return page(200, { title, body, tone: 'bad' })
    }
    default: {
      const words = state === 'expired' ? 'Its time ran out.' : 'It was given up.'
      const body = html`<p>${words} ${again(linkId)}</p>
        ${console}`
      return page(200, { title: 'This sign-in is over', body, tone: 'bad' })
    }
  }
}

/** Why something cannot go on, and what to do. */
export function refusalPage(error: EvergrantError, connection?: string): ConsentPage {
  const { code, detail, remedy, definition } = error
  const body = html`${why({ code, detail, remedy }, connection)} ${close}`
  return page(definition.status, { title: titleOf({ code, remedy }), body, tone: 'bad' })
}

/** For a browser that a sign-in does not belong to: no details. */
export function strangerPage(): ConsentPage {
  const body = html`<p>
    What became of a sign-in is shown in the browser where it was begun, and to operators in the
    console.
  </p>`
  return page(403, { title: 'This is shown in another browser', body })
}

function page(status: number, content: Parameters<typeof renderPage>[0]): ConsentPage {
  return { status, body: renderPage(content) }
}

function about(connection: string, definition: ConnectionDefinition): Html {
  const { provider, clientId } = definition
  const asked = signInTargets(definition).map((target) => {
    const text = 'scope' in target ? target.scope : `${target.resource}/.default`
    // Of one API by `.default`, whichever way the configuration says that.
    return /^\S+\/\.default$/.test(text)
      ? `${apiTitle(text.slice(0, -'/.default'.length))}: what the application is registered for`
      : text
  })
  const permissions = [...new Set(asked)].map((text) => html`<li>${text}</li>`)
  return html`<dl>
    <dt>Connection</dt>
    <dd>${connection}</dd>
    ${applicationRows(provider.tenant, clientId)}
    <dt>Permissions</dt>
    <dd>
      <ul>
        ${permissions}
      </ul>
      Where it asks for consent, the sign-in lists each of them.
    </dd>
  </dl>`
}

function accountWanted(
  definition: ConnectionDefinition,
  expected: string | undefined,
  approvesAccount: boolean,
): Html {
  const { provider } = definition
  const isPartner = signInTargets(definition).some(
    (target) => 'resource' in target && apiTitle(target.resource) === 'Partner Center',
  )
  const same =
    expected === undefined
      ? undefined
      : approvesAccount
        ? html`<li>
            It may be another account than the one that serves now (${expected}); it takes that
            one’s place.
          </li>`
        : html`<li>It has to be the account that serves now: ${expected}.</li>`
  if (provider.type !== 'entra') {
    return html`<ul>
      <li>An account at ${provider.host}.</li>
      ${same}
    </ul>`
  }
  return html`<ul>
    <li>An account that is at home in tenant ${provider.tenant}, not a guest there.</li>
    ${
      isPartner
        ? html`<li>
            It has the role Global Administrator and belongs to the group AdminAgents, as Partner
            Center wants.
          </li>`
        : undefined
    }
    <li>It is enrolled in multi-factor authentication, and uses it for this sign-in.</li>
    ${same}
  </ul>`
}

const outcomeWords = {
  waiting: 'to come',
  running: 'being tried …',
  passed: 'passed',
  failed: 'failed',
  unverified: 'could not be shown',
} as const

function rungList({ rungs }: ConsentSession): Html | undefined {
  if (rungs.length === 0) return undefined
  return html`<h2>Proofs</h2>
    <ul>
      ${rungs.map(({ name, outcome, detail, requestIds }) => {
        const tone = outcome === 'passed' ? 'good' : outcome === 'failed' ? 'bad' : 'plain'
        const ids = requestIds.length === 0 ? '' : ` (request ${requestIds.join(', ')})`
        const seen =
          detail === undefined ? undefined : html`<br /><span class="soft">${detail}${ids}</span>`
        return html`<li>
          ${rungTitle(name)}: <b class="${tone}">${outcomeWords[outcome]}</b>${seen}
        </li>`
      })}
    </ul>`
}

const actors: Readonly<Record<RemedyActor, string>> = {
  caller: 'You can do this yourself.',
  operator: 'Whoever runs Evergrant has to do this.',
  subject: 'Whoever signs in has to do this.',
  evergrant: 'This is a fault of Evergrant’s; whoever runs it has to look.',
  tenant_administrator: 'An administrator of the tenant has to do this.',
  customer_administrator: 'An administrator of the customer’s tenant has to do this.',
}

function why(
  { code, detail, remedy }: Pick<EvergrantError, 'code' | 'detail'> & { readonly remedy?: string },
  connection: string | undefined,
): Html {
  const { meaning, steps, actor } = guidanceOf({
    code,
    remedy: remedy ?? errorRegistry[code].remedy,
    name: connection,
  })
  return html`<p role="alert">${detail}</p>
    ${meaning === null ? undefined : html`<p>${meaning}</p>`}
    <h2>What to do</h2>
    <p>${actors[actor]}</p>
    <ol>
      ${steps.map((step) => html`<li>${withCode(step)}</li>`)}
    </ol>
    <p class="soft">Code: <code>${code}</code></p>`
}

/** What happened in a few words, the cause before the class. */
function titleOf({ code, remedy = '' }: Pick<ConsentFailure, 'code' | 'remedy'>): string {
  return causeOf(remedy) ?? errorRegistry[code].title
}

/** Commands and names stand between grave accents in the catalogue. */
function withCode(text: string): readonly HtmlValue[] {
  return text.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))
}

function again(linkId: string | undefined): Html {
  return linkId === undefined
    ? html`<p>Begin again from where you came.</p>`
    : html`<p>
        As long as your link lives you can begin again by opening it; otherwise ask whoever sent it
        for a new one.
      </p>`
}
