/**
 * Planted bugs, and Explore with a constraint taken away: each passes in the written order, and is found. That the library
 * itself passes all of it is in primitives.test.ts and order.test.ts.
 */
import { describe, expect, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Finding } from "./find.ts"
import { mutants, unbound } from "./mutants.ts"

/** In a process of its own, as vitest has a loader of its own. */
const hunted = promisify(execFile)(
  process.execPath,
  ["--conditions=effect-asyncio-source", `${import.meta.dirname}/hunt.ts`]
)

const findings = hunted.then(({ stdout }) =>
  stdout.trim().split("\n").map((line) => JSON.parse(line) as Finding | null)
)

const all = [...mutants, ...unbound].map((mutant, index) => ({ ...mutant, index }))

describe("found within 500 runs", () => {
  it.each(all)("$subject: $wrong", async ({ found, index }) => {
    const finding = (await findings)[index]
    // What fails in the written order has found nothing.
    expect(finding?.found).toBeGreaterThan(0)
    expect(finding?.shrunk).toEqual(found)
  })
})

describe("its token replays", () => {
  // An Explore that keeps no promise may not keep this one.
  it.each(all.slice(0, mutants.length))("$subject: $wrong", async ({ index }) => {
    expect((await findings)[index]?.replays).toBe(true)
  })
})
