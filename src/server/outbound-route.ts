import { BlockList, isIP } from 'node:net'
import { EvergrantError, Secret } from '../kernel/index.ts'

/** A proxy as it is spoken to. Holds its credentials in `Secret` alone. */
export interface ProxyAddress {
  readonly isTls: boolean
  /** Without brackets for IPv6. */
  readonly hostname: string
  readonly port: number
  /** Host and port for messages; never the credentials. */
  readonly name: string
  /** The value of `Proxy-Authorization`, when there are credentials. */
  readonly authorization?: Secret
}

/** Where a request goes; what `URL` and undici call it. */
export interface RouteTarget {
  /** `https:` or `http:`. */
  readonly protocol: string
  readonly hostname: string
  /** Empty for the scheme’s own port. */
  readonly port: string
}

/** Names the proxy a connection goes through; undefined: none, it is opened directly. */
export type Route = (target: RouteTarget) => ProxyAddress | undefined

/** Which proxy: of the environment, none at all, or this one. */
export type ProxyChoice =
  'env' | 'none' | { readonly url: string; readonly password?: Secret | undefined }

type Environment = Readonly<Record<string, string | undefined>>

/** What NO_PROXY is taken for where it is not set: a proxy’s loopback is another machine than ours. */
export const defaultNoProxy = 'localhost,127.0.0.0/8,::1'

/**
 * Decides for each target which proxy it goes through.
 *
 * With `env`, HTTPS_PROXY serves `https:` targets and HTTP_PROXY `http:` ones, neither the other; a
 * lower-case name wins over the upper-case one and an empty value means none. NO_PROXY is honoured
 * for `env` and for a proxy given by URL alike. Where it is not set, loopback alone goes directly;
 * where it is, its entries decide alone, so that an empty one sends loopback through the proxy too.
 * Read once; later changes of the environment are not followed.
 *
 * @throws EvergrantError `config_invalid`, naming the setting and never its value
 */
export function createRoute(choice: ProxyChoice, env: Environment): Route {
  if (choice === 'none') return () => undefined
  const isDirect = parseNoProxy(read(env, 'NO_PROXY') ?? defaultNoProxy)
  if (choice !== 'env') {
    const proxy = parseProxy(choice.url, '"network.proxy"', choice.password)
    return (target) => (isDirect(target) ? undefined : proxy)
  }
  const forHttps = fromEnvironment(env, 'HTTPS_PROXY')
  const forHttp = fromEnvironment(env, 'HTTP_PROXY')
  return (target) => {
    const proxy = target.protocol === 'https:' ? forHttps : forHttp
    return proxy === undefined || isDirect(target) ? undefined : proxy
  }
}

function read(env: Environment, name: string): string | undefined {
  return env[name.toLowerCase()] ?? env[name]
}

function fromEnvironment(env: Environment, name: string): ProxyAddress | undefined {
  const value = read(env, name)?.trim() ?? ''
  return value === '' ? undefined : parseProxy(value, `the environment’s ${name}`, undefined)
}

function parseProxy(text: string, place: string, password: Secret | undefined): ProxyAddress {
  const expected = `${place}: expected the URL of a proxy, such as "http://proxy.example:3128"`
  // `proxy.example:3128` is as common as the whole URL.
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  // The value may hold a password, so it is not shown.
  if (url === null) {
    const remedy =
      'Write scheme, host and port, special characters of user and password percent-encoded; `evergrant doctor` tells when it is right.'
    throw new EvergrantError('config_invalid', `${expected}, but saw no URL`, { remedy })
  }
  const { protocol, hostname, username } = url
  if (protocol !== 'http:' && protocol !== 'https:') {
    const remedy = 'Name a proxy that is spoken to by HTTP or HTTPS; it opens tunnels by CONNECT.'
    const seen = `but saw the scheme "${protocol.slice(0, 20)}"`
    throw new EvergrantError('config_invalid', `${expected}, ${seen}`, { remedy })
  }
  const isTls = protocol === 'https:'
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  const name = `${hostname}:${port}`
  const bare = { isTls, hostname: withoutBrackets(hostname), port, name }
  const secret = password?.reveal() ?? decode(url.password)
  if (username === '' && secret === '') return bare
  const pair = Buffer.from(`${decode(username)}:${secret}`).toString('base64')
  return { ...bare, authorization: new Secret(`Basic ${pair}`) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

type Rule = (hostname: string, port: number) => boolean

/**
 * Reads a NO_PROXY list and tells which targets it names. Entries are separated by commas or
 * blanks: `*`; a name, with or without a leading dot, which stands for itself and everything below
 * it; `*.name`, which stands for what is below alone; an address or a CIDR block. Each may end in
 * `:port` (IPv6 in brackets then). What cannot be read names nothing. Never throws.
 */
export function parseNoProxy(list: string): (target: RouteTarget) => boolean {
  const rules = list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map(parseEntry)
  return ({ protocol, hostname, port }) => {
    const name = withoutBrackets(hostname)
      .toLowerCase()
      .replace(/(?<=.)\.$/, '')
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    return rules.some((rule) => rule(name, number))
  }
}

function parseEntry(entry: string): Rule {
  const [, bracketed, bracketedPort, plain, plainPort] =
    /^(?:\[(.+)\](?::(\d+))?|([^:]+):(\d+))$/.exec(entry) ?? []
  const host = (bracketed ?? plain ?? entry).toLowerCase()
  const port = bracketedPort ?? plainPort
  const isHost = parseHost(host)
  return port === undefined ? isHost : (name, seen) => seen === Number(port) && isHost(name, seen)
}

function parseHost(host: string): Rule {
  if (host === '*') return () => true
  const [address = '', prefix] = host.split('/')
  const family = isIP(address)
  if (family !== 0) return inBlock(address, family, prefix)
  const name = host.replace(/^\*?\./, '').replace(/\.$/, '')
  if (name === '') return () => false
  const isBelow = (seen: string): boolean => isIP(seen) === 0 && seen.endsWith(`.${name}`)
  return host.startsWith('*') ? isBelow : (seen) => seen === name || isBelow(seen)
}

function inBlock(address: string, family: number, prefix: string | undefined): Rule {
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const block = new BlockList()
  const bits = Number(prefix ?? (family === 4 ? 32 : 128))
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return () => false
  block.addSubnet(address, bits, type)
  return (seen) => {
    const seenFamily = isIP(seen)
    return seenFamily !== 0 && block.check(seen, seenFamily === 4 ? 'ipv4' : 'ipv6')
  }
}
