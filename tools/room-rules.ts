import type { IConfiguration } from 'dependency-cruiser'
import { builtinOwners, packageOwners, rooms, type Room } from './rooms.ts'

/** A rule of dependency-cruiser that forbids some dependencies. */
type Rule = NonNullable<IConfiguration['forbidden']>[number]

const testFile = String.raw`\.test\.ts$`
/** Names of rooms and packages hold nothing that a regular expression would read otherwise. */
const oneOf = (names: readonly string[]): string => `(?:${names.join('|')})`
const inRooms = (names: readonly string[]): string => `^src/${oneOf(names)}/`

/**
 * Makes the dependency rules from the room table. Production code obeys all of them; tests beside
 * the code may open any room, but only through its door.
 */
export function roomRules(): readonly Rule[] {
  return [
    ...Object.entries(rooms).flatMap(([name, room]) => rulesOfRoom(name, room)),
    ...rulesOfEveryRoom,
    ...Object.entries(packageOwners).map(([name, owners]) => packageRule(name, owners)),
    ...Object.entries(builtinOwners).map(([name, owners]) => builtinRule(name, owners)),
  ]
}

function rulesOfRoom(name: string, room: Room): readonly Rule[] {
  const from = { path: `^src/${name}/`, pathNot: testFile }
  const ports = room.implementsPortsOf ?? []
  const rules: Rule[] = [
    {
      name: `${name}-imports-only-its-line`,
      comment: `tools/rooms.ts allows ${name}: ${[...room.imports, ...ports].join(', ') || 'nothing'}`,
      severity: 'error',
      from,
      to: { path: '^src/[^/]+/', pathNot: inRooms([name, ...room.imports, ...ports]) },
    },
  ]
  if (ports.length > 0) {
    rules.push({
      name: `${name}-implements-ports-by-type`,
      comment: `${name} implements these ports: it may only \`import type\` them`,
      severity: 'error',
      from,
      to: { path: inRooms(ports), dependencyTypesNot: ['type-only'] },
    })
  }
  if (room.isRuntimeNeutral === true) {
    rules.push({
      name: `${name}-is-runtime-neutral`,
      comment: `${name} also runs in browsers: no built-in modules`,
      severity: 'error',
      from,
      to: { dependencyTypes: ['core'] },
    })
  }
  return rules
}

const roomsWithPorts = Object.values(rooms).flatMap((room) => room.implementsPortsOf ?? [])
const implementers = Object.keys(rooms).filter((name) => rooms[name]?.implementsPortsOf)
const production = { path: '^src/', pathNot: testFile }

const rulesOfEveryRoom: readonly Rule[] = [
  {
    name: 'rooms-have-one-door',
    comment: 'another room is entered through its index.ts alone',
    severity: 'error',
    from: { path: '^src/([^/]+)/', pathNot: `${inRooms(implementers)}(?!.*${testFile})` },
    to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', String.raw`^src/[^/]+/index\.ts$`] },
  },
  {
    name: 'rooms-have-one-door-and-ports',
    comment: 'who implements the ports of a room may also read its ports.ts',
    severity: 'error',
    from: { path: `^src/(${implementers.join('|')})/`, pathNot: testFile },
    to: {
      path: '^src/[^/]+/',
      pathNot: [
        '^src/$1/',
        String.raw`^src/[^/]+/index\.ts$`,
        `${inRooms(roomsWithPorts)}${String.raw`ports\.ts$`}`,
      ],
    },
  },
  {
    name: 'package-doors-open-rooms',
    comment: 'a file directly below src/ only re-exports from the doors of rooms',
    severity: 'error',
    from: { path: '^src/[^/]+$' },
    to: { path: '^src/[^/]+/', pathNot: String.raw`^src/[^/]+/index\.ts$` },
  },
  {
    name: 'rooms-never-import-package-doors',
    comment: 'a room that needs another one imports that room, not the package',
    severity: 'error',
    from: { path: '^src/[^/]+/' },
    to: { path: '^src/[^/]+$' },
  },
  {
    name: 'no-cycles',
    comment: 'two files that need each other are one file, or hide a third',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'production-never-imports-tests',
    comment: 'only src/ is published',
    severity: 'error',
    from: production,
    to: { path: ['^(?:test|tools|bench|bin|docs)/', testFile] },
  },
  {
    name: 'production-never-imports-dev-dependencies',
    comment: 'a published file finds only `dependencies`',
    severity: 'error',
    from: production,
    to: { dependencyTypes: ['npm-dev'] },
  },
  {
    name: 'packages-are-listed',
    comment: 'name the package and the rooms that may use it in tools/rooms.ts',
    severity: 'error',
    from: production,
    to: {
      dependencyTypes: ['npm', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      pathNot: packagePath(Object.keys(packageOwners)),
    },
  },
  {
    name: 'imports-resolve',
    comment: 'the file or package does not exist',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
]

function packageRule(name: string, owners: readonly string[]): Rule {
  return {
    name: `package-${name.replaceAll(/[^a-z0-9]+/g, '-')}`,
    comment: `only ${owners.join(', ')} may import ${name}`,
    severity: 'error',
    from: outside(owners),
    to: { path: packagePath([name]) },
  }
}

function builtinRule(name: string, owners: readonly string[]): Rule {
  return {
    name: `builtin-${name.replaceAll('_', '-')}`,
    comment: `only ${owners.join(', ') || 'nobody'} may import node:${name}`,
    severity: 'error',
    from: outside(owners),
    to: { dependencyTypes: ['core'], path: `^(?:node:)?${name}(?:/|$)` },
  }
}

function outside(owners: readonly string[]): { path: string; pathNot: string[] } {
  return { path: '^src/', pathNot: owners.length === 0 ? [testFile] : [testFile, inRooms(owners)] }
}

/** A package's files, its type package's, and its bare name when it is not installed. */
function packagePath(names: readonly string[]): string {
  const packages = oneOf(names)
  return `(?:^|/)node_modules/(?:@types/)?${packages}/|^${packages}(?:/|$)`
}
