import { Button } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import type { TraceFilters } from './trace.ts'

const rare = ['caller', 'code', 'request', 'kind', 'replayed'] as const

/** Everything that the list can be asked by; it stands in the address. */
export function TraceFields({ filters }: { readonly filters: TraceFilters }): ReactElement {
  const { traces: texts, common } = useTexts()
  const navigate = useNavigate({ from: '/traces' })
  const set =
    (name: keyof TraceFilters) =>
    (value: string): void =>
      void navigate({ search: (now) => withText(now, name, value), replace: true })
  const text = (name: 'connection' | 'caller' | 'status' | 'code', hint: string): ReactElement => (
    <SearchField
      label={texts[name]}
      placeholder={hint}
      value={filters[name] ?? ''}
      onChange={set(name)}
    />
  )
  return (
    <search aria-label={common.filters}>
      <div className="filters">
        {text('connection', texts.connectionHint)}
        {text('status', texts.statusHint)}
        <ChoiceField
          label={texts.outcome}
          all={texts.allOutcomes}
          choices={texts.outcomes}
          value={filters.outcome ?? ''}
          onChange={set('outcome')}
        />
        <ChoiceField
          label={texts.time}
          all={texts.anyTime}
          choices={texts.times}
          value={filters.since ?? ''}
          onChange={set('since')}
        />
        {Object.keys(filters).length > 0 && (
          <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
            {texts.clear}
          </Button>
        )}
      </div>
      <details
        className="details more-filters"
        open={rare.some((one) => filters[one] !== undefined)}
      >
        <summary>{texts.more}</summary>
        <div className="filters">
          {text('caller', texts.callerHint)}
          {text('code', texts.codeHint)}
          <SearchField
            label={texts.request}
            value={filters.request ?? ''}
            onChange={set('request')}
          />
          <ChoiceField
            label={texts.kind}
            all={texts.allKinds}
            choices={texts.kinds}
            value={filters.kind ?? ''}
            onChange={set('kind')}
          />
          <ChoiceField
            label={texts.replayed}
            all={texts.anyReplay}
            choices={texts.replays}
            value={filters.replayed ?? ''}
            onChange={set('replayed')}
          />
        </div>
      </details>
    </search>
  )
}
