import { IconLayoutDashboard, IconPlugConnected, type Icon } from '@tabler/icons-react'
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
]
