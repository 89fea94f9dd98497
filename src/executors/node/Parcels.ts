/** A job's values on their way: their JSON, and beside it what moves instead of being copied. */
import * as Effect from "effect/Effect"
import * as Transferable from "effect/workers/Transferable"
import type { Parcel } from "./wire.ts"

/** `encoded`: by a codec. */
export const pack = <E>(encoded: Effect.Effect<unknown, E>): Effect.Effect<Parcel, E> =>
  Effect.suspend(() => {
    const collector = Transferable.makeCollectorUnsafe()
    return Effect.map(
      Effect.provideService(encoded, Transferable.Collector, collector),
      (value): Parcel => ({ value, transfers: collector.readUnsafe() })
    )
  })
