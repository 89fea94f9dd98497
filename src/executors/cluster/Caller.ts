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
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as Envelope from "effect/cluster/Envelope"
import * as Message from "effect/cluster/Message"
import { MessageStorage } from "effect/cluster/MessageStorage"
import { Sharding } from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as check from "../../internal/host/check.ts"
import { shortened } from "../../internal/host/printing.ts"
import { BrokenExecutor } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import { elsewhere } from "../parts/elsewhere.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import { outcomeOf, type SendError } from "./outcome.ts"
import { entityOf, keyOf, type Outcome, Run } from "./protocol.ts"

export interface Settings {
  /** Milliseconds. */
  readonly grace: number
  readonly detach: boolean
}

/** What the storages of Effect have room for. */
const maxIdLength = 255

type Request = Fiber.Fiber<Outcome, SendError>

export class Caller {
  private readonly entity: ReturnType<typeof entityOf>
  private readonly client: Effect.Success<ReturnType<typeof entityOf>["client"]>
  private readonly sharding: Sharding["Service"]
  private readonly storage: MessageStorage["Service"]
  private readonly settings: Settings
  // INVARIANT: what has been sent and has not ended yet.
  private readonly open = new Map<Request, Execution>()
  private isClosed = false

  private constructor(
    entity: ReturnType<typeof entityOf>,
    client: Effect.Success<ReturnType<typeof entityOf>["client"]>,
    sharding: Sharding["Service"],
    storage: MessageStorage["Service"],
    settings: Settings
  ) {
    this.entity = entity
    this.client = client
    this.sharding = sharding
    this.storage = storage
    this.settings = settings
  }

  static make(name: string, settings: Settings): Effect.Effect<Caller, never, Sharding | MessageStorage | Scope.Scope> {
    const entity = entityOf(name)
    const made = Effect.gen(function*() {
      return new Caller(entity, yield* entity.client, yield* Sharding, yield* MessageStorage, settings)
    })
    return Effect.acquireRelease(made, ({ close }) => close)
  }

  readonly run = (execution: Execution): Effect.Effect<unknown, unknown> => {
    const { attempt, id, job } = execution
    if (id.length > maxIdLength) {
      check.illegal("Executor.execute", "the id", id, `one of at most ${maxIdLength} characters`)
    }
    if (this.isClosed) return new BrokenExecutor({ message: `job '${job.name}': the executor is closed` })
    return Effect.withFiber((fiber) => {
      const { input } = codecsOf(job)
      const parent = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
      const span = parent && { traceId: parent.traceId, spanId: parent.spanId, sampled: parent.sampled }
      const sent = Effect.flatMap(Effect.orDie(input.encode(execution.input)), (encoded) =>
        // Codecs give JSON.
        this.client(id).run({ job: job.name, attempt, input: encoded as Schema.Json, ...span && { span } }))
      const outcome = this.attend(execution, Effect.withTracerEnabled(sent, false))
      return elsewhere(`job '${shortened(job.name)}' in the cluster`, outcome)
    })
  }

  /** Leaves all that is open: their tasks end cancelled. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    const left = Array.from(this.open, ([request, execution]) => this.leave(execution, request))
    return Effect.all(left, { concurrency: "unbounded", discard: true })
  })

  /** Sends it, and waits for its outcome. */
  private attend(execution: Execution, sent: Effect.Effect<Outcome, SendError>): Effect.Effect<unknown, unknown> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(restore(sent)), (request) => {
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
  private listen(
    execution: Execution,
    request: Request
  ): Effect.Effect<Exit.Exit<Outcome, SendError>, unknown> {
    const { onProgress } = execution
    const ended = Fiber.await(request)
    if (onProgress === undefined) return ended
    const { attempt, id, job } = execution
    const { progress } = codecsOf(job)
    const taken = this.client(id).reports({ job: job.name, attempt }).pipe(
      // Its runner is full, or leaves.
      Stream.retry(Schedule.spaced("1 second")),
      // The runner may be gone that had them: the result does not wait for those.
      Stream.interruptWhen(
        Effect.flatMap(ended, (exit) => Exit.isSuccess(exit) ? Effect.sleep(this.settings.grace) : Effect.void)
      ),
      Stream.buffer({ capacity: 16 }),
      Stream.runForEach((encoded) => Effect.flatMap(Effect.orDie(progress.decode(encoded)), onProgress))
    )
    return Effect.map(Effect.all([ended, Effect.orDie(taken)], { concurrency: 2 }), ([exit]) => exit)
  }

  // -------------------------------------------------------------------------------------------------------- cancellation

  /** Nobody waits any more: the job ends, unless it is detached. */
  private leave(execution: Execution, request: Request): Effect.Effect<void> {
    const { detach, grace } = this.settings
    const ended = detach
      ? Effect.void
      : Effect.timeoutOption(Effect.interruptible(this.cancel(execution, request)), grace)
    return Effect.andThen(ended, Fiber.interrupt(request))
  }

  private cancel({ attempt, id, job }: Execution, request: Request): Effect.Effect<void> {
    const { sharding, storage } = this
    const entityId = EntityId.make(id)
    const address = EntityAddress.make({
      shardId: sharding.getShardId(entityId, this.entity.getShardGroup(entityId)),
      entityType: this.entity.type,
      entityId
    })
    const find = storage.requestIdForPrimaryKey({ address, tag: Run._tag, id: keyOf({ job: job.name, attempt }) })
    const ask = Effect.flatMap(
      find,
      Option.match({
        onNone: () => Effect.succeed(false),
        onSome: (requestId) =>
          Effect.flatMap(sharding.getSnowflake, (id) => {
            const envelope = new Envelope.Interrupt({ id, address, requestId })
            return Effect.as(sharding.sendOutgoing(new Message.OutgoingEnvelope({ envelope, rpc: Run }), false), true)
          })
      })
    )
    const told = Effect.flatMap(ask, (isStored) =>
      isStored
        ? Effect.asVoid(Fiber.await(request))
        // It is on its way into the storage: either it does not get there, or it is found now.
        : Effect.andThen(Fiber.interrupt(request), Effect.asVoid(ask)))
    return Effect.ignore(Effect.retry(told, Schedule.spaced("500 millis")))
  }
}
