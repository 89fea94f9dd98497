/**
 * A Stream as its public type says: what its channel gives. `effect/Stream` and what it loads take longer than all of this
 * library (18 of 43 ms), and whoever runs a stream has loaded it; so it is not loaded by those who use none.
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
