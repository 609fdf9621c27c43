import { IconLock } from '@tabler/icons-react'
import type { ReactElement, ReactNode } from 'react'
import { useMay, type ConsoleSession } from '../app/session.ts'
import { useTexts } from '../texts/index.ts'
import { Empty } from './empty.tsx'

/** What only a role may see; whoever has less reads which one it takes, and nothing is asked. */
export function ForRole({
  role,
  children,
}: {
  readonly role: ConsoleSession['role']
  readonly children: ReactNode
}): ReactElement {
  const { common } = useTexts()
  if (useMay(role)) return <>{children}</>
  return <Empty icon={IconLock} title={common.notAllowed(role)} hint={common.notAllowedHint} />
}
