const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/**
 * An id as it stands in a key: a GUID in lower case, since GUIDs are one whatever their case (RFC
 * 9562 section 4); any other id behind "~", so that it is never taken for one.
 */
export function keyOfId(id: string): string {
  return guid.test(id) ? id.toLowerCase() : `~${id}`
}

/** The id that a key stands for. */
export function idOfKey(key: string): string {
  return key.startsWith('~') ? key.slice(1) : key
}
