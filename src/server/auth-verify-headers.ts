import type { Caller } from '../access/index.ts'
import { bearerFactsOf } from './bearer-facts.ts'

/**
 * Who a caller is, as headers of an answer, a flat list. Every one of them always stands there,
 * empty where there is nothing to tell: a proxy that copies them then replaces whatever a client
 * has written under that name. Values are percent-encoded UTF-8 where they are not plain ASCII, in
 * lists also commas, so that nothing in a token can begin another header or another entry.
 */
export function identityHeaders(caller: Caller): readonly string[] {
  const { id, kind, role, name, account } = caller
  const facts = bearerFactsOf(caller)
  return Object.entries({
    'evergrant-caller': id,
    'evergrant-caller-kind': kind,
    'evergrant-user-name': plain(name),
    'evergrant-account': plain(account?.id ?? ''),
    'evergrant-tenant': plain(account?.tenantId ?? facts?.tenantId ?? ''),
    'evergrant-subject': plain(facts?.subject ?? ''),
    'evergrant-person': plain(facts?.person?.name ?? ''),
    'evergrant-role': role ?? '',
    'evergrant-roles': (facts?.roles ?? []).map(plain).join(','),
    'evergrant-scopes': (facts?.scopes ?? []).map(plain).join(','),
    'evergrant-issuer': plain(facts?.issuer ?? ''),
    'evergrant-client': plain(facts?.clientId ?? ''),
  }).flat()
}

/** Printable ASCII but "%" and ","; blanks within alone. */
function plain(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/^ +| +$|[^\x20-\x24\x26-\x2b\x2d-\x7e]+/g, (odd) => encodeURIComponent(odd))
}
