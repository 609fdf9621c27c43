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
