import { describe, expect, it } from "@effect/vitest"
import { Cause, type Context, Deferred, type Duration, Effect, Scheduler } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { ForeignQueue } from "../src/internal/kernel/ForeignQueue.ts"
import { defectOf, everywhere, inside, logged, loggedBy, outcome, ticks, timed } from "./support/loops.ts"

const { callLater, callSoon } = EventLoop
const service = EventLoop.EventLoop

/** `b` begins at once and yields; in which order do the three go on? */
const forkThree = logged((log) =>
  Effect.gen(function*() {
    const say = (name: string) => Effect.sync(() => log(name))
    yield* Effect.forkChild(say("a"))
    yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, say("b")), { startImmediately: true })
    yield* Effect.forkChild(say("c"))
    yield* ticks(10)
  })
)

describe("the ready queue", () => {
  it.live("raw Effect has no order among fibers", () =>
    Effect.map(forkThree, (lines) => expect(lines).toEqual(["a", "c", "b"])))

  everywhere("all fibers share one queue, first come, first served", forkThree, ["a", "b", "c"])

  everywhere(
    "so do the fibers of a layer's program, outside of any task",
    Effect.provide(forkThree, EventLoop.layer(), { local: true }),
    ["a", "b", "c"]
  )

  everywhere(
    "forks, yields, tasks and callbacks stand in one line",
    logged((log) =>
      Effect.gen(function*() {
        const say = (name: string) => Effect.sync(() => log(name))
        yield* asyncio.createTask(say("task 1"))
        yield* callSoon(() => log("callback 1"))
        yield* Effect.forkChild(say("fork 1"))
        yield* Effect.forkDetach(say("fork 2"))
        yield* callSoon(() => log("callback 2"))
        yield* asyncio.createTask(say("task 2"))
        yield* Effect.yieldNow
        yield* say("main")
      })
    ),
    ["task 1", "callback 1", "fork 1", "fork 2", "callback 2", "task 2", "main"]
  )

  everywhere(
    "a tick runs what was ready when it began; what that schedules waits for the next",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* service
        yield* callSoon(() => {
          log("first")
          loop.callSoonUnsafe(() => log("scheduled by the first"))
        })
        yield* callSoon(() => log("second"))
        yield* Effect.yieldNow
        log("main")
        yield* Effect.yieldNow
      })
    ),
    ["first", "second", "main", "scheduled by the first"]
  )

  everywhere(
    "tasks take turns, a step each",
    logged((log) =>
      asyncio.gather(["a", "b", "c"].map((name) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) {
            log(`${name}${i}`)
            yield* asyncio.sleep(0)
          }
        })
      ))
    ),
    ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]
  )

  everywhere(
    "an entry that throws does not take the rest of its tick with it",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.void)
        yield* callSoon(() => log("before"))
        yield* callSoon(() => {
          throw new Error("thrown")
        })
        yield* callSoon(() => log("after"))
        yield* Effect.yieldNow
        log("main")
      })
    ),
    ["before", "after", "main"]
  )

  everywhere(
    "whoever completes a future: its waiter runs in the next tick, not inside",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* asyncio.createTask(Effect.map(Future.join(future), log))
        yield* Effect.yieldNow
        yield* callSoon(() => {
          Future.succeedUnsafe(future, "waiter")
          log("completed")
        })
        yield* callSoon(() => log("beside"))
        yield* ticks(2)
      })
    ),
    ["completed", "beside", "waiter"]
  )

  describe("steps are atomic", () => {
    const many = Effect.forEach(Array.from({ length: 10_000 }), () => Effect.void, { discard: true })
    const beside = (effect: Effect.Effect<void>) =>
      logged((log) =>
        Effect.gen(function*() {
          const long = yield* asyncio.createTask(Effect.andThen(effect, Effect.sync(() => log("long"))))
          const short = yield* asyncio.createTask(Effect.sync(() => log("short")))
          yield* asyncio.wait([long, short])
        })
      )
    everywhere("no step is cut by Effect's operation count", beside(many), ["long", "short"])
    everywhere(
      "whoever wants Effect's automatic yields sets them back",
      beside(Effect.provideService(many, Scheduler.PreventSchedulerYield, false)),
      ["short", "long"]
    )
    everywhere(
      "in bare fibers under the layer, too",
      Effect.provide(
        logged((log) =>
          Effect.gen(function*() {
            yield* callSoon(() => log("callback"))
            yield* many
            log("bare fiber")
            yield* Effect.yieldNow
          })
        ),
        EventLoop.layer(),
        { local: true }
      ),
      ["bare fiber", "callback"]
    )
  })
})

describe("callSoon", () => {
  everywhere(
    "in order, 1000 of them",
    logged((log) =>
      Effect.gen(function*() {
        for (let i = 0; i < 1000; i++) yield* callSoon(() => log(i))
        yield* Effect.yieldNow
      })
    ),
    Array.from({ length: 1000 }, (_, i) => i)
  )

  everywhere(
    "a cancelled handle does not run, also if it is in the tick under way",
    logged((log) =>
      Effect.gen(function*() {
        const early = yield* callSoon(() => log("early"))
        const handles: Array<EventLoop.Handle> = []
        yield* callSoon(() => handles[0]!.cancelUnsafe())
        handles.push(yield* callSoon(() => log("late")))
        log(early.cancelled)
        yield* early.cancel
        yield* early.cancel
        log(early.cancelled)
        yield* Effect.yieldNow
        log(handles[0]!.cancelled)
      })
    ),
    [false, true, true]
  )

  everywhere(
    "cancelling after it ran does nothing",
    logged((log) =>
      Effect.gen(function*() {
        const handle = yield* callSoon(() => log("ran"))
        yield* Effect.yieldNow
        yield* handle.cancel
        yield* ticks(2)
      })
    ),
    ["ran"]
  )
})

describe("debug", () => {
  const debugged = (program: Effect.Effect<unknown, unknown, EventLoop.EventLoop>, options?: EventLoop.Options) =>
    Effect.map(
      loggedBy(VirtualLoop.run(program, { debug: true, ...options })),
      (lines) => lines.map(({ level, text }) => `${level}: ${text}`)
    )
  const busyFor = (duration: Duration.Input) => VirtualLoop.advance(duration)
  const step = (duration: Duration.Input) =>
    Effect.flatMap(asyncio.createTask(busyFor(duration), { name: "busy" }), Task.join)

  it.live("a step of 100 ms and more is reported, with its task", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("99 millis"))).toEqual([])
      const lines = yield* debugged(step("100 millis"))
      expect(lines).toEqual([expect.stringMatching(/^Warn: Executing .*'busy'.* took 0\.100 seconds$/)])
    }))

  it.live("also a later step, whoever resumes the task", () =>
    Effect.gen(function*() {
      const pauses = [
        asyncio.sleep(0),
        asyncio.sleep("1 second"),
        Effect.yieldNow,
        // These resume outside of the ready queue: from the Clock itself, from the host, from whoever completes it.
        Effect.sleep("1 second"),
        Effect.promise(() => Promise.resolve()),
        Effect.andThen(Effect.promise(() => Promise.resolve()), Effect.promise(() => Promise.resolve()))
      ]
      for (const pause of pauses) {
        const main = Effect.flatMap(
          asyncio.createTask(Effect.andThen(pause, busyFor("1.5 seconds")), { name: "busy" }),
          Task.join
        )
        expect(yield* debugged(main)).toEqual([expect.stringMatching(/'busy'.* took 1\.500 seconds$/)])
      }
    }))

  it.live("who resumes another at once is not blamed for it", () =>
    Effect.gen(function*() {
      const lines = yield* debugged(Effect.gen(function*() {
        const deferred = yield* Deferred.make<void>()
        const slow = Effect.andThen(Deferred.await(deferred), busyFor("1 second"))
        const task = yield* asyncio.createTask(slow, { name: "slow" })
        const waker = yield* asyncio.createTask(Deferred.succeed(deferred, undefined), { name: "waker" })
        yield* asyncio.gather([task, waker])
      }))
      expect(lines).toEqual([expect.stringMatching(/'slow'.* took 1\.000 seconds$/)])
    }))

  it.live("callbacks and timers, too, in words", () =>
    Effect.gen(function*() {
      for (
        const schedule of [callSoon, (f: () => void) => callLater(0, f), (f: () => void) => callLater("1 second", f)]
      ) {
        const lines = yield* debugged(Effect.gen(function*() {
          const context = yield* Effect.context<EventLoop.EventLoop>()
          yield* schedule(() => Effect.runSyncWith(context)(busyFor("200 millis")))
          yield* asyncio.sleep("2 seconds")
        }))
        expect(lines).toEqual([expect.stringMatching(/^Warn: Executing .* took 0\.200 seconds$/)])
        expect(lines[0]).not.toContain("[object Object]")
      }
    }))

  it.live("slowCallbackDuration is the limit", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("999 millis"), { slowCallbackDuration: "1 second" })).toEqual([])
      expect(yield* debugged(step("1 second"), { slowCallbackDuration: "1 second" })).toHaveLength(1)
    }))

  it.live("changes neither order nor outcome", () =>
    Effect.gen(function*() {
      const program = Effect.all([forkThree, outcome(asyncio.gather([asyncio.sleep(5, "a"), Effect.fail("b")]))])
      expect(yield* VirtualLoop.run(program, { debug: true })).toEqual(yield* VirtualLoop.run(program))
    }))

  it.live("without debug nothing is reported", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("10 seconds"), { debug: false })).toEqual([])
    }))

  it.live("a limit of NaN dies with IllegalArgumentError", () =>
    Effect.gen(function*() {
      const defect = yield* defectOf(EventLoop.provide(Effect.void, { debug: true, slowCallbackDuration: NaN }))
      expect(Cause.isIllegalArgumentError(defect)).toBe(true)
    }))
})

describe("AsyncLocalStorage", () => {
  const storage = new AsyncLocalStorage<string>()
  /** Runs one effect's synchronous beginning in a store of its own. */
  const within = <A, E, R>(store: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      Effect.suspend(() => storage.run(store, () => Effect.runSyncExitWith(context)(effect)))
    )
  const stores = (steps: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const seen = [storage.getStore()]
      for (let i = 0; i < 3; i++) {
        yield* steps
        seen.push(storage.getStore())
      }
      return seen
    })
  const isolated = (steps: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const a = yield* within("a", asyncio.createTask(stores(steps)))
      const b = yield* within("b", asyncio.createTask(stores(steps)))
      const none = yield* asyncio.createTask(stores(steps))
      expect(yield* a).toEqual(["a", "a", "a", "a"])
      expect(yield* b).toEqual(["b", "b", "b", "b"])
      expect(yield* none).toEqual([undefined, undefined, undefined, undefined])
    })

  everywhere("each task keeps the store it was created in, across sleep(0)", isolated(asyncio.sleep(0)))
  everywhere("… across yields", isolated(Effect.yieldNow))
  timed("… across sleeps", isolated(asyncio.sleep("1 second")))
  everywhere("… across promises", isolated(Effect.promise(() => Promise.resolve())))

  everywhere(
    "… across a join of a task with another store",
    Effect.gen(function*() {
      const inner = yield* within("inner", asyncio.createTask(Effect.andThen(asyncio.sleep(0), asyncio.sleep(0))))
      const outer = yield* within(
        "outer",
        asyncio.createTask(Effect.andThen(Task.join(inner), Effect.sync(() => storage.getStore())))
      )
      expect(yield* outer).toBe("outer")
    })
  )

  everywhere(
    "the children of gather begin in the store of its caller",
    Effect.gen(function*() {
      const read = Effect.sync(() => storage.getStore())
      const task = yield* within("a", asyncio.createTask(asyncio.gather([read, Effect.andThen(Effect.yieldNow, read)])))
      expect(yield* task).toEqual(["a", "a"])
    })
  )

  everywhere(
    "an eager task begins in its creator's store",
    Effect.gen(function*() {
      const task = yield* within("a", asyncio.createTask(stores(Effect.yieldNow), { eager: true }))
      expect(yield* task).toEqual(["a", "a", "a", "a"])
    })
  )

  everywhere(
    "callbacks run in the store they were scheduled in, as Python's do in a copy of the context",
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const read = (name: string) => () => void seen.push(`${name} ${storage.getStore()}`)
      yield* within("a", callSoon(read("soon")))
      yield* within("b", callSoon(read("soon")))
      yield* within("a", callLater(0, read("later")))
      yield* within("b", callLater(0, read("later")))
      const future = yield* Future.make<void>()
      yield* within("a", Future.addDoneCallback(future, read("done")))
      yield* within("b", Future.addDoneCallback(future, read("done")))
      yield* within("c", Future.succeed(future, undefined))
      yield* ticks(4)
      expect(seen.toSorted()).toEqual(["done a", "done b", "later a", "later b", "soon a", "soon b"])
    })
  )
})

describe("the live loop's own queue", () => {
  it.live("serves Effect's plain scheduler", () =>
    EventLoop.provide(Effect.map(inside, ({ queue }) => expect(queue.isEmpty).toBe(true))))

  it.effect("under TestClock it asks TestClock for its turns", () =>
    EventLoop.provide(Effect.map(inside, ({ queue }) => expect(queue).toBeInstanceOf(ForeignQueue))))

  it.live("a loop in a loop takes its turns in the other's queue", () =>
    EventLoop.provide(Effect.gen(function*() {
      const { queue } = yield* inside
      const task = yield* asyncio.createTask(EventLoop.provide(
        Effect.all([inside, asyncio.gather([forkThree, asyncio.sleep(0, 1)])])
      ))
      const [inner, values] = yield* task
      expect(inner.queue).toBe(queue)
      expect(values).toEqual([["a", "b", "c"], 1])
    })))
})
