/** What the cluster's storage knows of attempts at a group's jobs. A caller's own ids say nothing: the first may be another's. */
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as Envelope from "effect/cluster/Envelope"
import * as Message from "effect/cluster/Message"
import type { MessageStorage } from "effect/cluster/MessageStorage"
import type { Sharding } from "effect/cluster/Sharding"
import type { Snowflake } from "effect/cluster/Snowflake"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Execution } from "../parts/makeExecutor.ts"
import type { SendError } from "./outcome.ts"
import { type entityOf, keyOf, Run } from "./protocol.ts"

export class Stored {
  private readonly entity: ReturnType<typeof entityOf>
  private readonly sharding: Sharding["Service"]
  private readonly storage: MessageStorage["Service"]

  constructor(
    entity: ReturnType<typeof entityOf>,
    sharding: Sharding["Service"],
    storage: MessageStorage["Service"]
  ) {
    this.entity = entity
    this.sharding = sharding
    this.storage = storage
  }

  /** Whether this process will not hear of any outcome any more. */
  get isShutdown(): Effect.Effect<boolean> {
    return this.sharding.isShutdown
  }

  wasCancelled(execution: Execution): Effect.Effect<boolean, SendError> {
    return Effect.flatMap(
      this.find(execution),
      Option.match({
        onNone: () => Effect.succeed(false),
        onSome: (request) =>
          Effect.map(
            Effect.catchTag(this.storage.repliesForUnfiltered([request]), "MalformedMessage", Effect.die),
            (replies) => replies.some((reply) => reply._tag === "WithExit" && reply.exit._tag === "Failure")
          )
      })
    )
  }

  has(execution: Execution): Effect.Effect<boolean, SendError> {
    return Effect.map(this.find(execution), Option.isSome)
  }

  /** Asks it to end; false if there is none. */
  interrupt(execution: Execution): Effect.Effect<boolean, SendError> {
    const { sharding } = this
    return Effect.flatMap(
      this.find(execution),
      Option.match({
        onNone: () => Effect.succeed(false),
        onSome: (requestId) =>
          Effect.flatMap(sharding.getSnowflake, (id) => {
            const envelope = new Envelope.Interrupt({ id, address: this.addressOf(execution), requestId })
            return Effect.as(sharding.sendOutgoing(new Message.OutgoingEnvelope({ envelope, rpc: Run }), false), true)
          })
      })
    )
  }

  private find(execution: Execution): Effect.Effect<Option.Option<Snowflake>, SendError> {
    const { attempt, job } = execution
    const id = keyOf({ job: job.name, attempt })
    return this.storage.requestIdForPrimaryKey({ address: this.addressOf(execution), tag: Run._tag, id })
  }

  private addressOf({ id }: Execution): EntityAddress.EntityAddress {
    const entityId = EntityId.make(id)
    return EntityAddress.make({
      shardId: this.sharding.getShardId(entityId, this.entity.getShardGroup(entityId)),
      entityType: this.entity.type,
      entityId
    })
  }
}
