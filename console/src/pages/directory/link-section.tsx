import { Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactElement } from 'react'
import { Facts } from '../../parts/facts.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { keyOf, type Account } from './account.ts'
import { LinkDialog } from './link-dialog.tsx'
import { UnlinkButton } from './unlink-button.tsx'

/** Who owns an account, and what that allows. */
export function LinkSection({ account }: { readonly account: Account }): ReactElement {
  const { account: texts } = useTexts()
  const obstacle = useObstacle('admin')
  const [isOpen, { open, close }] = useDisclosure()
  const { person, name } = account
  return (
    <Section
      title={texts.person}
      hint={texts.personHint}
      actions={
        <>
          {person !== null && (
            <UnlinkButton person={person} accountName={name} {...keyOf(account)} />
          )}
          <GatedButton size="xs" variant="default" obstacle={obstacle} onClick={open}>
            {person === null ? texts.link : texts.linkAgain}
          </GatedButton>
        </>
      }
    >
      {person === null ? (
        <Text size="sm" c="dimmed">
          {texts.noPerson}
        </Text>
      ) : (
        <Facts
          facts={[
            [
              texts.personName,
              <PageLink key="to" to="/directory/people/$person" params={{ person: person.id }}>
                {person.name}
              </PageLink>,
            ],
            [texts.role, person.role === null ? texts.noRole : texts.roles[person.role]],
            [texts.connections, person.connections.join(', ') || texts.noConnections],
          ]}
        />
      )}
      {isOpen && <LinkDialog account={account} onClose={close} />}
    </Section>
  )
}
