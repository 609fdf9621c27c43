import { Badge } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconLoader2,
  IconPlayerPause,
  IconX,
  type Icon,
} from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet' | 'paused'

const tones: Readonly<Record<string, Tone>> = {
  valid: 'good',
  active: 'good',
  passed: 'good',
  completed: 'good',
  complete: 'good',
  served: 'good',
  fresh: 'good',
  enabled: 'good',
  delivered: 'good',
  done: 'good',
  recovered: 'good',
  failing: 'bad',
  lapsed: 'bad',
  revoked: 'bad',
  failed: 'bad',
  critical: 'bad',
  refused: 'bad',
  incomplete: 'bad',
  upstream_refused: 'bad',
  unusable: 'bad',
  dead: 'bad',
  expired: 'warn',
  refresh_unknown: 'warn',
  interrupted: 'warn',
  unverified: 'warn',
  complete_with_drift: 'warn',
  aborted: 'warn',
  stale: 'warn',
  disabled: 'warn',
  warning: 'warn',
  running: 'busy',
  verifying: 'busy',
  code_received: 'busy',
  signed_in: 'busy',
  opened: 'busy',
  paused: 'paused',
}

const looks: Readonly<Record<Tone, { readonly color: string; readonly icon: Icon }>> = {
  good: { color: 'pine', icon: IconCheck },
  bad: { color: 'red', icon: IconX },
  warn: { color: 'yellow', icon: IconAlertTriangle },
  busy: { color: 'blue', icon: IconLoader2 },
  quiet: { color: 'gray', icon: IconCircleDashed },
  paused: { color: 'gray', icon: IconPlayerPause },
}

/** A state as text, icon and colour; one of them is enough to tell. */
export function StateBadge({
  state,
  label,
}: {
  readonly state: string
  readonly label?: string
}): ReactElement {
  const { common } = useTexts()
  const { color, icon: Sign } = state === 'waiting' ? waiting : looks[tones[state] ?? 'quiet']
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      tt="none"
      fw={600}
      leftSection={<Sign size={13} aria-hidden />}
      classNames={{ root: 'state-badge' }}
      data-tone={color}
    >
      {label ?? common.states[state] ?? state}
    </Badge>
  )
}

const waiting = { color: 'gray', icon: IconClock }
