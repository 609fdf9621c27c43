import { Alert, Stack, Text } from '@mantine/core'
import { IconCircleCheck, IconCircleX, IconHelpCircle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { ExplainedAccess } from './explained-access.tsx'
import { ExplainedClaims } from './explained-claims.tsx'
import { ExplainedStages } from './explained-stages.tsx'
import type { Explained } from './explanation.ts'

/** What became of a token: the verdict, each stage, and what would have worked. */
export function ExplainedToken({ explained }: { readonly explained: Explained }): ReactElement {
  const { explain: texts } = useTexts()
  const { suggestion, remarks, lacking_in_userinfo: lacking, stages, claims } = explained
  const worth = [...remarks, ...(lacking.length === 0 ? [] : [texts.lacking(lacking.join(', '))])]
  return (
    <Stack gap="lg">
      <Verdict explained={explained} />
      {suggestion !== null && (
        <Section
          title={texts.suggestion}
          hint={suggestion.because}
          actions={<CopyButton text={suggestion.yaml} label={texts.copyYaml} />}
        >
          <pre className="yaml" tabIndex={0}>
            {suggestion.yaml}
          </pre>
          <Text size="sm" c="dimmed" mt="xs">
            {suggestion.tried ? texts.tried : texts.notTried}
          </Text>
        </Section>
      )}
      <ExplainedStages stages={stages} />
      <ExplainedAccess explained={explained} />
      {claims.length > 0 && <ExplainedClaims claims={claims} />}
      {worth.length > 0 && (
        <Section title={texts.remarks}>
          <ul className="plain-list">
            {worth.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Section>
      )}
    </Stack>
  )
}

function Verdict({ explained }: { readonly explained: Explained }): ReactElement {
  const { explain: texts, refusals, common } = useTexts()
  const { accepted, verified, refusal } = explained
  if (accepted === null) {
    return (
      <Alert color="gray" variant="light" icon={<IconHelpCircle aria-hidden />} role="status">
        {texts.notJudged}
      </Alert>
    )
  }
  if (refusal === null) {
    return (
      <Alert
        color="pine"
        variant="light"
        role="status"
        icon={<IconCircleCheck aria-hidden />}
        title={texts.accepted}
      />
    )
  }
  return (
    <Alert
      color="red"
      variant="light"
      role="status"
      icon={<IconCircleX aria-hidden />}
      title={`${verified === true ? texts.holdsOnly : texts.refused}: ${
        refusals.stages[refusal.stage] ?? refusal.stage
      }`}
    >
      <dl className="compared">
        <dt>{refusals.expected}</dt>
        <dd>{refusal.expected}</dd>
        <dt>{refusals.seen}</dt>
        <dd>{refusal.seen}</dd>
        <dt>{common.whatToDo}</dt>
        <dd>{refusal.remedy}</dd>
      </dl>
      <Text size="xs" ff="monospace" mt="xs">
        {refusal.code}
      </Text>
    </Alert>
  )
}
