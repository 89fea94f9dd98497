import { describe, expect, it, vi } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Layer, Logger, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Runner, RuntimeError, Task } from "effect-asyncio"
import { DeadlockError, VirtualLoop } from "effect-asyncio/testing"
import { getEventListeners } from "node:events"
import { day, outcomeOf, self, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio
const names = Effect.map(asyncio.allTasks, (tasks) => Array.from(tasks, (task) => task.name))
/** Some turns of the host. */
const turns = async (n = 20) => {
  for (let turn = 0; turn < n; turn++) await new Promise(setImmediate)
}
const virtual = (options?: VirtualLoop.Options) =>
  Runner.make({ layer: VirtualLoop.layer({ patience: "10 millis", ...options }) })
const quietly = Layer.provideMerge(EventLoop.layer(), Logger.layer([]))

/** What holds for both: `run` of a fresh Runner, and `asyncio.run`. */
const runs: ReadonlyArray<[string, typeof asyncio.run]> = [
  ["asyncio.run", asyncio.run],
  ["Runner.run", async (main, options) => {
    await using runner = Runner.make(options)
    return await runner.run(main)
  }]
]

for (const [name, run] of runs) {
  describe(name, () => {
    it("gives the program's value", async () => {
      expect(await run(Effect.succeed(1))).toBe(1)
      expect(await run(asyncio.gather([sleep(0, "a"), Effect.succeed("b")]))).toEqual(["a", "b"])
    })

    it("rejects with the very error, if it is one", async () => {
      const error = new Error("no")
      await expect(run(Effect.fail(error))).rejects.toBe(error)
      await expect(run(Effect.die(error))).rejects.toBe(error)
      await expect(run(Effect.fail("text"))).rejects.toBe("text")
      await expect(run(Effect.failCause(Cause.combine(Cause.interrupt(), Cause.fail("text"))))).rejects.toBe("text")
    })

    it("several failures: an AggregateError of all, which shows all", async () => {
      const errors = [new Error("one"), new TypeError("two: a bug")]
      const both = asyncio.TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.fail(errors[0]))
          yield* group.createTask(Effect.die(errors[1]))
        })
      )
      const got: unknown = await run(both).catch((error: unknown) => error)
      expect(got).toBeInstanceOf(AggregateError)
      expect((got as AggregateError).errors).toEqual(errors)
      expect((got as AggregateError).errors[0]).toBe(errors[0])
      expect((got as AggregateError).message).toBe("2 failures:\n  Error: one\n  TypeError: two: a bug")
    })
    it("several failures that are no Errors", async () => {
      const cause = Cause.combine(Cause.combine(Cause.fail("text"), Cause.interrupt()), Cause.fail({ code: 7 }))
      const got: unknown = await run(Effect.failCause(cause)).catch((error: unknown) => error)
      expect((got as AggregateError).errors).toEqual(["text", { code: 7 }])
      expect((got as AggregateError).message).toBe("2 failures:\n  Error: text\n  Error: {\"code\":7}")
    })

    describe("a cancelled program rejects with a CancelledError", () => {
      const cancelSelf = (message?: string) =>
        Effect.gen(function*() {
          const me = Option.getOrThrow(yield* asyncio.currentTask)
          yield* Task.cancel(me, { message })
          yield* day
        })
      it.each<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, string]>([
        ["that has the message", cancelSelf("shutdown"), "shutdown"],
        ["without one", cancelSelf(), "cancelled without a message"],
        ["by Effect itself", Effect.interrupt, "cancelled without a message"],
        [
          "by something it awaits",
          Effect.flatMap(createTask(cancelSelf("the child's")), Task.join),
          "the child's"
        ]
      ])("%s", async (_, main, message) => {
        const error = await run(main).catch((error: unknown) => error)
        expect(error).toBeInstanceOf(asyncio.CancelledError)
        expect([(error as Error).name, (error as Error).message]).toEqual(["CancelledError", message])
      })
      it("which shows where it was, in an Effect.fn", async () => {
        const worker = Effect.fn("worker")(() => cancelSelf())
        const error = await run(worker()).catch((error: Error) => error)
        expect((error as Error).stack).toMatch(
          /^CancelledError: cancelled without a message\n +at worker .*Runner\.test/
        )
      })
    })

    it("runs on a fresh loop, as its first task", async () => {
      const program = Effect.all([EventLoop.EventLoop, names])
      const [[a, first], [b, second]] = [await run(program), await run(program)]
      expect([first, second]).toEqual([["Task-1"], ["Task-1"]])
      expect(a).not.toBe(b)
      expect([a.isClosed(), b.isClosed()]).toEqual([true, true])
    })

    it("cancels what is left and waits for it before it settles, also after a failure", async () => {
      for (const end of [Effect.succeed("done"), Effect.fail("no"), Effect.die("bug")]) {
        const lines: Array<string> = []
        const leftover = Effect.onInterrupt(
          day,
          () => Effect.andThen(ticks(5), Effect.sync(() => lines.push("cleaned up")))
        )
        const main = Effect.gen(function*() {
          yield* createTask(leftover)
          yield* ticks(2)
          return yield* end
        })
        await run(main).then(() => lines.push("settled"), () => lines.push("settled"))
        expect(lines).toEqual(["cleaned up", "settled"])
      }
    })

    it("reports what nobody saw before it settles", async () => {
      const messages: Array<string> = []
      await run(Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void messages.push(message)))
        yield* createTask(Effect.fail("unseen"))
      }))
      expect(messages).toEqual(["Task exception was never retrieved"])
    })

    it("one inside another has a loop of its own", async () => {
      const inner = Effect.promise(() => run(Effect.all([EventLoop.EventLoop, sleep(1, "inner")])))
      const [outer, [loop, value]] = await run(Effect.all([EventLoop.EventLoop, inner]))
      expect([loop === outer, value]).toEqual([false, "inner"])
    })

    describe("signal", () => {
      const waiting = (lines: Array<string>) =>
        Effect.gen(function*() {
          yield* createTask(Effect.onInterrupt(day, () => Effect.sync(() => lines.push("leftover"))))
          yield* Effect.onInterrupt(day, () => Effect.andThen(ticks(5), Effect.sync(() => lines.push("main"))))
        })

      it("aborting cancels the program, then the rest, and waits for both", async () => {
        const lines: Array<string> = []
        const controller = new AbortController()
        const promise = run(waiting(lines), { signal: controller.signal }).catch((error: Error) => error.message)
        await turns()
        expect(lines).toEqual([])
        controller.abort()
        await promise
        expect(lines).toEqual(["main", "leftover"])
      })

      it("aborted before: the program never begins", async () => {
        const main = Effect.sync(() => expect.unreachable("began"))
        await expect(run(main, { signal: AbortSignal.abort() })).rejects.toHaveProperty("name", "AbortError")
      })

      it("rejects with the reason, if it was the signal", async () => {
        const reason = { why: "the user left" }
        await expect(run(day, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
        const controller = new AbortController()
        const main = Effect.andThen(EventLoop.callSoon(() => controller.abort(reason)), day)
        await expect(run(main, { signal: controller.signal })).rejects.toBe(reason)
        const { signal } = new AbortController()
        await expect(run(Effect.interrupt, { signal })).rejects.toThrow(asyncio.CancelledError)
      })
      it("rejects with a CancelledError, if somebody else asked as well; with the first of several signals", async () => {
        const aborted = (
          others: (task: Task.Task<unknown, unknown>, signal: AbortSignal) => Effect.Effect<unknown>
        ) => {
          const [one, two] = [new AbortController(), new AbortController()]
          const main = Effect.gen(function*() {
            yield* others(yield* self, two.signal)
            for (const [i, controller] of [one, two].entries()) yield* EventLoop.callSoon(() => controller.abort(i))
            yield* day
          })
          return run(main, { signal: one.signal })
        }
        await expect(aborted(Future.cancelOnAbort)).rejects.toBe(0)
        await expect(aborted((task) => Task.cancel(task))).rejects.toThrow(asyncio.CancelledError)
      })
      it("a failure that comes all the same is what comes out", async () => {
        const main = Task.catchCancelled(day, () => Effect.fail("no"))
        const controller = new AbortController()
        const promise = run(Effect.andThen(EventLoop.callSoon(() => controller.abort()), main), controller)
        await expect(promise).rejects.toBe("no")
      })

      it("a reason in words is the cancel message", async () => {
        const controller = new AbortController()
        const main = Effect.gen(function*() {
          yield* EventLoop.callSoon(() => controller.abort("shutting down"))
          return yield* Task.catchCancelled(Effect.as(day, undefined), Effect.succeed)
        })
        expect(await run(main, { signal: controller.signal })).toMatchObject({ _tag: "Some", value: "shutting down" })
      })

      it("a program that has ended is past it, and no listener stays", async () => {
        const controller = new AbortController()
        expect(await run(Effect.succeed(1), { signal: controller.signal })).toBe(1)
        expect(getEventListeners(controller.signal, "abort")).toHaveLength(0)
        controller.abort()
        await turns()
      })
    })

    it("`layer` puts it on another loop", async () => {
      expect(await run(Effect.andThen(day, EventLoop.time), { layer: VirtualLoop.layer() })).toBe(86400)
    })

    it("`debug` and `slowCallbackDuration` go to the loop", async () => {
      const written: Array<unknown> = []
      const console = vi.spyOn(globalThis.console, "log").mockImplementation((...parts) => void written.push(...parts))
      try {
        const busy = Effect.sync(() => {
          const end = performance.now() + 3
          while (performance.now() < end) { /* busy */ }
        })
        await run(busy, { debug: true, slowCallbackDuration: "1 milli" })
        expect(written.join()).toContain("Executing")
        expect(written.join()).toContain("'Task-1'")
      } finally {
        console.mockRestore()
      }
    })
  })
}

describe("Runner", () => {
  it("several runs share one loop, its names and its time", async () => {
    await using runner = virtual()
    const first = await runner.run(Effect.all([EventLoop.EventLoop, sleep("1 second"), EventLoop.time, names]))
    const second = await runner.run(Effect.all([EventLoop.EventLoop, sleep("1 second"), EventLoop.time, names]))
    expect(first[0]).toBe(second[0])
    expect([first[2], second[2]]).toEqual([1, 2])
    expect([first[3], second[3]]).toEqual([["Task-1"], ["Task-2"]])
  })

  it("a failed run leaves the loop as it is", async () => {
    await using runner = Runner.make()
    await expect(runner.run(Effect.fail("no"))).rejects.toBe("no")
    await expect(runner.run(Effect.interrupt)).rejects.toThrow(asyncio.CancelledError)
    expect(await runner.run(Effect.succeed(1))).toBe(1)
  })

  it("runExit gives the outcome as it is", async () => {
    await using runner = Runner.make()
    expect(await runner.runExit(Effect.succeed(1))).toEqual(Exit.succeed(1))
    expect(await runner.runExit(Effect.fail("no"))).toEqual(Exit.fail("no"))
    expect(outcomeOf(await runner.runExit(Effect.interrupt))).toBe("cancelled")
    const defect = new Error("bug")
    expect(outcomeOf(await runner.runExit(Effect.die(defect)))).toBe("die bug")
  })

  it("runs a Task or a Future of its loop; they go on where they were", async () => {
    await using runner = virtual()
    const task = await runner.run(createTask(Effect.as(sleep("10 seconds"), "task")))
    const future = await runner.run(Effect.tap(
      Future.make<string>(),
      (future) => EventLoop.callLater("5 seconds", () => Future.succeedUnsafe(future, "future"))
    ))
    expect(await runner.run(future)).toBe("future")
    expect(await runner.run(EventLoop.time)).toBe(5)
    expect(await runner.run(task)).toBe("task")
    expect(await runner.run(EventLoop.time)).toBe(10)
    // Done ones, too; and failures.
    expect(await runner.run(task)).toBe("task")
    const bad = await runner.run(createTask(Effect.fail("no")))
    await expect(runner.run(bad)).rejects.toBe("no")
  })

  it("live: tasks go on between the runs", async () => {
    await using runner = Runner.make()
    const task = await runner.run(createTask(ticks(5)))
    for (let turn = 0; turn < 1000 && !Task.done(task); turn++) await turns(1)
    expect(Task.done(task)).toBe(true)
  })

  it("on a VirtualLoop everything stands still between the runs", async () => {
    await using runner = virtual()
    let steps = 0
    const walker = Effect.forever(Effect.andThen(sleep("1 hour"), Effect.sync(() => ++steps)))
    const spinner = Effect.forever(Effect.andThen(sleep(0), Effect.sync(() => ++steps)))
    const task = await runner.run(createTask(walker))
    await turns()
    expect([steps, Task.done(task)]).toEqual([0, false])
    await runner.run(sleep("150 minutes"))
    expect(steps).toBe(2)
    await turns()
    expect([steps, await runner.run(EventLoop.time)]).toEqual([2, 9000])
    // Also what would be ready.
    const spinning = await runner.run(createTask(spinner))
    await turns()
    const before = steps
    await turns()
    expect(steps).toBe(before)
    await runner.run(Task.cancel(spinning))
  })

  it("runs may overlap", async () => {
    await using runner = virtual()
    const lines: Array<string> = []
    const run = (name: string, seconds: number) =>
      runner.run(Effect.map(sleep(`${seconds} seconds`), () => lines.push(name)))
    await Promise.all([run("a", 3), run("b", 1), run("c", 2)])
    expect(lines).toEqual(["b", "c", "a"])
    expect(await runner.run(EventLoop.time)).toBe(3)
  })

  it("one inside another, on the same loop", async () => {
    await using runner = virtual()
    const inner = Effect.gen(function*() {
      yield* sleep("1 second")
      return [yield* EventLoop.EventLoop, yield* names] as const
    })
    const [loop, [same, tasks]] = await runner.run(
      Effect.all([EventLoop.EventLoop, Effect.promise(() => runner.run(inner))])
    )
    expect(same).toBe(loop)
    expect(tasks).toEqual(["Task-1", "Task-2"])
  })

  it("the loop is made by the first run", async () => {
    let made = 0
    const runner = Runner.make({
      layer: Layer.tap(EventLoop.layer(), () =>
        Effect.sync(() => {
          made++
        }))
    })
    await turns()
    expect(made).toBe(0)
    await Promise.all([runner.run(Effect.void), runner.run(Effect.void)])
    await runner.run(Effect.void)
    expect(made).toBe(1)
    await runner.close()
  })

  describe("close", () => {
    it("cancels what is left, in order, waits for it, and closes the loop", async () => {
      const runner = virtual()
      const lines: Array<string> = []
      const leftover = (name: string) =>
        Effect.onInterrupt(day, () => Effect.map(sleep("1 second"), () => lines.push(name)))
      const loop = await runner.run(Effect.gen(function*() {
        yield* createTask(leftover("a"))
        yield* createTask(leftover("b"))
        yield* Effect.yieldNow
        return yield* EventLoop.EventLoop
      }))
      await turns()
      expect([lines, loop.isClosed()]).toEqual([[], false])
      await runner.close()
      expect([lines, loop.isClosed()]).toEqual([["a", "b"], true])
    })

    it("twice, at once, before any run, and as a resource", async () => {
      const runner = Runner.make()
      await runner.run(Effect.void)
      await Promise.all([runner.close(), runner.close(), runner[Symbol.asyncDispose]()])
      await runner.close()
      await Runner.make().close()
      let loop: EventLoop.Shape
      {
        await using scoped = Runner.make()
        loop = await scoped.run(EventLoop.EventLoop)
        expect(loop.isClosed()).toBe(false)
      }
      expect(loop.isClosed()).toBe(true)
    })

    it("then run and runExit reject with RuntimeError, also while it closes", async () => {
      const runner = Runner.make()
      await runner.run(Effect.void)
      const closing = runner.close()
      for (const _ of ["closing", "closed"]) {
        const main = Effect.sync(() => expect.unreachable("ran"))
        await expect(runner.run(main)).rejects.toThrow(RuntimeError)
        await expect(runner.runExit(main)).rejects.toThrow("closed")
        await closing
      }
      const never = Runner.make()
      await never.close()
      await expect(never.run(Effect.void)).rejects.toThrow(RuntimeError)
    })

    it("ends a run under way: it rejects, after its clean-up", async () => {
      const runner = Runner.make()
      const lines: Array<string> = []
      const main = Effect.onInterrupt(day, () => Effect.andThen(ticks(5), Effect.sync(() => lines.push("cleaned up"))))
      const run = runner.run(main).catch((error: unknown) => {
        lines.push("rejected")
        return error
      })
      await turns()
      await runner.close()
      expect(await run).toBeInstanceOf(Error)
      expect(lines).toEqual(["cleaned up", "rejected"])
    })

    it("right after a run was asked for: the run still ends", async () => {
      const runner = Runner.make()
      const run = runner.run(day).then(() => "done", () => "rejected")
      await runner.close()
      expect(await run).toBe("rejected")
    })

    it("reports failures that nobody saw, once", async () => {
      const runner = Runner.make()
      const messages: Array<string> = []
      await runner.run(EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void messages.push(message))))
      const held = await runner.run(createTask(Effect.fail("unseen")))
      await turns()
      expect(messages).toEqual([])
      await runner.close()
      await runner.close()
      expect([messages, Task.done(held)]).toEqual([["Task exception was never retrieved"], true])
    })
  })

  describe("signal", () => {
    it("cancels every run under way, and those that come", async () => {
      const controller = new AbortController()
      await using runner = Runner.make({ signal: controller.signal })
      const under = [runner.runExit(day), runner.runExit(day)]
      await turns()
      controller.abort("enough")
      for (const exit of await Promise.all([...under, runner.runExit(day)])) expect(outcomeOf(exit)).toBe("cancelled")
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0)
    })
  })

  describe("misuse", () => {
    it("a Future of another loop: RuntimeError", async () => {
      await using a = Runner.make()
      await using b = Runner.make()
      const future = await a.run(Future.make<number>())
      await expect(b.run(future)).rejects.toThrow(RuntimeError)
      await expect(b.run(future)).rejects.toThrow("another event loop")
    })

    it("what is no awaitable: IllegalArgumentError", async () => {
      await using runner = Runner.make()
      for (const bad of [undefined, null, 5, {}, () => Effect.void, Promise.resolve(1)] as ReadonlyArray<any>) {
        await expect(runner.run(bad as Effect.Effect<void>)).rejects.toThrow(Cause.IllegalArgumentError)
        await expect(runner.run(bad as Effect.Effect<void>)).rejects.toThrow("Runner.run")
      }
    })
  })

  it("a deadlock on a VirtualLoop: the main program dies with it, the runner lives", async () => {
    await using runner = virtual()
    const stuck = Effect.flatMap(Future.make<never>(), Future.join)
    const error = await runner.run(stuck).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(DeadlockError)
    const exit = await runner.runExit(stuck)
    expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
    expect(await runner.run(sleep("1 hour", "on"))).toBe("on")
  })

  it("a layer that can't be built: every run rejects, close works", async () => {
    const runner = Runner.make({ layer: Layer.effectContext(Effect.die(new Error("no loop"))) })
    await expect(runner.run(Effect.void)).rejects.toThrow("no loop")
    await expect(runner.run(Effect.void)).rejects.toThrow("no loop")
    await runner.close()
  })

  it("the layer's own services are there", async () => {
    class Setting extends Context.Service<Setting, string>()("Setting") {}
    await using runner = Runner.make({ layer: Layer.provideMerge(quietly, Layer.succeed(Setting, "set")) })
    const main = Effect.map(
      Effect.context<never>(),
      (context) => Context.getUnsafe(context as Context.Context<Setting>, Setting)
    )
    expect(await runner.run(main)).toBe("set")
  })
})
