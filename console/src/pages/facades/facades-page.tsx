import { useDisclosure } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { ForRole } from '../../parts/for-role.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { Page } from '../../parts/page.tsx'
import { SecretOnce, type OnceTold } from '../../parts/secret-once.tsx'
import { useTexts } from '../../texts/index.ts'
import { AddFacade } from './add-facade.tsx'
import { FacadesTable } from './facades-table.tsx'

/** Every client of the façade. */
export function FacadesPage(): ReactElement {
  const { facades: texts } = useTexts()
  const obstacle = useObstacle('admin')
  const navigate = useNavigate()
  const [isAdding, { open, close }] = useDisclosure()
  const [told, setTold] = useState<OnceTold & { readonly clientId: string }>()
  return (
    <Page
      title={texts.title}
      hint={texts.hint}
      actions={
        <GatedButton
          obstacle={obstacle}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={open}
        >
          {texts.add}
        </GatedButton>
      }
    >
      <ForRole role="operator">
        <FacadesTable />
      </ForRole>
      {isAdding && (
        <AddFacade
          onClose={close}
          onAdded={({ client, client_secret: secret }) => {
            close()
            if (secret === null) {
              void navigate({ to: '/facades/$client', params: { client: client.client_id } })
              return
            }
            setTold({
              title: texts.secretTitle(client.name),
              label: texts.secretLabel,
              secret,
              clientId: client.client_id,
            })
          }}
        />
      )}
      <SecretOnce
        told={told}
        onClose={() => {
          setTold(undefined)
          if (told !== undefined) {
            void navigate({ to: '/facades/$client', params: { client: told.clientId } })
          }
        }}
      />
    </Page>
  )
}
