/**
 * A Stream by its public type: its channel's output. So `effect/Stream`, and the six modules that only it loads, are
 * left to programs that run one: an eighth of what importing this library takes beside `effect/Effect`.
 */
import { identity } from "effect/Function"
import { pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Stream from "effect/Stream"

const brand = "~effect/Stream" satisfies Stream.TypeId

const variance = { _A: identity, _E: identity, _R: identity }

export class ChannelStream<out A, out E, out R> implements Stream.Stream<A, E, R> {
  readonly [brand]: Stream.VarianceStruct<A, E, R> = variance
  readonly channel: Stream.Stream<A, E, R>["channel"]
  constructor(channel: Stream.Stream<A, E, R>["channel"]) {
    this.channel = channel
  }
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** `Stream.isStream`. */
export const isStream = (value: unknown): value is Stream.Stream<unknown, unknown, unknown> => hasProperty(value, brand)
