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
  },
  config_unreadable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The configuration file cannot be read as YAML',
    remedy: 'Mend the line the message names; `evergrant config check` tells when it is right.',
  },
  config_invalid: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The configuration is not valid',
    remedy:
      'Correct each field the message names; `evergrant config check` tells when it is right.',
  },
  secret_unavailable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'A secret the configuration refers to is not there',
    remedy: 'Set the environment variable or create the file that the message names.',
  },
  usage: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The command was not understood',
    remedy: 'See the command with `--help`.',
  },
  connection_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no connection of that name',
    remedy: 'List the connections with `evergrant connections list`.',
  },
  node_too_old: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'This Node.js is too old',
    remedy: 'Run Evergrant with Node.js 24.12 or newer.',
  },
  internal: {
    status: 500,
    oauthError: 'server_error',
    retry: 'later',
    actor: 'evergrant',
    exit: 1,
    title: 'Evergrant met a fault of its own',
    remedy: 'Report it with the request id and the log lines around it.',
  },
})
