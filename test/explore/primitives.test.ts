/** Every verb and primitive with each single deviation; `npm run explore` is the long one. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { everything, primitives } from "./primitives.ts"

it.live.each(Object.entries(primitives))("%s", ([, program]) =>
  Effect.gen(function*() {
    const { exhausted, points } = yield* Explore.check(program, everything)
    expect(exhausted).toBe(1)
    expect(points).toBeGreaterThan(10)
  }))
