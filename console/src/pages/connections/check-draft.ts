import type { Texts } from '../../texts/index.ts'
import type { ConnectionDraft } from './connection-draft.ts'

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const domain = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i
const scopes = /^[!#-[\]-~]+( [!#-[\]-~]+)*$/

/** What is wrong with a draft, by the path of its field; the service checks everything again. */
export function checkDraft(
  texts: Texts['connectionForm'],
  draft: ConnectionDraft,
): Readonly<Record<string, string>> {
  const { tenant, resource, scope, url, target } = draft
  const wrong = (isWrong: boolean, path: string, text: string): readonly (readonly string[])[] =>
    isWrong ? [[path, text]] : []
  return Object.fromEntries([
    ...wrong(!namePattern.test(draft.name), 'name', texts.nameWrong),
    ...wrong(draft.provider === '', 'provider', texts.providerMissing),
    ...wrong(!isTenant(tenant.trim()), 'tenant', texts.tenantWrong),
    ...wrong(!/^[!-~]+$/.test(draft.clientId.trim()), 'clientId', texts.clientIdMissing),
    ...wrong(
      draft.isPublic && draft.grant === 'client_credentials',
      'isPublic',
      texts.credentialsMissing,
    ),
    ...draft.credentials.flatMap(({ secret, slot }, i) =>
      wrong(
        !draft.isPublic && secret === '' && slot === undefined,
        `credentials.${i}.secret`,
        texts.secretMissing,
      ),
    ),
    ...wrong(
      target === 'resource' && !isResource(resource.trim()),
      'resource',
      texts.resourceWrong,
    ),
    ...wrong(target === 'scope' && !scopes.test(scope.trim()), 'scope', texts.scopeWrong),
    ...wrong(url.trim() !== '' && !isAddress(url.trim()), 'url', texts.upstreamWrong),
  ]) as Record<string, string>
}

function isTenant(text: string): boolean {
  return text === '' || text === '*' || guid.test(text) || domain.test(text)
}

function isResource(text: string): boolean {
  return guid.test(text) || /^[a-z][a-z0-9+.-]*:[^\s#"\\]+$/i.test(text)
}

/** Plain http is for this machine alone, which the service decides. */
function isAddress(text: string): boolean {
  return URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol)
}
