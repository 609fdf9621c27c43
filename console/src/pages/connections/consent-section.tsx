import { Skeleton, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { ButtonLink } from '../../parts/link.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { ConsentView } from '../consent/consent-view.tsx'
import { useLatestConsent } from '../consent/consents.ts'
import type { Connection } from './connection.ts'

/** The latest sign-in for a connection, proof by proof. */
export function ConsentSection({ connection }: { readonly connection: Connection }): ReactElement {
  const { consent: texts } = useTexts()
  const { consent, isLoading, error } = useLatestConsent(connection.name, connection.tenant)
  return (
    <Section
      title={texts.progress}
      actions={
        <ButtonLink
          size="xs"
          variant="default"
          to="/connections/$address/consent"
          params={{ address: connection.name }}
        >
          {texts.openWizard}
        </ButtonLink>
      }
    >
      {error !== null && <ProblemAlert error={error} />}
      {isLoading && <Skeleton height={60} />}
      {consent === undefined ? (
        !isLoading && <Text size="sm">{texts.noneYet}</Text>
      ) : (
        <ConsentView consent={consent} />
      )}
    </Section>
  )
}
