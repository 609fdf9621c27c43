import { Table, Text, Title } from '@mantine/core'
import type { ReactElement } from 'react'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { useLatestConsent } from '../consent/consents.ts'
import type { Connection } from './connection.ts'

/** What the connection is made of, and which APIs are behind it. */
export function DefinitionSection({
  connection,
}: {
  readonly connection: Connection
}): ReactElement {
  const { connection: texts } = useTexts()
  const upstreams = Object.entries(connection.upstreams)
  return (
    <Section title={texts.definition}>
      <Facts
        facts={[
          [texts.grant, texts.grants[connection.grant] ?? connection.grant],
          [
            texts.account,
            typeof connection.subject === 'string' ? (
              <Account key="account" connection={connection} subject={connection.subject} />
            ) : null,
          ],
          [texts.provider, connection.provider],
          [texts.tenant, connection.tenant],
          [texts.clientId, <Copied key="client" text={connection.client_id} />],
          [texts.target, connection.resource ?? connection.scope ?? null],
          [texts.host, connection.host ?? null],
          [
            texts.grantId,
            typeof connection.grant_id === 'string' ? (
              <Copied key="grant" text={connection.grant_id} />
            ) : null,
          ],
        ]}
      />
      {upstreams.length > 0 && (
        <>
          <Title order={3} size="sm" mt="lg" mb="xs">
            {texts.upstreams}
          </Title>
          <Table.ScrollContainer minWidth={280} type="native" tabIndex={0}>
            <Table aria-label={texts.upstreams} verticalSpacing={6}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{texts.upstream}</Table.Th>
                  <Table.Th scope="col">{texts.address}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {upstreams.map(([name, { url, resource, scope }]) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row">{name === '' ? texts.oneUpstream : name}</Table.Th>
                    <Table.Td className="break-anywhere">{url ?? resource ?? scope}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
      )}
    </Section>
  )
}

/** Whoever consented, as people call the account; its id where no sign-in told that. */
function Account({
  connection,
  subject,
}: {
  readonly connection: Connection
  readonly subject: string
}): ReactElement {
  const { nameOf } = useLatestConsent(connection.name, connection.tenant)
  return <span className="break-anywhere">{nameOf(subject) ?? subject}</span>
}

function Copied({ text }: { readonly text: string }): ReactElement {
  return (
    <>
      <Text span size="sm" ff="monospace">
        {text}
      </Text>{' '}
      <CopyButton text={text} />
    </>
  )
}
