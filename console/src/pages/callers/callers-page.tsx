import { useDisclosure } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'
import { ForRole } from '../../parts/for-role.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { Page } from '../../parts/page.tsx'
import { SecretOnce, type OnceTold } from '../../parts/secret-once.tsx'
import { useTexts } from '../../texts/index.ts'
import { AddCaller } from './add-caller.tsx'
import { CallerTabs } from './caller-tabs.tsx'
import { CallersTable } from './callers-table.tsx'

/** Everybody who has a caller key. */
export function CallersPage(): ReactElement {
  const { callers: texts } = useTexts()
  const obstacle = useObstacle('admin')
  const [isAdding, { open, close }] = useDisclosure()
  const [told, setTold] = useState<OnceTold>()
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
      <CallerTabs />
      <ForRole role="operator">
        <CallersTable />
      </ForRole>
      {isAdding && (
        <AddCaller
          onClose={close}
          onAdded={({ caller, key }) => {
            close()
            setTold({ title: texts.keyTitle(caller.name), label: texts.keyLabel, secret: key })
          }}
        />
      )}
      <SecretOnce told={told} onClose={() => setTold(undefined)} />
    </Page>
  )
}
