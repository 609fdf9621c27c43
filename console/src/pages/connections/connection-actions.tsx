import { Menu, type MenuItemProps } from '@mantine/core'
import {
  IconBan,
  IconChevronDown,
  IconFileExport,
  IconPencil,
  IconTrash,
  type Icon,
} from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useTexts } from '../../texts/index.ts'
import { isTemplate, type Connection } from './connection.ts'
import { ExportDialog } from './export-dialog.tsx'
import { RefreshButton } from './refresh-button.tsx'
import { RemoveDialog } from './remove-dialog.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'

/** What can be done with a connection; what cannot says why. */
export function ConnectionActions({
  connection,
}: {
  readonly connection: Connection
}): ReactElement {
  const { connection: texts } = useTexts()
  const { name, defined_in: definedIn } = connection
  const [dialog, setDialog] = useState<'revoke' | 'remove' | 'export'>()
  const navigate = useNavigate()
  const operator = useObstacle('operator')
  const admin = useObstacle('admin')
  const owned = definedIn === 'file' ? texts.fileOwns : undefined
  const base = name.split('@')[0] ?? name
  const close = (): void => setDialog(undefined)
  const hasGrant = !isTemplate(connection)
  return (
    <>
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
          <Action
            icon={IconPencil}
            label={texts.edit}
            obstacle={admin ?? owned}
            onClick={() =>
              void navigate({ to: '/connections/$address/edit', params: { address: base } })
            }
          />
          <Action
            icon={IconFileExport}
            label={texts.export}
            obstacle={undefined}
            onClick={() => setDialog('export')}
          />
          <Menu.Divider />
          {hasGrant && (
            <Action
              icon={IconBan}
              label={texts.revoke}
              obstacle={operator}
              color="red"
              onClick={() => setDialog('revoke')}
            />
          )}
          <Action
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
      <ExportDialog name={base} isOpen={dialog === 'export'} onClose={close} />
    </>
  )
}

function Action({
  icon: Sign,
  label,
  obstacle,
  onClick,
  ...others
}: MenuItemProps & {
  readonly icon: Icon
  readonly label: string
  readonly obstacle: string | undefined
  readonly onClick: () => void
}): ReactElement {
  return (
    <Menu.Item
      {...others}
      leftSection={<Sign size={16} aria-hidden />}
      {...(obstacle === undefined
        ? { onClick }
        : { 'data-disabled': true, 'aria-disabled': true, closeMenuOnClick: false })}
    >
      {label}
      {obstacle !== undefined && <span className="menu-reason">{obstacle}</span>}
    </Menu.Item>
  )
}
