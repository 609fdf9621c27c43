import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import type { AccountKey } from './account.ts'

/** The groups that an account is a direct member of. */
export function GroupsSection({ tenant, id }: AccountKey): ReactElement {
  const { account: texts } = useTexts()
  const list = useList('accounts.groups', { tenant, id, limit: 20 })
  return (
    <Section title={texts.groups} hint={texts.groupsHint}>
      <DataTable
        label={texts.groups}
        list={list}
        keyOf={(group) => group.id}
        isCounted={list.more !== undefined}
        columns={[
          {
            key: 'name',
            title: texts.group,
            isName: true,
            cell: ({ name }) =>
              name ?? (
                <Text span size="sm" c="dimmed" fw={400}>
                  {texts.unnamed}
                </Text>
              ),
          },
          {
            key: 'id',
            title: texts.groupId,
            cell: (group) => (
              <Text span size="xs" ff="monospace" className="break-anywhere">
                {group.id}
              </Text>
            ),
          },
        ]}
        empty={
          <Text size="sm" c="dimmed">
            {texts.noGroups}
          </Text>
        }
      />
    </Section>
  )
}
