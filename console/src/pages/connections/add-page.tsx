import { Skeleton } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useAction, useCall } from '../../app/calls.ts'
import { Empty } from '../../parts/empty.tsx'
import { useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { draftOf } from './connection-draft.ts'
import { ConnectionForm } from './connection-form.tsx'
import { PresetChoice } from './preset-choice.tsx'

/** A new connection, kept in the store. */
export function AddPage(): ReactElement {
  const { connectionForm: texts } = useTexts()
  const { preset = 'graph-import' } = useSearch({ from: '/connections-add' })
  const navigate = useNavigate({ from: '/connections-add' })
  const { done } = useNotices()
  const obstacle = useObstacle('admin')
  const providers = useCall('providers.list', { limit: 200 })
  const presets = useCall('presets.list', {})
  const save = useAction('connections.save', { touches: ['grants'] })
  const error = providers.error ?? presets.error
  const known = providers.data?.items
  const entry = presets.data?.items.find(({ name }) => name === preset)?.entry
  const isPlain = preset === 'plain'
  const base = isPlain ? { grant: 'client_credentials' } : entry
  const first = known?.[0]?.name ?? ''
  return (
    <Page title={texts.addTitle} hint={texts.addHint}>
      {error !== null && <ProblemAlert error={error} />}
      {obstacle !== undefined && (
        <Empty icon={IconPlugConnected} title={obstacle} hint={texts.addHint} />
      )}
      {obstacle === undefined && known?.length === 0 && (
        <Empty icon={IconPlugConnected} title={texts.noProviders} hint={texts.noProvidersHint} />
      )}
      {error === null && (known === undefined || presets.data === undefined) && (
        <Skeleton height={320} />
      )}
      {obstacle === undefined && first !== '' && known !== undefined && base !== undefined && (
        <>
          <PresetChoice
            presets={presets.data?.items ?? []}
            value={preset}
            onChange={(value) => {
              save.reset()
              void navigate({ search: { preset: value }, replace: true })
            }}
          />
          <ConnectionForm
            key={preset}
            draft={draftOf(isPlain ? '' : preset, { ...base, provider: first })}
            base={base}
            providers={known}
            isNew
            isFixed={!isPlain}
            error={save.error}
            isPending={save.isPending}
            onSave={(name, { definition, secrets }, { grant, tenant }) =>
              save.mutate(
                { name, definition: { ...definition }, secrets: { ...secrets } },
                {
                  onSuccess: () => {
                    // What was typed is not kept for another moment.
                    save.reset()
                    done(texts.saved(name))
                    void navigate({
                      to:
                        grant === 'authorization_code' && tenant.trim() !== '*'
                          ? '/connections/$address/consent'
                          : '/connections/$address',
                      params: { address: name },
                    })
                  },
                },
              )
            }
          />
        </>
      )}
    </Page>
  )
}
