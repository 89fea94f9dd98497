/**
 * The caller's side of a job in a cluster.
 *
 *     sent ──► stored ──► the stored outcome: it goes on with that
 *       │ cancelled: the request to cancel is stored, too; the outcome is waited for, for `grace`
 *       └ detached: the job goes on, whoever waits or not
 *
 * Effect's client forgets a request that is interrupted. So the request has a fiber of its own, which goes on until the job has
 * ended; that it is to end is a message which is sent from here, under the id by which the storage knows the request. That is
 * another one than the client's where somebody else has submitted the job before.
 */
import * as Cause from "effect/Cause"
import { MessageStorage } from "effect/cluster/MessageStorage"
import { Sharding } from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { shortened } from "../../internal/host/printing.ts"
import { asCancelled } from "../../internal/waiting/cancelled.ts"
import { BrokenExecutor } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import { elsewhere } from "../parts/elsewhere.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import { listen } from "./listening.ts"
import { outcomeOf, type SendError } from "./outcome.ts"
import { checkId, type Client, entityOf, type Outcome } from "./protocol.ts"
import { Stored } from "./Stored.ts"
import { toJson } from "./values.ts"

export interface Settings {
  /** Milliseconds. */
  readonly grace: number
  readonly detach: boolean
}

type Request = Fiber.Fiber<Outcome, SendError>

/**
 * Of a storage that did not take a request: a connection that broke is tried again, a storage that is down is reported. Nothing
 * is sent twice: the request has a key.
 */
const brief = { times: 3, schedule: Schedule.exponential("100 millis") }
/** Of a storage that has the request. */
const patient = { schedule: Schedule.spaced("500 millis") }
/** How often a caller looks whether the storage still has what it waits for. */
const look = "5 minutes"

export class Caller {
  private readonly client: Client
  private readonly stored: Stored
  private readonly settings: Settings
  // INVARIANT: what has been sent and has not ended yet.
  private readonly open = new Map<Request, Execution>()
  // INVARIANT: what asks jobs to end, and has not got into the storage yet, or waits for their ends.
  private readonly endings = new Set<Fiber.Fiber<void>>()
  private isClosed = false

  private constructor(client: Client, stored: Stored, settings: Settings) {
    this.client = client
    this.stored = stored
    this.settings = settings
  }

  static make(name: string, settings: Settings): Effect.Effect<Caller, never, Sharding | MessageStorage | Scope.Scope> {
    const made = Effect.gen(function*() {
      const entity = entityOf(name)
      const stored = new Stored(entity, yield* Sharding, yield* MessageStorage)
      return new Caller(yield* entity.client, stored, settings)
    })
    return Effect.acquireRelease(made, ({ close }) => close)
  }

  readonly run = (execution: Execution): Effect.Effect<unknown, unknown> => {
    const { attempt, id, job } = execution
    checkId(id)
    if (this.isClosed) return new BrokenExecutor({ message: `job '${job.name}': the executor is closed` })
    return Effect.withFiber((fiber) => {
      const { input } = codecsOf(job)
      const parent = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
      const span = parent && { traceId: parent.traceId, spanId: parent.spanId, sampled: parent.sampled }
      const asked = Effect.flatMap(Effect.orDie(input.encode(execution.input)), (encoded) => {
        const json = toJson("Executor.execute", `the input of job '${job.name}'`, encoded)
        const request = { job: job.name, attempt, input: json, ...span && { span } }
        return this.ask(execution, Effect.suspend(() => this.client(id).run(request)), brief)
      })
      const outcome = this.attend(execution, Effect.withTracerEnabled(asked, false))
      return elsewhere(`job '${shortened(job.name)}' in the cluster`, outcome)
    })
  }

  /** Leaves all that is open: their tasks end cancelled. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    const left = Array.from(this.open, ([request, execution]) => this.leave(execution, request))
    return Effect.andThen(
      Effect.all(left, { concurrency: "unbounded", discard: true }),
      Effect.suspend(() => Fiber.interruptAll(this.endings))
    )
  })

  /**
   * Sends the request, and waits for its outcome. A runner that ends in order also interrupts those who wait on other machines
   * for a job of its (Sharding.ts: unregisterShardReplyHandlers), which goes on elsewhere: so they ask again. What a cancelled
   * job gives is stored.
   */
  private ask(
    execution: Execution,
    send: Effect.Effect<Outcome, SendError>,
    policy: typeof brief | typeof patient
  ): Effect.Effect<Outcome, SendError> {
    return send.pipe(
      Effect.retry({ while: (error: SendError) => error._tag === "PersistenceError", ...policy }),
      Effect.catchCause((cause) => {
        if (!Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
        return Effect.gen({ self: this }, function*() {
          if (yield* this.stored.isShutdown) return yield* Effect.failCause(cause)
          if (yield* Effect.retry(this.stored.wasCancelled(execution), patient)) {
            const { id, job } = execution
            return yield* asCancelled(Exit.failCause(cause), `job '${job.name}' was cancelled; its id is spent: ${id}`)
          }
          yield* Effect.sleep("100 millis")
          return yield* this.ask(execution, send, patient)
        })
      })
    )
  }

  /** Has it asked for, and waits for its outcome. */
  private attend(execution: Execution, asked: Effect.Effect<Outcome, SendError>): Effect.Effect<unknown, unknown> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(restore(asked)), (request) => {
        this.open.set(request, execution)
        request.addObserver(() => this.open.delete(request))
        const ended = restore(this.listen(execution, request))
        return Effect.flatMap(
          Effect.onExit(ended, (exit) => Exit.isSuccess(exit) ? Effect.void : this.leave(execution, request)),
          (exit) => outcomeOf(execution, exit)
        )
      })
    )
  }

  /** How the request has ended, once every report of the job is taken. */
  private listen(execution: Execution, request: Request): Effect.Effect<Exit.Exit<Outcome, SendError>, unknown> {
    const ended = Fiber.await(request)
    const taken = listen(this.client, execution, ended, this.settings.grace)
    const all = [Effect.raceFirst(ended, this.forgotten(execution)), taken] as const
    return Effect.map(Effect.all(all, { concurrency: 2 }), ([exit]) => exit)
  }

  /** Fails once the storage has nothing of it, as it was deleted or is another one: nobody would tell of an outcome. */
  private forgotten(execution: Execution): Effect.Effect<never, BrokenExecutor> {
    const message = `job '${execution.job.name}': the cluster's storage has nothing of ${execution.id} any more`
    return this.stored.has(execution).pipe(
      // One that is down says nothing.
      Effect.catch(() => Effect.succeed(true)),
      Effect.flatMap((isThere) => isThere ? Effect.void : new BrokenExecutor({ message })),
      Effect.delay(look),
      Effect.forever
    )
  }

  // -------------------------------------------------------------------------------------------------------- cancellation

  /** Nobody waits any more: the job ends, unless it is detached. */
  private leave(execution: Execution, request: Request): Effect.Effect<void> {
    const { detach, grace } = this.settings
    if (detach) return Fiber.interrupt(request)
    return Effect.flatMap(Effect.forkDetach(this.cancel(execution, request)), (ending) => {
      this.endings.add(ending)
      ending.addObserver(() => this.endings.delete(ending))
      // A storage that is down is asked on, for as long as the executor is open.
      const ended = Effect.timeoutOption(Effect.interruptible(Fiber.await(ending)), grace)
      return Effect.andThen(ended, Fiber.interrupt(request))
    })
  }

  private cancel(execution: Execution, request: Request): Effect.Effect<void> {
    const asked = this.stored.interrupt(execution)
    // It may be on its way into the storage: either it does not get there, or it is found then.
    const askedAgain = Effect.andThen(Fiber.interrupt(request), asked)
    const told = Effect.flatMap(
      asked,
      (isStored) => isStored ? Effect.asVoid(Fiber.await(request)) : Effect.asVoid(askedAgain)
    )
    return Effect.ignore(Effect.retry(told, patient))
  }
}
