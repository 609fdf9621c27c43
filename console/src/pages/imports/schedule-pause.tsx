import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import type { ConfiguredImport } from './run.ts'

/** Keeps an import from being begun by its schedule, or lets it again. */
export function SchedulePause({
  configured: { name, paused },
}: {
  readonly configured: ConfiguredImport
}): ReactElement {
  const { imports: texts } = useTexts()
  const { done, failed } = useNotices()
  const pause = useAction('imports.pause')
  const unpause = useAction('imports.unpause')
  const action = paused ? unpause : pause
  const said = paused ? texts.unpaused(name) : texts.paused(name)
  return (
    <GatedButton
      size="xs"
      variant="default"
      obstacle={useObstacle('operator')}
      aria-label={paused ? texts.unpauseNamed(name) : texts.pauseNamed(name)}
      loading={action.isPending}
      onClick={() => action.mutate({ name }, { onSuccess: () => done(said), onError: failed })}
    >
      {paused ? texts.unpause : texts.pause}
    </GatedButton>
  )
}
