/**
 * The provider’s own clock at the moment of its answer (epoch ms, whole seconds), from the `Date`
 * header; undefined when there is none. RFC 9110 section 6.6.1.
 */
export function readProviderTime(headers: Headers): number | undefined {
  const instant = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(instant) ? undefined : instant
}
