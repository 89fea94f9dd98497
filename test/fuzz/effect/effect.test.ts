/** Plain Effect and this library's counterparts do the same: in every program that once showed a fault, and in fresh ones. */
import { Effect, Fiber, Semaphore } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type Difference, differences, explain } from "./differences.ts"
import type { Run } from "./interpret.ts"
import { runOurs } from "./ours.ts"
import { PlainWorld, runPlain } from "./plain.ts"
import { generate, type Program, smaller } from "./program.ts"

interface Entry {
  readonly about: string
  /** The documented differences that it shows. */
  readonly known?: ReadonlyArray<Difference>
  readonly program: Program
}

const corpus: ReadonlyArray<Entry> = JSON.parse(readFileSync(join(import.meta.dirname, "corpus.json"), "utf8"))
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe("programs that once showed a fault", () => {
  it.each(corpus)("$about", async ({ known = [], program }) => {
    expect(explain(program, await runOurs(program))).toEqual(known)
  })
})

it("fresh programs", async () => {
  const differing: Array<number> = []
  for (const seed of seeds(2000)) {
    const program = generate(seed)
    if (explain(program, await runOurs(program)) === undefined) differing.push(seed)
  }
  expect(differing).toEqual([])
})

describe("every documented difference", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../../docs/cancellation.md"), "utf8").split("\n")
  it.each(differences)("%s", (difference) => {
    expect(corpus.some(({ known }) => known?.includes(difference))).toBe(true)
    expect(docs.some((line) => line.startsWith(`| ${difference} `))).toBe(true)
  })
})

describe("faults are seen", () => {
  type Change = (world: PlainWorld) => void
  const faults: Record<string, Change> = {
    "a deadline that ends nothing": (world) => world.timeout = (body) => body,
    "a deadline that waits for no clean-up": (world) => {
      world.timeout = (body, millis) => Effect.timeout(Effect.flatMap(Effect.forkDetach(body), Fiber.join), millis)
    },
    "a gather that leaves its siblings running": (world) => {
      world.gather = (children) => Effect.forEach(children, (child) => child, { concurrency: 1 })
    },
    "a lock for two": (world) => Object.assign(world.hold, { lock: Semaphore.makeUnsafe(2).withPermit }),
    "an event that is always set": (world) => Object.assign(world.event, { wait: Effect.void }),
    "a queue that gives nothing": (world) => Object.assign(world.queues.bounded, { get: Effect.never }),
    "a group that can't be ended": (world) => {
      const { untilStopped } = world
      world.untilStopped = (body: Run<never>, tasks) => untilStopped.call(world, body, tasks, Effect.never)
    }
  }
  it.each(Object.entries(faults))("%s", (_, change) => {
    const differs = (program: Program) =>
      JSON.stringify(runPlain(program)) !== JSON.stringify(runPlain(program, (queues) => {
        const world = new PlainWorld(queues)
        change(world)
        return world
      }))
    expect(seeds(2000).map(generate).some(differs)).toBe(true)
  })
})

it("a seed always gives the same program, and a program the same run", async () => {
  expect(generate(7)).toEqual(generate(7))
  expect(generate(7)).not.toEqual(generate(8))
  expect(await runOurs(generate(7))).toEqual(await runOurs(generate(7)))
})

it("shrinking adds no statement and comes to an end", () => {
  const size = (program: Program) => JSON.stringify(program).match(/"op":/g)?.length ?? 0
  for (const seed of [1, 2, 3]) {
    let program = generate(seed)
    for (let step = 0; program.length > 0; step++) {
      const candidates = smaller(program)
      for (const candidate of candidates) expect(size(candidate)).toBeLessThanOrEqual(size(program))
      program = candidates.at(-1)!
      expect(step).toBeLessThan(1000)
    }
  }
})
