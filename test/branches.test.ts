/**
 * Regions open at once in several fibers that one task forked: each has requests of its own, and gives what
 * `Effect.timeout` gives in its place.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FiberSet, Option, Stream } from "effect"
import { createTask, currentTask, EventLoop, gather, sleep, Task, TaskGroup, timeout, waitFor } from "effect-asyncio"
import { onVirtual, outcome, outcomeOf, type Program, settled } from "./support/loops.ts"

const hour = sleep("1 hour")

const late = (seconds: number): Program<string> =>
  Effect.catchTag(
    timeout(`${seconds} seconds`, () => Effect.as(hour, "slept")),
    "TimeoutError",
    () => Effect.succeed(`late at ${seconds}`)
  )

/** The region of every kind, each ending itself after so many seconds. */
const kinds: Record<string, (seconds: number) => Program<string>> = {
  timeout: late,
  waitFor: (seconds) =>
    Effect.catchTag(
      waitFor(Effect.as(hour, "slept"), `${seconds} seconds`),
      "TimeoutError",
      () => Effect.succeed(`late at ${seconds}`)
    ),
  "waitFor a task": (seconds) =>
    Effect.flatMap(
      createTask(Effect.as(hour, "slept")),
      (task) =>
        Effect.catchTag(waitFor(task, `${seconds} seconds`), "TimeoutError", () => Effect.succeed(`late at ${seconds}`))
    ),
  "a group that is cancelled": (seconds) =>
    Effect.as(
      TaskGroup.run((group) =>
        Effect.andThen(group.createTask(Effect.andThen(sleep(`${seconds} seconds`), group.cancel)), hour)
      ),
      `late at ${seconds}`
    ),
  "a group with a failing child": (seconds) =>
    Effect.catch(
      TaskGroup.run((group) =>
        Effect.as(
          Effect.andThen(group.createTask(Effect.andThen(sleep(`${seconds} seconds`), Effect.fail("no"))), hour),
          "slept"
        )
      ),
      () => Effect.succeed(`late at ${seconds}`)
    ),
  "a timeout in catchCancelled": (seconds) => Task.catchCancelled(late(seconds), () => Effect.succeed("cancelled"))
}

/** The ways in which one task runs several things at once. */
const ways: Record<string, (branches: ReadonlyArray<Program<string>>) => Program<ReadonlyArray<string>>> = {
  "Effect.all": (branches) => Effect.all(branches, { concurrency: "unbounded" }),
  "Effect.forEach": (branches) => Effect.forEach(branches, (branch) => branch, { concurrency: branches.length }),
  "Stream.mapEffect": (branches) =>
    Stream.runCollect(Stream.mapEffect(Stream.fromIterable(branches), (branch) => branch, { concurrency: 9 })),
  forkChild: (branches) =>
    Effect.flatMap(
      Effect.forEach(branches, (branch) => Effect.forkChild(branch)),
      (fibers) => Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    ),
  forkDetach: (branches) =>
    Effect.flatMap(
      Effect.forEach(branches, (branch) => Effect.forkDetach(branch)),
      (fibers) => Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    ),
  "a FiberSet": (branches) =>
    Effect.scoped(Effect.gen(function*() {
      const set = yield* FiberSet.make<string, unknown>()
      const fibers = yield* Effect.forEach(branches, (branch) => FiberSet.run(set, branch))
      return yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    }))
}

describe("regions in branches end at their own moments", () => {
  for (const [way, run] of Object.entries(ways)) {
    for (const [kind, region] of Object.entries(kinds)) {
      it.live(`${kind} in ${way}`, () =>
        Effect.gen(function*() {
          const main = Effect.all([run([region(2), region(1), region(1), region(3)]), EventLoop.time])
          expect(yield* onVirtual(main)).toEqual([["late at 2", "late at 1", "late at 1", "late at 3"], 3])
        }))
    }
  }

  it.live("in branches of a region, in branches of branches", () =>
    Effect.gen(function*() {
      const branches = Effect.all([late(1), late(2)], { concurrency: 2 })
      const main = timeout("1 hour", () => Effect.all([branches, branches, late(3)], { concurrency: 3 }))
      expect(yield* onVirtual(main)).toEqual([["late at 1", "late at 2"], ["late at 1", "late at 2"], "late at 3"])
    }))

  it.live("the region around ends its branches", () =>
    Effect.gen(function*() {
      const marks: Array<string> = []
      const branch = (seconds: number) =>
        Effect.onExit(late(seconds), (exit) =>
          Effect.sync(() => void marks.push(Exit.isSuccess(exit) ? exit.value : "ended")))
      const main = timeout("2 seconds", () =>
        Effect.all([branch(1), branch(3), branch(4)], { concurrency: 3 }))
      expect(yield* onVirtual(outcome(main))).toMatch(/^fail/)
      expect(marks).toEqual(["late at 1", "ended", "ended"])
    }))

  it.live("a request to the task ends all branches, and none of their deadlines ends the task", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(
          Effect.andThen(Effect.all([late(1), late(5)], { concurrency: 2 }), Effect.succeed("went on"))
        )
        yield* sleep("2 seconds")
        const before = [Task.done(task), Task.cancelling(task)]
        yield* Task.cancel(task, { message: "enough" })
        const exit = yield* Task.await(task)
        return [...before, outcomeOf(exit), yield* EventLoop.time]
      })
      expect(yield* onVirtual(main)).toEqual([false, 0, "cancelled", 2])
    }))

  it.live("a deadline in a detached fiber outlives the task that forked it", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const box: { fiber?: Fiber.Fiber<string, unknown> } = {}
        const parent = yield* createTask(Effect.gen(function*() {
          box.fiber = yield* Effect.forkDetach(late(3))
          yield* hour
        }))
        yield* sleep("1 second")
        yield* Task.cancel(parent)
        yield* settled([parent])
        return yield* Fiber.join(box.fiber!)
      })
      expect(yield* onVirtual(main)).toBe("late at 3")
    }))

  it.live("the current task there is the one that forked", () =>
    Effect.gen(function*() {
      const name = Effect.map(currentTask, Option.map((task) => task.name))
      const main = Effect.flatMap(
        createTask(Effect.all([timeout("1 hour", () => name), name], { concurrency: 2 }), { name: "owner" }),
        Task.join
      )
      expect(yield* onVirtual(main)).toEqual([Option.some("owner"), Option.some("owner")])
    }))

  it.live("a deadline around a failing group in a branch still comes", () =>
    Effect.gen(function*() {
      // The group fails while the deadline unwinds it; the code in between catches that, and goes on.
      const child = Effect.ensuring(hour, Effect.die("broken"))
      const block = timeout("1 second", () =>
        Effect.andThen(
          Effect.exit(TaskGroup.run((group) => Effect.andThen(group.createTask(child), hour))),
          hour
        ))
      const main = Effect.all([outcome(block), late(2)], { concurrency: 2 })
      expect(yield* onVirtual(Effect.all([main, EventLoop.time]))).toEqual([
        ["fail timeout: timed out after 1 s", "late at 2"],
        2
      ])
    }))

  it.live("a deadline in an uninterruptible part comes, while those around wait for its end", () =>
    Effect.gen(function*() {
      const part = Effect.andThen(Effect.ignore(timeout("3 seconds", () => Effect.sleep("1 hour"))), EventLoop.time)
      const box: { time?: number } = {}
      const body = Effect.uninterruptible(Effect.tap(part, (time) => Effect.sync(() => void (box.time = time))))
      const main = timeout("2 seconds", () => timeout("1 second", () => body))
      expect(yield* onVirtual(outcome(main))).toMatch(/^fail/)
      expect(box.time).toBe(3)
    }))

  it.live("gathers in branches are cancelled one by one", () =>
    Effect.gen(function*() {
      const branch = (seconds: number) => outcome(timeout(`${seconds} seconds`, () => gather([hour, hour])))
      const main = Effect.all([branch(1), branch(2)], { concurrency: 2 })
      expect(yield* onVirtual(Effect.all([main, EventLoop.time]))).toEqual([
        ["fail timeout: timed out after 1 s", "fail timeout: timed out after 2 s"],
        2
      ])
    }))
})
