import {
  IconBell,
  IconClipboardList,
  IconDatabaseImport,
  IconKey,
  IconLayoutDashboard,
  IconPlugConnected,
  IconRoute,
  IconShieldCheck,
  IconTransform,
  IconUsers,
  type Icon,
} from '@tabler/icons-react'
import type { Texts } from '../texts/index.ts'

/** One entry of the navigation. */
export interface Place {
  readonly to: string
  readonly page: keyof Texts['shell']['pages']
  readonly icon: Icon
  /** The key that leads there after `g`. */
  readonly key: string
}

/** The navigation: groups of pages, in the order of an operator's day. */
export const navigation: readonly {
  readonly group?: keyof Texts['shell']['groups']
  readonly places: readonly Place[]
}[] = [
  { places: [{ to: '/', page: 'overview', icon: IconLayoutDashboard, key: 'o' }] },
  {
    group: 'keep',
    places: [{ to: '/connections', page: 'connections', icon: IconPlugConnected, key: 'c' }],
  },
  {
    group: 'use',
    places: [
      { to: '/imports', page: 'imports', icon: IconDatabaseImport, key: 'i' },
      { to: '/directory', page: 'directory', icon: IconUsers, key: 'd' },
      { to: '/issuers', page: 'issuers', icon: IconShieldCheck, key: 's' },
      { to: '/facades', page: 'facades', icon: IconTransform, key: 'f' },
      { to: '/callers', page: 'callers', icon: IconKey, key: 'k' },
    ],
  },
  {
    group: 'watch',
    places: [
      { to: '/alarms', page: 'alarms', icon: IconBell, key: 'a' },
      { to: '/traces', page: 'traces', icon: IconRoute, key: 't' },
      { to: '/audit', page: 'audit', icon: IconClipboardList, key: 'u' },
    ],
  },
]
