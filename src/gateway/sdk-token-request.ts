import { err, ok, type Result } from '../kernel/index.ts'

/** Which of Azure’s token endpoints is spoken: that of App Service, or that of virtual machines. */
export type SdkForm = 'app_service' | 'imds'

/** A question for a token, as Azure’s SDKs put it. */
export interface SdkTokenRequest {
  /** As asked, for the answer to repeat. */
  readonly resource: string
  /** The application that is asked for, where one is named. */
  readonly clientId?: string
  /** SHA-256 (hex, lower case) of a token that an API refused; a newer one is wanted. */
  readonly refusedTokenSha256?: string
}

/** Why a question is refused, in the words of the endpoint that is spoken. */
export interface SdkRefusal {
  readonly error: string
  readonly description: string
}

const appServiceVersion = '2019-08-01'
const oldestImdsVersion = '2018-02-01'
const longestResource = 2_048

/**
 * Reads the query of a token question. Other selectors of an identity than `client_id`
 * (`principal_id`, `object_id`, `mi_res_id`, `msi_res_id`) name objects of Azure that no connection
 * knows of; they are accepted and choose nothing.
 */
export function readSdkTokenRequest(
  form: SdkForm,
  query: URLSearchParams,
): Result<SdkTokenRequest, SdkRefusal> {
  const version = query.get('api-version') ?? ''
  const versionProblem = form === 'imds' ? imdsVersion(version) : appServiceVersionProblem(version)
  if (versionProblem !== undefined) return refuse(versionProblem)
  const resources = query.getAll('resource')
  const [resource = ''] = resources
  if (resources.length > 1) return refuse('"resource": expected one, but saw several')
  if (resource === '' || resource.length > longestResource) {
    return refuse(
      '"resource": expected the API the token is for, such as https://graph.microsoft.com',
    )
  }
  const clientId = query.get('client_id') ?? query.get('clientid') ?? ''
  const hash = query.get('token_sha256_to_refresh') ?? ''
  return ok({
    resource,
    ...(clientId === '' ? {} : { clientId }),
    ...(/^[0-9a-f]{64}$/i.test(hash) ? { refusedTokenSha256: hash.toLowerCase() } : {}),
  })
}

function imdsVersion(version: string): string | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(version) && version >= oldestImdsVersion) return undefined
  return `"api-version": expected ${oldestImdsVersion} or later, but saw ${shown(version)}`
}

/** The form of 2017 speaks local date formats that SDKs read differently; it is not spoken here. */
function appServiceVersionProblem(version: string): string | undefined {
  if (version === appServiceVersion) return undefined
  return `"api-version": expected ${appServiceVersion}, but saw ${shown(version)}`
}

function refuse(description: string): Result<never, SdkRefusal> {
  return err({ error: 'invalid_request', description })
}

function shown(text: string): string {
  return text === '' ? 'none' : JSON.stringify(text.slice(0, 40))
}
