import { links } from './links.ts'
import type { NumberedRemedy } from './remedy.ts'
import { consentAgain, enterprise, proveIt, refreshIt, registration, startOver } from './words.ts'

/** AADSTS numbers about the application: its credentials, registration, tenant, resource and scope. */
export const entraClients: readonly NumberedRemedy[] = [
  {
    codes: [7000222],
    title: 'Every client secret that was presented has expired',
    meaning:
      'The application signed in with a client secret that Entra knows, but whose end has passed. Nobody’s account or policy is concerned; every connection with this client stops.',
    actor: 'operator',
    remedy:
      'Make a new client secret in the Entra admin center (App registrations → Certificates & secrets) and put its value where the connection reads it.',
    steps: [
      `${registration} → Certificates & secrets → Client secrets → New client secret, and copy its value while it is shown.`,
      'Put the value where the connection reads its secret; for a connection of the store use `evergrant connections edit NAME --secret`.',
      'Write the day it ends as `expiresAt` of the credential, so that an alarm comes before it.',
      refreshIt,
      'Delete the expired secret in the Entra admin center.',
    ],
    link: links.credentials,
    retry: 'never',
  },
  {
    codes: [7000215, 70002],
    title: 'The client secret is wrong',
    meaning:
      'The application signed in with a text that is no client secret of it: the “Secret ID” in place of the value, a secret of another application, or one made so recently that not all of Entra knows it.',
    actor: 'operator',
    remedy:
      'Put the secret’s value in place, not its “Secret ID”. A secret made within the last minute may need a moment to work.',
    steps: [
      'If the secret was made within the last minutes, wait a minute: Evergrant tries again by itself.',
      `${registration} → Certificates & secrets, and compare the first characters of the value and the application id with those of the connection (\`evergrant connections show NAME\`).`,
      'If the value is lost, make a new client secret and put its value where the connection reads it; for a connection of the store use `evergrant connections edit NAME --secret`.',
      refreshIt,
    ],
    link: links.credentials,
    retry: 'after_change',
  },
  {
    codes: [7000218, 900144, 90014, 9002313],
    title: 'A parameter of the token request is missing or malformed',
    meaning:
      'Entra could not read the request of the application; no sign-in and no policy was looked at. Either the connection lacks something, or the fault is Evergrant’s.',
    actor: 'operator',
    remedy: 'See that the connection has a client id, a credential and a resource or scope.',
    steps: [
      'Check the configuration with `evergrant config check`.',
      'See that the connection has `client.id`, at least one credential, and `resource` or `scope`.',
      'If all of that is there, report the message with its trace id as a fault of Evergrant.',
    ],
    link: links.errorCodes,
    retry: 'never',
  },
  {
    codes: [700025],
    title: 'The application is registered as a public client',
    meaning:
      'A credential was presented for an application that may have none, since its redirect URI or its settings make it a public client.',
    actor: 'operator',
    remedy:
      'Register the application as a confidential client (platform “Web”), without public client flows.',
    steps: [
      `${registration} → Authentication, and move the redirect URI to the platform Web.`,
      'Set “Allow public client flows” to No and save.',
      consentAgain,
    ],
    link: links.redirectUri,
    retry: 'never',
  },
  {
    codes: [700027, 7000274],
    title: 'The certificate is not registered with the application, or its key does not fit',
    meaning:
      'The application signed in with a certificate that Entra does not have for it, or whose private key is another one than that of the registered certificate.',
    actor: 'operator',
    remedy: 'Upload the public certificate to the app registration.',
    steps: [
      `${registration} → Certificates & secrets → Certificates, and compare the thumbprint with the one in the message.`,
      'Upload the public certificate (without its private key) if it is not there, or put the registered one with its key where the connection reads it.',
      'Wait a minute, then take a new token with `evergrant connections refresh NAME`.',
    ],
    link: links.certificates,
    retry: 'after_change',
  },
  {
    codes: [700024],
    title: 'The client assertion is outside its time range',
    meaning:
      'The signed proof of the application was too old or from the future when it reached Entra: a clock is wrong.',
    actor: 'operator',
    remedy: 'Set this machine’s clock.',
    steps: [
      'Compare this machine’s clock with a reliable one and set it; turn on its time service.',
      'If the assertion comes from outside (federation), set that machine’s clock as well.',
      refreshIt,
    ],
    link: links.certificates,
    retry: 'probe',
  },
  {
    codes: [1000502, 7000214, 7000277],
    title: 'The client certificate has expired or was revoked',
    meaning:
      'The application signed in with a certificate whose time is over, or that was taken back.',
    actor: 'operator',
    remedy: 'Make a new certificate, upload it to the app registration and put it in place here.',
    steps: [
      'Make a new key pair and certificate.',
      `${registration} → Certificates & secrets → Certificates → Upload certificate, and give the public part.`,
      'Put certificate and private key where the connection reads them, before the old ones.',
      refreshIt,
      'Delete the old certificate in the Entra admin center.',
    ],
    link: links.certificates,
    retry: 'never',
  },
  {
    codes: [50027],
    title: 'The client assertion is malformed',
    meaning: 'What the application presented as its signed proof is no JWT that Entra can read.',
    actor: 'operator',
    remedy: 'See that the assertion is a signed JWT whose `aud` is a single string.',
    steps: [
      'See what stands where the connection reads the assertion: a signed JWT, on one line, with a single string as `aud`.',
      'Correct whatever writes it there, then take a new token with `evergrant connections refresh NAME`.',
    ],
    link: links.certificates,
    retry: 'never',
  },
  {
    codes: [70021, 700211, 700212, 700213],
    title: 'No federated credential fits the assertion',
    meaning:
      'The workload’s token was read, but no federated credential of the application has its issuer, subject and audience.',
    actor: 'operator',
    remedy:
      'Make issuer, subject and audience of the federated credential equal to the assertion’s; a new one needs some minutes.',
    steps: [
      `${registration} → Certificates & secrets → Federated credentials.`,
      'Make issuer, subject and audience equal, letter for letter, to `iss`, `sub` and `aud` of the assertion, which the message names.',
      'Wait some minutes, then take a new token with `evergrant connections refresh NAME`.',
    ],
    link: links.federation,
    retry: 'after_change',
  },
  {
    codes: [700229],
    title: 'The federated assertion is a user’s token',
    meaning: 'Entra takes tokens of workloads alone for this, and the one presented is a person’s.',
    actor: 'operator',
    remedy: 'Have the outside identity provider issue a token of the workload itself.',
    steps: ['Have the outside identity provider issue a token of the workload itself.'],
    link: links.federation,
    retry: 'never',
  },
  {
    codes: [700016, 700011],
    title: 'The application is not known in this tenant',
    meaning:
      'The tenant that was asked has no application of this id: a wrong tenant or client id, or an application of another tenant that nobody has consented to there.',
    actor: 'tenant_administrator',
    remedy:
      'Check `client.id` and `tenant`. If both are right, an administrator of the tenant must consent to the application first.',
    steps: [
      'Compare `client.id` and `tenant` (`evergrant connections show NAME`) with “Application (client) ID” and “Directory (tenant) ID” of the app registration.',
      'If the application lives in another tenant, see that its “Supported account types” are those of any organizational directory.',
      'Have an administrator of the tenant that was asked consent to the application there.',
      proveIt,
    ],
    link: links.servicePrincipal,
    retry: 'probe',
  },
  {
    codes: [70001, 7000112],
    title: 'The application is disabled or may not do this',
    meaning:
      'The tenant knows the application, but an administrator, or Microsoft, has switched it off there.',
    actor: 'tenant_administrator',
    remedy: 'An administrator must enable the application (Enterprise applications → Properties).',
    steps: [
      `${enterprise} → Properties, and set “Enabled for users to sign-in?” to Yes.`,
      'If it was disabled by Microsoft, the page says so: open a support request.',
      proveIt,
    ],
    link: links.applicationProperties,
    retry: 'probe',
  },
  {
    codes: [90002, 50059, 50128],
    title: 'The tenant was not found',
    meaning: 'Entra has no tenant of that id or domain, at least not in the cloud that was asked.',
    actor: 'operator',
    remedy: 'Correct `tenant` of the provider, and its `cloud` if the tenant lives in another one.',
    steps: [
      'Look the tenant id up: Entra admin center → Overview → Tenant ID.',
      'Correct `tenant` of the provider or of the connection, and `cloud` if it is another one.',
      'See with `evergrant doctor` that the provider answers.',
    ],
    link: links.nationalClouds,
    retry: 'never',
  },
  {
    codes: [9001023, 50194, 90124],
    title: 'This needs the endpoint of one tenant',
    meaning:
      'The request went to an endpoint for many tenants, which this application may not use.',
    actor: 'operator',
    remedy: 'Set `tenant` to the tenant’s id or domain instead of `common` or `organizations`.',
    steps: [
      'Set `tenant` to the tenant’s id or domain instead of `common` or `organizations`.',
      'See with `evergrant doctor` that the provider answers.',
    ],
    link: links.errorCodes,
    retry: 'never',
  },
  {
    codes: [90038, 900382, 900432],
    title: 'The tenant lives in another cloud',
    meaning: 'The tenant exists, but in a national cloud with addresses of its own.',
    actor: 'operator',
    remedy: 'Set `cloud` of the provider to the tenant’s cloud.',
    steps: [
      'Set `cloud` of the provider to `global`, `usgov` or `china`, as the message says.',
      'See with `evergrant doctor` that the provider answers.',
    ],
    link: links.nationalClouds,
    retry: 'never',
  },
  {
    codes: [500011, 50001],
    title: 'The resource is not known in this tenant',
    meaning:
      'The tenant that was asked has no principal of the API that the token is wanted for: a misspelt resource, or an API nobody there has ever used.',
    actor: 'operator',
    remedy:
      'Correct `resource`; if it is right, the API’s own application must be added to the tenant.',
    steps: [
      'Compare `resource` or `scope` of the connection, letter for letter, with the API’s Application ID URI.',
      'If it is right, have an administrator of that tenant add the API’s own application (a service principal) there.',
      proveIt,
    ],
    link: links.servicePrincipal,
    retry: 'probe',
  },
  {
    codes: [650057],
    title: 'The application does not ask for permissions of this API',
    meaning:
      'The token is wanted for an API that is not among the permissions of the app registration.',
    actor: 'operator',
    remedy: 'Add a permission of this API to the app registration, then obtain consent again.',
    steps: [
      `${registration} → API permissions → Add a permission, and choose the API and the delegated permissions.`,
      'Choose “Grant admin consent” on that page, or have an administrator do so.',
      consentAgain,
    ],
    link: links.adminConsent,
    retry: 'probe',
  },
  {
    codes: [650052],
    title: 'The tenant has no licence for this API, or has not enabled it',
    meaning:
      'The application wants permissions of a service that the tenant which was asked has not subscribed to. At a customer’s address that is common for customers with smaller plans.',
    actor: 'tenant_administrator',
    remedy: 'Subscribe the tenant to the service or enable it, or leave its permissions out.',
    steps: [
      'See in the message which service it is, and at which tenant’s address it was asked.',
      'Have an administrator of that tenant enable the service, or take its permissions out of the app registration.',
      consentAgain,
    ],
    link: links.errorCodes,
    retry: 'probe',
  },
  {
    codes: [650051],
    title: 'The application is just being added to the tenant',
    meaning:
      'Entra is creating the principal of the application in the tenant, or has created it a moment ago.',
    actor: 'evergrant',
    remedy: 'Wait a minute, then try again.',
    steps: [
      'Wait a minute.',
      'Begin again with `evergrant consent NAME`, or see `evergrant connections test NAME`.',
    ],
    retry: 'probe',
  },
  {
    codes: [70011, 28002, 700022, 700023, 1002012, 901002],
    title: 'The scope or resource is not valid here',
    meaning:
      'The request names a scope that does not exist, scopes of several resources, or a parameter this endpoint does not take.',
    actor: 'operator',
    remedy: 'Ask for one resource with `/.default`, such as https://graph.microsoft.com/.default.',
    steps: [
      'Let the connection name one `resource`; give further APIs as `upstreams`, each with its own.',
      'For Azure Resource Manager use https://management.azure.com as `resource`.',
      'Check with `evergrant config check`; if the configuration is right, report the message as a fault of Evergrant.',
    ],
    link: links.scopes,
    retry: 'never',
  },
  {
    codes: [700084],
    title: 'A single-page-app refresh token is over after 24 hours',
    meaning:
      'The redirect URI is registered for single-page apps, whose refresh tokens live a day at most, whatever is done.',
    actor: 'operator',
    remedy: 'Register the redirect URI under the platform “Web”, then obtain consent again.',
    steps: [
      `${registration} → Authentication, and move the redirect URI from “Single-page application” to “Web”.`,
      consentAgain,
    ],
    link: links.redirectUri,
    retry: 'never',
  },
  {
    codes: [50011],
    title: 'The redirect URI is not registered with the application',
    meaning: 'Entra returns people to registered addresses alone, and this one is not among them.',
    actor: 'operator',
    remedy:
      'Add the redirect URI, exactly as it was shown, to the app registration under the platform “Web”.',
    steps: [
      `${registration} → Authentication → Add a platform → Web.`,
      'Enter the redirect URI exactly as `evergrant consent NAME` showed it, and save.',
      startOver,
    ],
    link: links.redirectUri,
    retry: 'never',
  },
  {
    codes: [700054, 501491, 9002325],
    title: 'The sign-in was asked for in a way that is not allowed',
    meaning:
      'The address of the sign-in lacks its code challenge or has a malformed one, or asks for a kind of answer that the application may not have. Nobody was signed in.',
    actor: 'operator',
    remedy: 'Open the address of the sign-in unchanged, as Evergrant shows it.',
    steps: [
      'Begin a new sign-in with `evergrant consent NAME`, and open its address unchanged and whole.',
      'If it is refused again, report the message with its trace id as a fault of Evergrant.',
    ],
    link: links.errorCodes,
    retry: 'never',
  },
  {
    codes: [70003, 900561],
    title: 'The endpoint does not take such a request',
    meaning: 'The grant type or the HTTP method is not one that the endpoint knows.',
    actor: 'operator',
    remedy: 'See that `authority` names Entra, and report the message if it does.',
    steps: [
      'See with `evergrant doctor` which address the provider has, and correct `authority`.',
      'If it is right, report the message with its trace id as a fault of Evergrant.',
    ],
    link: links.errorCodes,
    retry: 'never',
  },
]
