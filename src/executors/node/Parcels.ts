/** A job's values on their way: their JSON, and with it what moves instead of being copied. */
import * as Effect from "effect/Effect"
import * as Transferable from "effect/workers/Transferable"
import { isMarkedAsUntransferable } from "node:worker_threads"
import type { Parcel } from "./wire.ts"

/** `encoded`: by a codec. `moves`: whether anything moves, or everything is copied. */
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

/** Memory that others use, too, is not: a short `Buffer` is part of a common one, and some memory is shared. */
const isMovable = (value: unknown): boolean =>
  !(value instanceof SharedArrayBuffer) && !isMarkedAsUntransferable(value as object)
