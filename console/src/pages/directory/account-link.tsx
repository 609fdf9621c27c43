import type { ReactElement, ReactNode } from 'react'
import { PageLink } from '../../parts/link.tsx'
import type { AccountKey } from './account.ts'

/** A link to the page of an account. */
export function AccountLink({
  tenant,
  kind,
  id,
  children,
}: AccountKey & { readonly children: ReactNode }): ReactElement {
  return (
    <PageLink to="/directory/$tenant/$kind/$id" params={{ tenant, kind, id }} fw={600}>
      {children}
    </PageLink>
  )
}
