import { Checkbox, Stack, Text, Title } from '@mantine/core'
import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'
import { isPartner, type Connection } from '../connections/connection.ts'

/** Which account is to sign in, and whether it may be another one than before. */
export function AccountNeeded({
  connection,
  accountName,
  approves,
  onApprove,
}: {
  readonly connection: Connection
  readonly accountName: string | undefined
  readonly approves: boolean
  readonly onApprove: (approves: boolean) => void
}): ReactElement {
  const { consent: texts } = useTexts()
  const { subject } = connection
  return (
    <div>
      <Title order={2} size="sm" mb={4}>
        {texts.who}
      </Title>
      <Stack gap="xs">
        <Text size="sm">{isPartner(connection) ? texts.partnerWho : texts.anyWho}</Text>
        {typeof subject === 'string' && (
          <>
            <Text size="sm" className="break-anywhere">
              {texts.servesNow(accountName ?? subject)}
            </Text>
            <Checkbox
              checked={approves}
              onChange={({ currentTarget: { checked } }) => onApprove(checked)}
              label={texts.approve}
              description={texts.approveHint}
            />
          </>
        )}
      </Stack>
    </div>
  )
}
