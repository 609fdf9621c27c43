import { Menu } from '@mantine/core'
import {
  IconBan,
  IconBuilding,
  IconChevronDown,
  IconFileExport,
  IconLink,
  IconLogin2,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { useNotices } from '../../parts/notices.tsx'
import { MenuAction } from '../../parts/menu-action.tsx'
import { ButtonLink } from '../../parts/link.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useTexts } from '../../texts/index.ts'
import { isConsented, isPartner, isTemplate, type Connection } from './connection.ts'
import { ExportDialog } from './export-dialog.tsx'
import { PauseDialog } from './pause-dialog.tsx'
import { PauseItem } from './pause-item.tsx'
import { RefreshButton } from './refresh-button.tsx'
import { RemoveDialog } from './remove-dialog.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'

/** What can be done with a connection; what cannot says why. */
export function ConnectionActions({
  connection,
}: {
  readonly connection: Connection
}): ReactElement {
  const { connection: texts, customers } = useTexts()
  const { name, defined_in: definedIn } = connection
  const [dialog, setDialog] = useState<'revoke' | 'remove' | 'export' | 'pause'>()
  const navigate = useNavigate()
  const { done, failed } = useNotices()
  const resume = useAction('connections.resume', { touches: ['grants'] })
  const operator = useObstacle('operator')
  const admin = useObstacle('admin')
  const owned = definedIn === 'file' ? texts.fileOwns : undefined
  const base = name.split('@')[0] ?? name
  const close = (): void => setDialog(undefined)
  const hasGrant = !isTemplate(connection)
  return (
    <>
      {hasGrant && isConsented(connection) && (
        <ButtonLink
          to="/connections/$address/consent"
          params={{ address: name }}
          {...(connection.state === 'valid' ? { variant: 'default' } : {})}
          leftSection={<IconLogin2 size={16} aria-hidden />}
        >
          {connection.subject ? texts.reconnect : texts.connect}
        </ButtonLink>
      )}
      {hasGrant && <RefreshButton address={name} size="sm" />}
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <GatedButton
            obstacle={undefined}
            variant="default"
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {texts.more}
          </GatedButton>
        </Menu.Target>
        <Menu.Dropdown>
          {hasGrant && isConsented(connection) && (
            <MenuAction
              icon={IconLink}
              label={texts.createLink}
              obstacle={operator}
              onClick={() =>
                void navigate({
                  to: '/connections/$address/consent',
                  params: { address: name },
                  search: { tab: 'link' },
                })
              }
            />
          )}
          {isPartner(connection) && (
            <MenuAction
              icon={IconBuilding}
              label={customers.open}
              obstacle={operator}
              onClick={() =>
                void navigate({ to: '/connections/$address/customers', params: { address: base } })
              }
            />
          )}
          <PauseItem
            connection={connection}
            onPause={() => setDialog('pause')}
            onResume={() =>
              resume.mutate(
                { name: base },
                { onSuccess: () => done(texts.resumed(base)), onError: failed },
              )
            }
          />
          <MenuAction
            icon={IconPencil}
            label={texts.edit}
            obstacle={admin ?? owned}
            onClick={() =>
              void navigate({ to: '/connections/$address/edit', params: { address: base } })
            }
          />
          <MenuAction
            icon={IconFileExport}
            label={texts.export}
            obstacle={undefined}
            onClick={() => setDialog('export')}
          />
          <Menu.Divider />
          {hasGrant && (
            <MenuAction
              icon={IconBan}
              label={texts.revoke}
              obstacle={operator}
              color="red"
              onClick={() => setDialog('revoke')}
            />
          )}
          <MenuAction
            icon={IconTrash}
            label={texts.remove}
            obstacle={admin ?? owned}
            color="red"
            onClick={() => setDialog('remove')}
          />
        </Menu.Dropdown>
      </Menu>
      <RevokeDialog address={name} isOpen={dialog === 'revoke'} onClose={close} />
      <RemoveDialog name={base} isOpen={dialog === 'remove'} onClose={close} />
      <PauseDialog name={base} isOpen={dialog === 'pause'} onClose={close} />
      <ExportDialog name={base} isOpen={dialog === 'export'} onClose={close} />
    </>
  )
}
