import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { Caller, CallerDesk, ConsoleDesk, Operation } from '../../access/index.ts'
import type { AccountDesk, PeopleDesk } from '../../directory/index.ts'
import type { FacadeDesk, TraceRecorder } from '../../gateway/index.ts'
import type { ErrorCode } from '../../kernel/index.ts'
import type { OperationAudit } from '../audit-operation.ts'
import type { Captures } from '../captures.ts'
import type { Composition } from '../compose.ts'
import type { EventFeed } from './event-feed.ts'
import type { IssuerDesk } from '../issuer-desk.ts'
import type { CodeDesk } from '../session-codes.ts'
import type { Sessions } from '../sessions.ts'
import type { ImportRunner } from './import-runner.ts'

/** What operations act on. */
export interface ApiContext {
  readonly composition: Composition
  readonly callerDesk: CallerDesk
  readonly facadeDesk: FacadeDesk
  readonly accountDesk: AccountDesk
  readonly peopleDesk: PeopleDesk
  readonly recorder: TraceRecorder
  readonly imports: ImportRunner
  readonly captures: Pick<Captures, 'refresh'>
  readonly feed: EventFeed
  readonly issuers: IssuerDesk
  readonly sessions: Sessions
  readonly codes: CodeDesk
  readonly console: ConsoleDesk
  readonly audit: OperationAudit
  reload(): Promise<void>
  /** Where callers and browsers see the service. */
  publicUrl(): string
  /** Where a request came from, as far as trusted proxies tell. */
  addressOf(request: IncomingMessage): string
}

/** One call of an operation. */
export interface ApiCall {
  readonly caller: Caller
  /** Undefined where nobody has to say who it is (`isOpen`), and nobody did. */
  readonly knownCaller: Caller | undefined
  readonly requestId: string
  /**
   * Who the caller is now, by the credential of the request; undefined when it would not be let in
   * any more. While that cannot be told it is who it was. For answers that last.
   */
  readonly callerNow: () => Promise<Caller | undefined>
  /** For what is no JSON, and for headers. */
  readonly reply: FastifyReply
}

/** Everything that is said of an operation besides its schemas. */
interface OperationFacts {
  /** `noun.verb`, never renamed. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `{name}` for what stands in the path. */
  readonly path: string
  /** What the caller needs, by the table of `access`. */
  readonly operation: Operation
  readonly summary: string
  readonly description?: string
  /** Of success. */
  readonly status: 200 | 201 | 202 | 204
  /** Codes it yields besides those of every operation. */
  readonly errors: readonly ErrorCode[]
  /** Whoever comes without any credential is let in: the body has to prove something. */
  readonly isOpen?: true
  /** Answers `text/event-stream` and writes it itself. */
  readonly isStream?: true
}

/** An operation with the types of its schemas. */
export interface TypedOperation<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodObject,
  R extends z.ZodType,
> extends OperationFacts {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response?: R
  handle(
    context: ApiContext,
    input: z.output<P> & z.output<Q> & z.output<B>,
    call: ApiCall,
  ): Promise<z.input<R>> | z.input<R>
}

/** An operation as it is mounted and described. */
export interface ApiOperation extends OperationFacts {
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  readonly response?: z.ZodType
  handle(context: ApiContext, input: object, call: ApiCall): unknown
}

/** Of an operation that takes nothing there. */
type Nothing = z.ZodObject<Record<string, never>>

/** Declares an operation: its handler gets what the schemas let through, and answers by them. */
export function defineOperation<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodObject = Nothing,
  R extends z.ZodType = z.ZodVoid,
>(operation: TypedOperation<P, Q, B, R>): ApiOperation {
  return operation
}
