import { List, Stack, Text, Title } from '@mantine/core'
import { IconLogin2 } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { RedirectUri } from '../../parts/redirect-uri.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from '../connections/connection.ts'
import { AccountNeeded } from './account-needed.tsx'
import { isWebAddress } from './web-address.ts'

/** Whoever is here signs in: this tab is led to the provider and comes back. */
export function AutomaticTab({
  connection,
  redirectUri,
  accountName,
}: {
  readonly connection: Connection
  readonly redirectUri: string | undefined
  readonly accountName: string | undefined
}): ReactElement {
  const { consent: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const [approves, setApproves] = useState(false)
  const [fate, setFate] = useState<'leaving' | 'odd'>()
  const begin = useAction('consents.begin', { touches: ['links'] })
  const start = (): void =>
    begin.mutate(
      { address: connection.name, ...(approves ? { approve_account: true } : {}) },
      {
        onSuccess: ({ authorization_url: url }) => {
          const isWeb = isWebAddress(url)
          setFate(isWeb ? 'leaving' : 'odd')
          if (isWeb) location.assign(url)
        },
      },
    )
  return (
    <Stack gap="lg">
      <div>
        <Title order={2} size="sm" mb={4}>
          {texts.whatHappens}
        </Title>
        <List type="ordered" size="sm" spacing={4}>
          {texts.automaticSteps.map((step) => (
            <List.Item key={step}>{step}</List.Item>
          ))}
        </List>
      </div>
      <AccountNeeded
        connection={connection}
        accountName={accountName}
        approves={approves}
        onApprove={setApproves}
      />
      {redirectUri !== undefined && <RedirectUri uri={redirectUri} />}
      {begin.error !== null && <ProblemAlert error={begin.error} />}
      <div>
        <GatedButton
          obstacle={obstacle}
          leftSection={<IconLogin2 size={18} aria-hidden />}
          loading={begin.isPending || fate === 'leaving'}
          onClick={start}
        >
          {texts.signIn}
        </GatedButton>
        {fate !== undefined && (
          <Text size="sm" mt="xs" role={fate === 'odd' ? 'alert' : 'status'}>
            {fate === 'odd' ? texts.oddAddress : texts.leaving}
          </Text>
        )}
      </div>
    </Stack>
  )
}
