import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Instant } from '../../parts/instant.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { ConsentLink } from './consents.ts'

const steps = ['created', 'opened', 'started', 'code_received', 'verifying', 'active'] as const

/** How far a link has come on its way to a refresh token that serves. */
export function LinkProgress({ link }: { readonly link: ConsentLink }): ReactElement {
  const { consent: texts } = useTexts()
  const place = steps.findIndex((step) => step === link.state)
  return (
    <div>
      <StateBadge state={link.state} label={texts.linkStates[link.state] ?? link.state} />{' '}
      <Text span size="xs" c="dimmed">
        <Instant at={link.state_changed_at} />
      </Text>
      {place >= 0 && (
        <span className="step-bar" role="img" aria-label={texts.step(place + 1, steps.length)}>
          {steps.map((step, index) => (
            <span key={step} data-done={index <= place || undefined} />
          ))}
        </span>
      )}
    </div>
  )
}
