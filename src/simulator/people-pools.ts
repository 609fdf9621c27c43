/** A text with its JSON spelling (UTF-8, without quotes) ready: a page holds thousands of them. */
export interface PoolText {
  readonly text: string
  readonly json: Uint8Array
}

/** A personal name; `ascii` is how it is spelt in a userPrincipalName. */
export interface PoolName extends PoolText {
  readonly ascii: string
}

function entry(text: string): PoolText {
  return { text, json: Buffer.from(JSON.stringify(text).slice(1, -1)) }
}

/** The same text with everything beyond ASCII as `\uXXXX`: legal JSON that careless readers break. */
function escapedEntry(text: string): PoolText {
  const json = JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return { text, json: Buffer.from(json) }
}

/** Reads `Name` (its own ASCII form) or `Näme=naeme`. */
function names(list: string): PoolName[] {
  return list
    .trim()
    .split(/\s+/)
    .map((item, position) => {
      const [text = '', ascii = text.toLowerCase()] = item.split('=')
      // Every seventh name beyond ASCII is sent in escapes.
      const made = position % 7 === 6 ? escapedEntry(text) : entry(text)
      return { ...made, ascii }
    })
}

/** Given names: mostly Latin, with accents and other scripts among them. */
export const givenNames: readonly PoolName[] = names(`
  Anna Ben Clara David Emma Felix Grace Henry Ivy Jack Karen Liam Mia Noah Olivia Paul Quinn Rosa
  Sam Tina Uma Victor Wendy Xavier Yara Zoe Adam Bella Carlos Diana Erik Fatima George Hannah Ivan
  Julia Kevin Laura Marco Nina Oscar Petra Ravi Sofia Thomas Ursula Vera Walter Aisha Boris Chloe
  Derek Elena Frank Gina Hugo Ines Jonas Katya Leon Marta Nils Otto Priya Rhys Sara Tariq Vik
  Zoë=zoe José=jose André=andre Łukasz=lukasz Søren=soren Jürgen=juergen Chloé=chloe Ömer=oemer
  Åsa=asa Ñusta=nusta Đorđe=dorde François=francois Anne-Marie=anne-marie D'Arcy=d'arcy
  Алексей=alexey Ольга=olga Νίκος=nikos 伟=wei 美咲=misaki 지훈=jihoon محمد=mohammed יעל=yael
  प्रिया=priya สมชาย=somchai Thị=thi İpek=ipek
`)

/** Surnames, likewise. */
export const surnames: readonly PoolName[] = names(`
  Smith Jones Taylor Brown Wilson Evans Walker Wright Hall Green Baker Adams Nelson Carter Mitchell
  Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers Morgan Cooper Reed Bailey Bell
  Kelly Ward Cox Diaz Wood Watson Brooks Bennett Gray James Reyes Cruz Hughes Price Myers Long
  Foster Sanders Ross Schmidt Schneider Fischer Weber Meyer Wagner Becker Hoffmann Rossi Ferrari
  Russo Silva Santos Costa Pereira Novak Kowalski Nowak Jansen Bakker Visser Larsen Hansen Virtanen
  Müller=mueller García=garcia Núñez=nunez O'Brien=o'brien O'Neill=o'neill Žižek=zizek
  Sørensen=sorensen Großmann=grossmann Çelik=celik Dvořák=dvorak Åkesson=akesson Lê=le
  Петров=petrov Иванова=ivanova Παπαδόπουλος=papadopoulos 王=wang 佐藤=sato 김=kim
  العلي=alali כהן=cohen शर्मा=sharma ณรงค์=narong Saint-Exupéry=saint-exupery van_Dijk=van_dijk
`)

/** Job titles; one needs escapes, one is long. */
export const jobTitles: readonly PoolText[] = [
  'Accountant',
  'Analyst',
  'Buyer',
  'Consultant',
  'Designer',
  'Developer',
  'Engineer',
  'Controller',
  'Nurse',
  'Teacher',
  'Head of "Special Projects"',
  'Manager',
  'Operator',
  'Technician',
  'Trainee',
  'Chargé d’affaires',
  'Référent·e qualité',
  '営業部長',
  'Senior Vice President, Global Strategic Partnerships & Business Development (EMEA)',
].map(entry)

/** Departments. */
export const departments: readonly PoolText[] = [
  'Finance',
  'Human Resources',
  'IT',
  'Legal',
  'Marketing',
  'Operations',
  'Procurement',
  'R&D',
  'Sales',
  'Support',
  'Forschung & Entwicklung',
  'Contabilità',
  'Öffentlichkeitsarbeit',
  'Отдел продаж',
].map(entry)

/** Offices; one holds a backslash, one a tab, one an escaped slash would be legal too. */
export const offices: readonly PoolText[] = [
  ...['Berlin', 'London', 'Madrid', 'New York', 'Oslo', 'Paris', 'Prague', 'Singapore'].map(entry),
  entry('HQ\\4\\211'),
  entry('Building 7\t2nd floor'),
  escapedEntry('Zürich'),
  entry('São Paulo'),
  entry('東京'),
  { text: 'Lab 3/B', json: Buffer.from('Lab 3\\/B') },
]

/** Places: city, state, country, usage location, language, telephone prefix. */
export const places = [
  ['Berlin', 'BE', 'Germany', 'DE', 'de-DE', '+49 30'],
  ['London', 'London', 'United Kingdom', 'GB', 'en-GB', '+44 20'],
  ['Madrid', 'MD', 'Spain', 'ES', 'es-ES', '+34 91'],
  ['New York', 'NY', 'United States', 'US', 'en-US', '+1 212'],
  ['Oslo', 'Oslo', 'Norway', 'NO', 'nb-NO', '+47 22'],
  ['Paris', 'IDF', 'France', 'FR', 'fr-FR', '+33 1'],
  ['Tokyo', 'Tokyo', 'Japan', 'JP', 'ja-JP', '+81 3'],
  ['Toronto', 'ON', 'Canada', 'CA', 'en-CA', '+1 416'],
] as const

/** Domains that guests come from. */
export const partnerDomains = ['fabrikam.example', 'northwind.example', 'tailspin.example'] as const

/** Companies that guests and some members name. */
export const companies: readonly PoolText[] = [
  'Contoso',
  'Fabrikam, Inc.',
  'Northwind "Traders"',
  'Tailspin Toys',
  'Müller & Söhne GmbH',
].map(entry)
