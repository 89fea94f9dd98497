/** A job's values on their way: their JSON, and beside it what moves instead of being copied. */
import * as Effect from "effect/Effect"
import * as Transferable from "effect/workers/Transferable"
import type { Codec } from "../parts/codecs.ts"
import type { Parcel } from "./wire.ts"

/** Fails where the schema does not take the value. */
export const pack = (codec: Codec, value: unknown) =>
  Effect.suspend(() => {
    const collector = Transferable.makeCollectorUnsafe()
    return Effect.map(
      Effect.provideService(codec.encode(value), Transferable.Collector, collector),
      (value): Parcel => ({ value, transfers: collector.readUnsafe() })
    )
  })
