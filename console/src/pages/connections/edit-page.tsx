import { Alert, Button, Skeleton, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconLock } from '@tabler/icons-react'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useAction, useCall } from '../../app/calls.ts'
import { Empty } from '../../parts/empty.tsx'
import { useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert, troubleOf } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { draftOf, readsFromHost } from './connection-draft.ts'
import { ConnectionForm } from './connection-form.tsx'

/** The definition of a connection of the store, to be changed. */
export function EditPage(): ReactElement {
  const { address: name } = useParams({ from: '/connections/$address/edit' })
  const { connectionForm: texts } = useTexts()
  const navigate = useNavigate()
  const { done } = useNotices()
  const obstacle = useObstacle('admin')
  const providers = useCall('providers.list', { limit: 200 })
  const stored = useCall('connections.definition', { name }, { keepsOld: false, staysAsRead: true })
  const save = useAction('connections.save', { touches: ['grants'] })
  const error = stored.error ?? providers.error
  const isOvertaken = save.error !== null && troubleOf(save.error)?.code === 'connection_changed'
  const isHostOwned = stored.data !== undefined && readsFromHost(stored.data.definition)
  const isReady = obstacle === undefined && !isHostOwned && providers.data !== undefined
  return (
    <Page title={texts.editTitle(name)} hint={texts.editHint}>
      {error !== null && <ProblemAlert error={error} />}
      {error === null && stored.data === undefined && <Skeleton height={320} />}
      {obstacle !== undefined && <Empty icon={IconLock} title={obstacle} hint={texts.editHint} />}
      {isHostOwned && (
        <Empty icon={IconLock} title={texts.hostSecrets} hint={texts.hostSecretsHint(name)} />
      )}
      {isOvertaken && (
        <Alert
          role="alert"
          color="yellow"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title={texts.changed}
        >
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{texts.changedHint}</Text>
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                save.reset()
                void stored.refetch()
              }}
            >
              {texts.loadNow}
            </Button>
          </Stack>
        </Alert>
      )}
      {isReady && stored.data !== undefined && (
        <ConnectionForm
          key={stored.data.version}
          draft={draftOf(name, stored.data.definition)}
          base={stored.data.definition}
          providers={providers.data.items}
          isNew={false}
          error={isOvertaken ? null : save.error}
          isPending={save.isPending}
          onSave={(_name, { definition, secrets }) =>
            save.mutate(
              {
                name,
                definition: { ...definition },
                secrets: { ...secrets },
                ...(stored.data === undefined ? {} : { version: stored.data.version }),
              },
              {
                onSuccess: () => {
                  save.reset()
                  done(texts.saved(name))
                  void navigate({ to: '/connections/$address', params: { address: name } })
                },
              },
            )
          }
        />
      )}
    </Page>
  )
}
