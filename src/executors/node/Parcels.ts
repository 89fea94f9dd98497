/** A job's values on their way: their JSON, and beside it what moves instead of being copied. */
import * as Effect from "effect/Effect"
import * as Transferable from "effect/workers/Transferable"
import { isMarkedAsUntransferable } from "node:worker_threads"
import type { Parcel } from "./wire.ts"

/** `encoded`: by a codec. `moves`: whether anything does, or all of it is copied. */
export const pack = <E>(encoded: Effect.Effect<unknown, E>, moves: boolean): Effect.Effect<Parcel, E> =>
  Effect.suspend(() => {
    const collector = Transferable.makeCollectorUnsafe()
    return Effect.map(
      Effect.provideService(encoded, Transferable.Collector, collector),
      (value): Parcel => ({
        value,
        transfers: moves ? Array.from(new Set(collector.readUnsafe())).filter(isMovable) : []
      })
    )
  })

/** Not so is memory that others use, too: a short `Buffer` is a part of one that all have, and some memory is shared. */
const isMovable = (value: unknown): boolean =>
  !(value instanceof SharedArrayBuffer) && !isMarkedAsUntransferable(value as object)
