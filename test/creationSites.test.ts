/** `creationSites: false`: tasks that do not know where they were created. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { describe } from "vitest"

type Loop = asyncio.EventLoop.EventLoop

const { EventLoop, Task } = asyncio
const without = { creationSites: false }

/** Which of the tasks that exist, by name, know where they were created. */
const sites = Effect.map(
  EventLoop.EventLoop,
  (loop) => Array.from(loop.allTasksUnsafe(), (task) => String(task).includes("created at"))
)

const pause = asyncio.sleep("1 second")

/** A task of each verb that makes some, and the running one. */
const some = Effect.gen(function*() {
  yield* asyncio.createTask(pause)
  yield* asyncio.createTask(asyncio.gather([pause, pause]))
  yield* asyncio.createTask(asyncio.wait([pause]))
  yield* asyncio.createTask(asyncio.TaskGroup.run((group) => group.createTask(pause)))
  yield* asyncio.ensureFuture(pause)
  yield* asyncio.sleep(0)
  return yield* sites
})

const ways: Readonly<
  Record<string, (main: Effect.Effect<Array<boolean>, never, Loop>) => Effect.Effect<Array<boolean>, unknown>>
> = {
  run: (main) => Effect.promise(() => asyncio.run(main, without)),
  "Runner.make": (main) =>
    Effect.promise(async () => {
      await using runner = asyncio.Runner.make(without)
      return await runner.run(main)
    }),
  "EventLoop.layer": (main) => Effect.provide(main, EventLoop.layer(without)),
  "EventLoop.provide": (main) => EventLoop.provide(main, without),
  "VirtualLoop.run": (main) => VirtualLoop.run(main, without),
  "VirtualLoop.layer": (main) => Effect.provide(main, VirtualLoop.layer(without))
}

describe("no task knows", () => {
  for (const [name, run] of Object.entries(ways)) {
    it.live(name, () =>
      Effect.gen(function*() {
        const known = yield* run(some)
        assert.isAbove(known.length, 6)
        assert.notInclude(known, true)
      }))
  }
})

it.live("all of them do by default", () =>
  Effect.gen(function*() {
    const known = yield* VirtualLoop.run(Effect.map(some, (known) => known.filter((isKnown) => isKnown).length))
    assert.isAbove(known, 6)
  }))

it.live("what was made outside of the loop has its place", () => {
  const make = asyncio.createTask(pause)
  return VirtualLoop.run(
    Effect.map(make, (task) => assert.include(String(task), "creationSites.test.ts")),
    without
  )
})

it.live("a loop inside of another has its own way", () =>
  VirtualLoop.run(
    Effect.gen(function*() {
      const create = Effect.suspend(() => Effect.map(asyncio.createTask(pause), String))
      const inner = yield* EventLoop.provide(create)
      const outer = yield* create
      assert.deepStrictEqual([inner, outer].map((text) => text.includes("created at")), [true, false])
    }),
    without
  ))

it.live("reports and snapshots do without", () =>
  Effect.gen(function*() {
    const told: Array<string> = []
    const text = yield* VirtualLoop.run(
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(({ subject }) => Effect.sync(() => void told.push(subject ?? "")))
        yield* Task.await(yield* asyncio.createTask(Effect.die("unseen"), { name: "seen" }))
        yield* asyncio.createTask(Effect.die("unseen"), { name: "failing" })
        yield* pause
        return Insight.format([yield* Insight.currentLoop])
      }),
      without
    )
    assert.match(told.join(), /failing/)
    assert.notMatch(text + told.join(), /created at/)
  }))
