import { defineErrors } from './definition.ts'

/** Errors of sealing and unsealing. */
export const vaultErrors = defineErrors({
  key_missing: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The encryption key is not there',
    remedy: 'Point `encryption.keys` at the key, or make a first one with `evergrant keys new`.',
    meaning:
      'The configuration names an encryption key that is not where it says; without it nothing in the store opens.',
    steps: [
      'Put the key where `encryption.keys` says, from your copy of it.',
      'For a new installation make one with `evergrant keys new --file ./evergrant.key`.',
    ],
  },
  key_malformed: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The encryption key has the wrong form',
    remedy: 'A key is 32 bytes in base64; `evergrant keys new` prints one.',
    meaning:
      'What stands where the key is read is not 32 bytes in base64: cut off, with quotes, or another file.',
  },
  key_wrong: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'This encryption key does not open this store',
    remedy:
      'Give the key the store was made with. Nothing was changed. If that key is lost, start a new store.',
    meaning:
      'The store was sealed with another encryption key than the one given. Nothing was read or changed.',
    steps: [
      'Look for the key file the store was made with, in your backups too, and name it under `encryption.keys`.',
      'If it is lost for good, name a new store and obtain consent again for each connection: sealed tokens cannot be opened without it.',
    ],
  },
  key_not_everywhere: {
    status: 409,
    retry: 'later',
    actor: 'operator',
    exit: 3,
    title: 'Not every live process holds the key',
    remedy:
      'Add the key to `encryption.keys` of every process on this store, behind the one that seals, restart them, and run `evergrant keys rotate` again.',
    meaning:
      'A living process on this store could not open what would be sealed with the other key, so nothing was changed.',
    steps: [
      'See in the message which process lacks the key.',
      'Add the key to its `encryption.keys`, behind the one that seals, and restart it.',
      'Run `evergrant keys rotate` again.',
    ],
  },
  key_in_use: {
    status: 409,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The encryption key is still needed',
    remedy: 'Run `evergrant keys rotate` to seal everything with another key first.',
    meaning: 'Values in the store are still sealed with this key.',
  },
  unseal_failed: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 1,
    title: 'A sealed value does not open',
    remedy:
      'The value was altered, or moved from the row it was sealed for. Restore the store from a backup.',
    meaning:
      'A sealed value was altered, or stands in another row than the one it was sealed for. It was not used.',
    steps: [
      'Find out who wrote to the database besides Evergrant.',
      'Restore the store from a backup, or obtain consent again with `evergrant consent NAME` for the connection that is named.',
    ],
  },
})
