/** Keys. */
export const keys = {
  title: 'Keys',
  hint: 'They do nothing while something is typed.',
  search: 'To the search of the page',
  help: 'Shows these keys',
  goTo: (page: string): string => `To ${page}`,
  afterwards: 'then',
  use: 'Use these keys',
  key: 'Keys',
  does: 'What they do',
} as const
