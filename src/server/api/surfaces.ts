/** What the service answers beside `/api/v1`, briefly. */
export const surfaces = {
  '/proxy/{connection}/{path}': {
    get: {
      tags: ['service'],
      summary: 'Call an API with a fresh token; any method, streaming both ways',
      description:
        '`{connection}` is `name[@tenant][:upstream]`; several upstreams and none named answer 400 `upstream_required`. The answer is the API’s own, with `Evergrant-Trace` and, where a refused token was met, `Evergrant-Replay`.',
      parameters: ['connection', 'path'].map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      responses: { default: { description: 'The answer of the API, or a problem of ours.' } },
    },
  },
  '/auth/verify': {
    get: {
      tags: ['service'],
      summary: 'Vouch for a caller to a reverse proxy; any method, also below `/auth/verify/`',
      description:
        'Answers 200 without a body and with the caller in `Evergrant-*` headers, all of which always stand there; else as any refusal. An unknown condition is refused.',
      parameters: [
        {
          name: 'scope',
          in: 'query',
          description: 'Scopes or app roles that are all needed, by blanks',
          schema: { type: 'string' },
        },
        {
          name: 'role',
          in: 'query',
          description: 'The least role',
          schema: { type: 'string', enum: ['viewer', 'operator', 'admin'] },
        },
        {
          name: 'connection',
          in: 'query',
          description: 'A connection that is permitted, as `name[@tenant][:upstream]`',
          schema: { type: 'string' },
        },
        {
          name: 'unavailable',
          in: 'query',
          description: 'Every refusal but 401 and 403 as 403, its status in `Evergrant-Status`',
          schema: { type: 'string', enum: ['403'] },
        },
        {
          name: 'original',
          in: 'query',
          description: 'Ends the query: what follows is the client’s',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: { description: 'The request may pass.' },
        401: { description: 'No credential, or one that does not hold; with a challenge.' },
        403: { description: 'Nobody, or nobody who may, is behind the credential.' },
        503: { description: 'It cannot be told now.' },
      },
    },
  },
  '/.well-known/oauth-protected-resource': {
    get: {
      tags: ['service'],
      summary: 'Whose tokens are accepted, and how they are sent (RFC 9728)',
      security: [],
      responses: {
        200: { description: 'Metadata of the protected resource.' },
        404: { description: 'No issuer’s tokens are accepted.' },
      },
    },
  },
  '/healthz': {
    get: {
      tags: ['service'],
      summary: 'The process answers',
      security: [],
      responses: { 200: { description: 'It does.' } },
    },
  },
  '/readyz': {
    get: {
      tags: ['service'],
      summary: 'Whether calls should be sent to this node',
      security: [],
      responses: {
        200: { description: 'They should.' },
        503: { description: 'Its store is away, or it is shutting down.' },
      },
    },
  },
  '/metrics': {
    get: {
      tags: ['service'],
      summary: 'Metrics in the form of Prometheus; needs the role viewer',
      responses: { 200: { description: 'Metrics.' } },
    },
  },
} as const
