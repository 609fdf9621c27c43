import { defineErrors } from './definition.ts'

/** Errors of configuration and of the command line. */
export const configErrors = defineErrors({
  config_not_found: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'There is no configuration file',
    remedy: 'Run `evergrant init` to write one, or name yours with `--config FILE`.',
    meaning:
      'Evergrant looked for its configuration and there is no such file; nothing was read or started.',
    steps: [
      'See in the message which file was looked for: by default `evergrant.yaml` of the working directory.',
      'Name yours with `--config FILE`, or write a first one with `evergrant init --for import`.',
      'See with `evergrant config check` that it is right.',
    ],
  },
  config_unreadable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The configuration file cannot be read as YAML',
    remedy: 'Mend the line the message names; `evergrant config check` tells when it is right.',
    meaning: 'The file is there, but it is no YAML from the named line on; nothing of it was used.',
    steps: [
      'Mend the named line: most often indentation, a missing quote or a tab.',
      'See with `evergrant config check` that it is right.',
    ],
  },
  config_invalid: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The configuration is not valid',
    remedy:
      'Correct each field the message names; `evergrant config check` tells when it is right.',
    meaning:
      'The file was read, and a field of it is unknown, missing or has a value that cannot be used. A running service goes on with what it had.',
    steps: [
      'Correct each field the message names: it says what was expected and what was seen.',
      'See with `evergrant config check` that it is right.',
      'Reload a running service with SIGHUP.',
    ],
  },
  connection_invalid: {
    status: 422,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The connection is not valid',
    remedy:
      'Correct each field the message names with `evergrant connections edit`, or give it anew.',
    meaning:
      'A connection of the store has a field that is unknown, missing or cannot be used; the others serve on.',
    steps: [
      'Correct each field the message names with `evergrant connections edit NAME`.',
      'See with `evergrant doctor` that it is right.',
    ],
  },
  secret_unavailable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'A secret the configuration refers to is not there',
    remedy:
      'Set the environment variable, create the file or mend the command that the message names.',
    meaning:
      'The configuration says where a secret stands, and it is not there or cannot be read by this process: an unset variable, a missing file, a command that failed.',
    steps: [
      'Set the environment variable of this very process, create the file, or mend the command that the message names.',
      'See with `evergrant doctor` that every secret can be read.',
      'Nothing else: it is read again when it is needed.',
    ],
  },
  usage: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The command was not understood',
    remedy: 'See the command with `--help`.',
    meaning:
      'The command line has an argument or option that the command does not know, or lacks one.',
  },
  file_exists: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'A file of that name exists already',
    remedy: 'Keep it, or name another place; nothing was overwritten.',
    meaning: 'A file would have been overwritten, and Evergrant overwrites none.',
  },
  file_unwritable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The file cannot be written',
    remedy: 'Name a folder that exists and that this user may write.',
    meaning: 'The file could not be made: its folder is missing, or this user may not write there.',
  },
  connection_changed: {
    status: 409,
    retry: 'now',
    actor: 'caller',
    exit: 2,
    title: 'The connection was changed meanwhile',
    remedy: 'Look at it with `evergrant connections show`, and make the change again.',
    meaning:
      'Somebody changed the connection between your reading and your writing it; nothing of yours was written.',
  },
  connection_exists: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is a connection of that name already',
    remedy: 'Choose another name, or change that one with `evergrant connections edit NAME`.',
    meaning: 'Names of connections are one for file and store, and this one is taken.',
  },
  connection_read_only: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'That connection is defined in the configuration file',
    remedy: 'Change it there; only connections that are kept in the store can be changed here.',
    meaning:
      'The file defines this connection, and only what the store keeps can be changed from here.',
  },
  connection_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no connection of that name',
    remedy: 'List the connections with `evergrant connections list`.',
    meaning: 'Neither the file nor the store has a connection of that name.',
    steps: [
      'See the names with `evergrant connections list`.',
      'Define it in the file or with `evergrant connections add NAME`.',
    ],
  },
  node_too_old: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'This Node.js is too old',
    remedy: 'Run Evergrant with Node.js 24.12 or newer.',
    meaning: 'Evergrant needs features of a newer Node.js than the one that runs it.',
  },
  internal: {
    status: 500,
    oauthError: 'server_error',
    retry: 'later',
    actor: 'evergrant',
    exit: 1,
    title: 'Evergrant met a fault of its own',
    remedy: 'Report it with the request id and the log lines around it.',
    meaning: 'Something happened that Evergrant has no rule for. Nothing you did has to be wrong.',
    steps: [
      'Look for the request id or the time in the log: the fault stands there in full.',
      'Report it with those lines; they hold no secret.',
    ],
  },
})
