import { findEntraRemedy, systemRandom } from '../kernel/index.ts'
import { createAdminConsentStates } from './admin-consent-state.ts'
import type { Composition } from './compose.ts'
import { html, pageHeaders, renderPage, type Html } from './page.ts'
import type { ServicePart } from './service.ts'

const path = '/consent/admin'
/** What Entra sends along; nothing of it is believed, and nothing of it stays in the address. */
const sent = ['admin_consent', 'tenant', 'scope', 'state', 'error', 'error_description', 'code']

/**
 * Where Entra leads whoever consented for a tenant, or to more permissions: a page that grants
 * nothing and redeems nothing. Anybody can come here with anything, also without a state; what they
 * bring only chooses the words. A state that was made here is noted once, as something that is
 * said.
 */
export function adminConsentPage({ vault, clock, engine, events }: Composition): ServicePart {
  const states = createAdminConsentStates(vault, clock, systemRandom)
  return (app) => {
    app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      const query = new URLSearchParams(request.url.split('?', 2)[1] ?? '')
      if (!sent.some((name) => query.has(name))) {
        return reply.headers(pageHeaders()).send(renderReturn(query))
      }
      // An error comes with `admin_consent=True` as well.
      const isRefused = query.has('error')
      const number = aadstsIn(query)
      const connection = states.spend(query.get('state') ?? '')
      if (connection !== undefined) {
        const [name = '', tenant = ''] = connection.split('@')
        const own = engine.names.includes(name)
          ? engine.connection(connection).definition.provider.tenant
          : tenant
        events.emit({
          type: 'consent.admin_returned',
          at: clock.now(),
          connection: name,
          tenant: own,
          outcome: isRefused ? 'refused' : 'granted',
          ...(number === undefined ? {} : { aadsts: number }),
        })
      }
      const seen = isRefused
        ? `refused${number === undefined ? '' : `&aadsts=${number}`}`
        : 'granted'
      return reply
        .code(303)
        .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
        .header('location', `${path}?seen=${seen}`)
        .send()
    })
  }
}

function aadstsIn(query: URLSearchParams): number | undefined {
  const text = /AADSTS(\d{4,9})/.exec(query.get('error_description') ?? '')?.[1]
  return text === undefined ? undefined : Number(text)
}

function renderReturn(query: URLSearchParams): string {
  const seen = query.get('seen')
  if (seen === 'granted')
    return renderPage({ title: 'Entra says that consent was granted', body: granted })
  if (seen !== 'refused') {
    return renderPage({ title: 'Nothing happens here by itself', body: strayed })
  }
  const number = /^\d{4,9}$/.exec(query.get('aadsts') ?? '')?.[0]
  const hint = number === undefined ? undefined : findEntraRemedy([Number(number)])
  const why =
    hint === undefined
      ? html`<p>Nothing was granted. Whoever sent you here can send you the address again.</p>`
      : html`<p>AADSTS${number}: ${hint.meaning}.</p>
          <p>${hint.remedy}</p>`
  return renderPage({ title: 'Entra says that consent was not granted', tone: 'bad', body: why })
}

const granted: Html = html`<p>
    That is not proven yet, and no token came of it: consent alone gives none.
  </p>
  <p>
    Tell whoever sent you here that you are done. They go on in Evergrant: a connection that had no
    sign-in yet needs one now, and one that serves shows the new permissions after its next renewal.
  </p>
  <p class="soft">Nothing has to be copied or sent back. You can close this window.</p>`

const strayed: Html = html`<p>
  Microsoft Entra leads here whoever has consented for an application. There is nothing to do on
  this page, and it grants nothing.
</p>`
