import { adminConsentPage } from './admin-consent-page.ts'
import type { IncomingMessage } from 'node:http'
import type { SecureContextOptions } from 'node:tls'
import type { DestinationStream } from 'pino'
import {
  createAuditDesk,
  createCallerDesk,
  createCallerDirectory,
  type CallerDesk,
  type CallerDirectory,
  type ConsoleDesk,
} from '../access/index.ts'
import type { Config, ServerConfig } from '../config/index.ts'
import {
  createTraceRecorder,
  recordFacadeTraces,
  type CallTrace,
  type Facade,
  type TraceRecorder,
} from '../gateway/index.ts'
import { isEvergrantError, newId, systemRandom } from '../kernel/index.ts'
import { createEventFeed } from './api/event-feed.ts'
import { createImportRunner } from './api/import-runner.ts'
import { mountApi } from './api/mount.ts'
import { apiOperations } from './api/operations.ts'
import { describeRoutes } from './api/describe-routes.ts'
import { recordEvents } from './audit-events.ts'
import { createOperationAudit } from './audit-operation.ts'
import { createAuthVerify } from './auth-verify.ts'
import { followCaptures } from './captures.ts'
import { compose, type ComposeOptions, type Composition } from './compose.ts'
import { openDirectoryDesks } from './directory-desks.ts'
import { facadeRoutes } from './facade-routes.ts'
import { addHealthRoutes } from './health-routes.ts'
import { identityRoutes } from './identity-routes.ts'
import { readImportHealth } from './import-health.ts'
import { openActivity, type Activity } from './open-activity.ts'
import { openAlarms, type Alarms } from './open-alarms.ts'
import { openIssuerDesk } from './issuer-desk.ts'
import { openFacade } from './open-facade.ts'
import { openGateway } from './open-gateway.ts'
import { startTraceWriter, type TraceWriter } from './open-traces.ts'
import { prepareLookups } from './prepare-lookups.ts'
import { createRefusalNotices } from './refusal-notice.ts'
import { resourceMetadataRoute } from './resource-metadata.ts'
import { createConsentPages } from './consent-pages.ts'
import { openConsole } from './open-console.ts'
import { consoleSignInRoutes } from './console-sign-in-routes.ts'
import { consoleRoutes } from './console-routes.ts'
import { createServiceLog, type ServiceLog } from './service-log.ts'
import { createServiceMetrics } from './service-metrics.ts'
import { metricsRoute, observeRequests, tellAnswers } from './service-parts.ts'
import { readServiceTls } from './service-tls.ts'
import { openSchedules, type Schedules } from './open-schedules.ts'
import { openService, type ServicePart } from './service.ts'
import { openTakeOver } from './open-take-over.ts'
import { createCodeDesk } from './session-codes.ts'
import { openSessions } from './sessions.ts'
import { addKeepAlive, openJobs } from './start-jobs.ts'
import { openConfiguredTelemetry } from './open-configured-telemetry.ts'
import {
  clientAddressOf,
  createTrustedProxies,
  requestIdOf,
  trustedRequestId,
} from './trusted-proxies.ts'

/** How a service is started. */
export interface ServingOptions extends Pick<
  ComposeOptions,
  'configPath' | 'env' | 'clock' | 'wrapOutbound'
> {
  /** Where the log goes. */
  readonly logTo: DestinationStream
  /** In place of `server.listen`. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Whether idle grants are kept alive (true by default). */
  readonly keepAlive?: boolean
  /** Plugged in before ours. */
  readonly parts?: readonly ServicePart[]
  /** Told of every trace that ended. */
  readonly onTrace?: (trace: CallTrace) => void
}

/** A service that runs. */
export interface Serving {
  /** Where it listens. */
  readonly url: string
  readonly composition: Composition
  readonly callers: CallerDirectory
  readonly callerDesk: CallerDesk
  readonly recorder: TraceRecorder
  /** What writes traces into the store. */
  readonly traces: TraceWriter
  readonly facade: Facade
  /** What looks for what a person must know. */
  readonly alarms: Alarms
  /** What begins imports by their schedules. */
  readonly schedules: Schedules
  /** What counts for charts. */
  readonly activity: Activity
  readonly log: ServiceLog
  /** Makes links that sign in to the console. */
  readonly console: ConsoleDesk
  /** Where callers and browsers reach it. */
  readonly publicUrl: string
  /**
   * Reads the configuration again and takes over what a running service can: connections,
   * providers, imports, issuers, limits, proxies, certificate, log level.
   *
   * @throws EvergrantError `config_*`, `tls_invalid`, `reload_needs_restart`, `store_*`; nothing
   *   has changed then
   */
  reload(): Promise<void>
  /**
   * Ends it: `/readyz` answers 503 and nothing new is taken at once; what is under way may end for
   * so long (`server.drain` by default). A second call with less ends it sooner.
   */
  close(drainMs?: number): Promise<void>
}

/**
 * Starts the service: everything that `evergrant serve` is.
 *
 * @throws EvergrantError as `compose`; `listen_failed`, `tls_invalid`, `jobs_*`
 */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { configPath, env, clock: hostClock, wrapOutbound, logTo } = options
  const composition = await compose({
    configPath,
    ...(env === undefined ? {} : { env }),
    ...(hostClock === undefined ? {} : { clock: hostClock }),
    ...(wrapOutbound === undefined ? {} : { wrapOutbound }),
    role: 'main',
    isLasting: true,
    driver: 'service',
  })
  const closing: (() => Promise<void> | void)[] = [() => composition.close()]
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  try {
    const { config, clock, events, store } = composition
    const { server } = config
    const log = createServiceLog(server.log.level, logTo, clock)
    closing.push(() => log.flush())
    const metrics = createServiceMetrics(
      (name) => composition.connections.find(name)?.config.upstreams,
      (name) => Object.hasOwn(composition.config.imports, name),
    )
    metrics.followImports(() => readImportHealth(composition))
    closing.push(metrics.close)
    const telemetry = await openConfiguredTelemetry(composition, log)
    if (telemetry !== undefined) closing.push(() => telemetry.close())
    closing.push(
      events.on((event) => {
        log.event(event)
        metrics.event(event)
        telemetry?.event(event)
      }),
    )
    const activity = await openActivity(composition)
    closing.push(activity.close)
    const auditDesk = createAuditDesk(store.audit, clock, systemRandom)
    const recorded = recordEvents(events, auditDesk, clock, (fault) =>
      log.fault('events cannot be recorded', fault),
    )
    closing.push(recorded.close)
    const onTrace = (trace: CallTrace): void => {
      options.onTrace?.(trace)
      metrics.trace(trace)
      activity.trace(trace)
      telemetry?.trace(trace)
      if (trace.kind === 'call' || trace.kind === 'upgrade') log.request(lineOf(trace))
    }
    const recorder = createTraceRecorder({
      clock,
      random: systemRandom,
      emit: events.emit,
      onEnd: onTrace,
    })
    const traces = startTraceWriter(composition, recorder, {
      onTrouble: (trouble) => {
        if ('code' in trouble) log.warn('traces cannot be written', trouble)
        else log.fault('traces cannot be written', trouble.fault)
      },
      onRecovered: () => log.info('traces are written again'),
    })
    closing.push(traces.close)
    const prepareAccounts = async (read: Config): Promise<void> => {
      const made = await prepareLookups(read, composition)
      const columns = made.map(({ column }) => column)
      if (columns.length > 0) log.info('accounts can be looked up by more columns', { columns })
    }
    await prepareAccounts(config)
    let publicUrl = server.publicUrl
    const { facade, close: closeFacade } = openFacade(composition, {
      publicUrl: () => publicUrl,
      limits: server.limits,
      beginTrace: recordFacadeTraces(recorder),
    })
    closing.push(closeFacade)
    const issuers = openIssuerDesk(composition, {
      publicUrl: () => publicUrl,
      limits: () => composition.config.server.limits,
      metrics,
    })
    metrics.followIssuers(issuers.health)
    const onFault = (fault: unknown): void => log.fault('a fault of ours ended a request', fault)
    const sessions = openSessions(composition, {
      bearer: issuers.bearer,
      limits: () => composition.config.server.limits,
      longestOf: (issuer) => composition.config.issuers[issuer]?.longestSessionMs,
      onFault: (fault) => log.fault('sessions cannot be swept', fault),
    })
    closing.push(sessions.close)
    const codes = createCodeDesk({
      ...composition,
      issuer: (name) => composition.config.issuers[name],
      authenticator: issuers.callers.authenticator,
    })
    const people = openConsole(composition, {
      publicUrl: () => publicUrl,
      limits: () => composition.config.server.limits,
      sessions,
      codes,
      onFault: (fault) => log.fault('console sessions cannot be swept', fault),
    })
    closing.push(people.close)
    const callers = createCallerDirectory({
      store: store.callers,
      clock,
      defaults: server.limits,
      others: { egf_: facade.authenticate, egs_: sessions.desk.authenticate },
      bearer: issuers.callers.authenticator,
      resourceMetadata: issuers.resourceMetadata,
    })
    const callerDesk = createCallerDesk({
      store: store.callers,
      clock,
      random: systemRandom,
      onChanged: callers.forget,
    })
    const forgetAccounts = (): void => {
      issuers.bearer()?.identifier.forgetAccounts()
      sessions.forgetAccounts()
    }
    const feed = createEventFeed(events, composition.instanceId)
    closing.push(feed.close)
    closing.push(
      store.watchGenerations(({ topics }) => {
        if (topics.includes('callers')) callers.forget()
        if (topics.includes('sessions')) {
          sessions.desk.forget()
          people.desk.forget()
        }
        if (topics.includes('accounts')) forgetAccounts()
        // Once what was known is forgotten: who follows is asked for again.
        if (topics.includes('callers') || topics.includes('sessions')) feed.doubt()
      }),
    )
    const directoryDesks = openDirectoryDesks(composition, {
      mayScan: false,
      onChanged: () => {
        forgetAccounts()
        sessions.desk.forget()
      },
    })
    const captures = followCaptures(store, clock, events.emit)
    closing.push(captures.close)
    await captures.refresh()
    let isDraining = false
    let proxies = createTrustedProxies(server.trustedProxies)
    const readTls = async ({
      tls: wanted,
    }: ServerConfig): Promise<SecureContextOptions | undefined> =>
      wanted === undefined ? undefined : await readServiceTls(wanted, composition.secrets)
    const tls = await readTls(server)
    const jobs = await openJobs(composition)
    closing.push(() => jobs.stop())
    if (options.keepAlive !== false) await addKeepAlive(jobs, composition)
    const alarms = await openAlarms(composition, {
      health: issuers.health,
      publicUrl: () => publicUrl,
    })
    closing.push(alarms.close)
    const imports = createImportRunner(composition)
    closing.push(imports.close)
    const schedules = await openSchedules(composition, jobs, imports, () => !isDraining)
    closing.push(schedules.close)
    const takeOver = await openTakeOver(composition, imports, () => !isDraining)
    closing.push(takeOver.close)
    const newRequestId = (request: IncomingMessage): string =>
      requestIdOf(request, proxies, () => newId('req', clock.now()))
    const verify = createAuthVerify({
      callers,
      clock,
      resourceMetadata: issuers.resourceMetadata,
      newRequestId,
      onAnswer: tellAnswers(log, metrics),
      onFault,
    })
    const consentPages = createConsentPages({
      composition,
      publicUrl: () => publicUrl,
      addressOf: (request) => clientAddressOf(request, proxies),
      onFault,
    })
    // A trial that was begun is ended before the store closes.
    closing.push(consentPages.settle)
    const service = await openService({
      listen: options.listen ?? server.listen,
      clock,
      ...(tls === undefined ? {} : { tls }),
      requestId: newRequestId,
      doors: [verify],
      calls: (url) => {
        // A port that was chosen by the system is known only now.
        if (options.listen !== undefined || server.listen.port === 0) publicUrl = url
        const gateway = openGateway(composition, {
          callers,
          traces: recorder,
          captures,
          publicUrl,
          requestIdOf: (request) => trustedRequestId(request, proxies),
        })
        return {
          handle: gateway.handle,
          upgrade: gateway.upgrade,
          close: (graceMs) => gateway.close({ graceMs }),
        }
      },
      onFault,
      parts: [
        ...(options.parts ?? []),
        observeRequests(log, metrics),
        (app) => addHealthRoutes(app, composition, () => isDraining),
        metricsRoute(metrics, callers),
        resourceMetadataRoute({
          publicUrl: () => publicUrl,
          config: () => composition.config,
          issuers: () => issuers.bearer()?.issuers,
        }),
        facadeRoutes(facade),
        consentPages.part,
        adminConsentPage(composition),
        identityRoutes(composition, callers, recorder),
        describeRoutes,
        consoleSignInRoutes({
          ...people,
          audit: auditDesk,
          notices: createRefusalNotices(composition.vault),
          clock,
          publicUrl: () => publicUrl,
          isEnabled: () => composition.config.server.console.enabled,
          addressOf: ({ raw }) => clientAddressOf(raw, proxies),
        }),
        consoleRoutes(),
        (app) =>
          mountApi(
            app,
            apiOperations,
            {
              composition,
              callerDesk,
              facadeDesk: facade.desk,
              ...directoryDesks,
              recorder,
              captures,
              imports,
              feed,
              issuers,
              sessions,
              codes,
              console: people.desk,
              audit: createOperationAudit(composition, auditDesk, clock),
              reload: () => reload(),
              publicUrl: () => publicUrl,
              addressOf: (request) => clientAddressOf(request, proxies),
            },
            { ...callers, console: people.gate },
          ),
      ],
    })
    log.info('listening', { url: service.url, config: configPath })
    const reload = async (): Promise<void> => {
      try {
        let nextTls: SecureContextOptions | undefined
        let takeIssuers = (): void => {}
        await composition.reloadConfig(async (read) => {
          nextTls = await readTls(read.server)
          takeIssuers = issuers.prepare(read)
          await prepareAccounts(read)
        })
        const next = composition.config.server
        takeIssuers()
        await sessions.sweepByNewConfig()
        // A schedule counts from when it is first seen.
        await schedules.wake()
        callers.setDefaults(next.limits)
        proxies = createTrustedProxies(next.trustedProxies)
        log.setLevel(next.log.level)
        if (nextTls !== undefined) service.setTls(nextTls)
        log.info('configuration reloaded', { config: configPath })
      } catch (error) {
        if (isEvergrantError(error)) {
          const { code, detail, remedy } = error
          log.warn('configuration not reloaded', { code, detail, remedy })
        } else log.fault('configuration not reloaded', error)
        throw error
      }
    }
    let ended: Promise<void> | undefined
    return {
      url: service.url,
      composition,
      callers,
      callerDesk,
      recorder,
      traces,
      facade,
      alarms,
      schedules,
      activity,
      log,
      console: people.desk,
      publicUrl,
      reload,
      close: (drainMs = composition.config.server.drainMs) => {
        if (!isDraining) {
          log.info('draining', { drainMs })
          log.flush()
        }
        isDraining = true
        // What is due from now on is for others.
        schedules.close().catch((fault: unknown) => log.fault('schedules cannot be left', fault))
        // Streams of events would last for ever.
        feed.close()
        const drained = service.close(drainMs)
        ended ??= drained.then(closeAll)
        return ended
      },
    }
  } catch (error) {
    await closeAll().catch(() => {})
    throw error
  }
}

function lineOf(trace: CallTrace): Parameters<ServiceLog['request']>[0] {
  return {
    requestId: trace.requestId,
    method: trace.method,
    path: `/proxy/${trace.connection}${trace.upstream === '' ? '' : `:${trace.upstream}`}${trace.path}`,
    status: trace.status,
    durationMs: Math.round(trace.durationMs * 10) / 10,
    traceId: trace.id,
    callerId: trace.callerId,
    ...(trace.code === undefined ? {} : { code: trace.code }),
  }
}
