import { Alert, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { IconUserOff } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { Facts } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { AccountState } from './account-state.tsx'
import { AccountSwitch } from './account-switch.tsx'
import { keyOf, type Account } from './account.ts'
import { GroupsSection } from './groups-section.tsx'
import { LinkSection } from './link-section.tsx'
import { PropertiesSection } from './properties-section.tsx'

/** One account: what the directory says of it, and what is decided here. */
export function AccountPage(): ReactElement {
  const { tenant, kind, id } = useParams({ from: '/directory/$tenant/$kind/$id' })
  const { common } = useTexts()
  const key = { tenant, kind: kind === 'servicePrincipal' ? kind : 'user', id } as const
  const { data, error, refetch } = useCall('accounts.show', key, {
    everyMs: 30_000,
    keepsOld: false,
  })
  if (data === undefined) {
    return (
      <Page title={id}>
        {error === null ? (
          <Stack role="status" aria-label={common.loading}>
            <Skeleton height={90} />
            <Skeleton height={220} />
          </Stack>
        ) : (
          <ProblemAlert error={error} again={() => void refetch()} />
        )}
      </Page>
    )
  }
  return <Shown account={data} />
}

function Shown({ account }: { readonly account: Account }): ReactElement {
  const { account: texts, directory } = useTexts()
  const { name, disabled, imported, account_enabled: isEnabled } = account
  const key = keyOf(account)
  return (
    <Page
      title={name}
      hint={directory.oneKind[account.kind]}
      actions={<AccountSwitch account={account} />}
    >
      <div>
        <AccountState account={account} />
      </div>
      {disabled !== null && (
        <Alert
          color="yellow"
          className="warning-alert"
          variant="light"
          icon={<IconUserOff aria-hidden />}
          title={
            <>
              {texts.disabledBy(disabled.by)}, <Instant at={disabled.at} />
            </>
          }
        >
          <Text size="sm">{disabled.reason ?? texts.noReason}</Text>
          {!imported && <Text size="sm">{texts.notImported}</Text>}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="lg">
        <Stack gap="lg">
          <Section title={texts.about}>
            <Facts
              facts={[
                [
                  texts.inDirectory,
                  isEnabled === null
                    ? texts.notTold
                    : isEnabled
                      ? texts.enabledThere
                      : texts.disabledThere,
                ],
                [
                  texts.here,
                  disabled === null ? texts.enabledHere : directory.states['disabled_here'],
                ],
                [
                  texts.updated,
                  account.updated_at === null ? (
                    directory.notImported
                  ) : (
                    <Instant key="at" at={account.updated_at} />
                  ),
                ],
                [texts.objectId, account.id],
                [texts.tenant, account.tenant_id],
              ]}
            />
          </Section>
          <LinkSection account={account} />
        </Stack>
        <div>
          <GroupsSection {...key} />
        </div>
      </SimpleGrid>
      <PropertiesSection properties={account.properties} />
    </Page>
  )
}
