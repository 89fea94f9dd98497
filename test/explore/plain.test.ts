/** Programs in plain Effect. */
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Semaphore } from "effect"
import { Explore } from "effect-asyncio/testing"

const patient = { timeLimit: "60 seconds" } as const
const operations = { ...patient, vary: { operations: true } } as const

const transfer = Effect.fn("transfer")(function*(accounts: [number, number]) {
  const a = yield* Effect.sync(() => accounts[0])
  yield* Effect.sync(() => void (accounts[0] = a - 10))
  yield* Effect.sync(() => void (accounts[1] += 10))
})

/** Right as long as no fiber yields in a transfer: Effect may make it. */
const torn = Effect.gen(function*() {
  const accounts: [number, number] = [100, 0]
  const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(transfer(accounts)))
  yield* Effect.forEach(fibers, Fiber.join)
  if (accounts[0] + accounts[1] !== 100) return yield* Effect.die(new Error(`torn: ${accounts}`))
})

const stepsOf = ({ steps }: Explore.Run) => steps.map(({ millis, task, what }) => `${millis} ${task} ${what}`)

describe("plain Effect", () => {
  it.effect("without `operations`: forks, sleeps and latencies are seen", () =>
    Effect.gen(function*() {
      expect((yield* Explore.check(torn, patient)).runs).toBe(2)
      const program = Effect.gen(function*() {
        const done = yield* Deferred.make<string>()
        const worker = Effect.fn("worker")(function*(millis: number) {
          yield* Explore.latency(millis, 40)
          yield* Deferred.succeed(done, `${millis}`)
        })
        yield* Effect.forkChild(worker(10))
        yield* Effect.forkChild(worker(20))
        const first = yield* Deferred.await(done)
        if (first !== "10") return yield* Effect.fail("the second was first")
      })
      const error = yield* Effect.flip(Explore.check(program, patient))
      if (error._tag !== "ScheduleError") throw error
      expect(error.shrunk.map(String)).toEqual(["latency 1 of 'worker, fork 1 of Task-1' takes 23 ms"])
      expect(stepsOf(error.failing)).toEqual([
        "0 Task-1 waits",
        "0 worker, fork 1 of Task-1 waits for a timer",
        "0 worker, fork 2 of Task-1 waits for a timer",
        // Main goes on within its step, and ends those that it forked.
        "20 worker, fork 2 of Task-1 ends cancelled",
        "20 Task-1 fails: the second was first"
      ])
    }))

  it.effect("with `operations`: a yield before any of them", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Explore.check(torn, operations))
      if (error._tag !== "ScheduleError") throw error
      expect(error.shrunk.map(({ kind, task }) => [kind, task])).toEqual([["yield", "transfer, fork 1 of Task-1"]])
      expect(error.canHappen).toBe(true)
      const again = yield* Effect.flip(Explore.check(torn, { ...operations, replay: error.token }))
      expect(again.message.split("\n").slice(4)).toEqual(error.message.split("\n").slice(4))
    }))

  it.effect("and with `cancel` an interruption of any fiber", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(1)
        let isDirty = false
        const work = Effect.fn("work")(function*() {
          yield* Effect.sync(() => void (isDirty = true))
          yield* Effect.sleep(1)
          yield* Effect.sync(() => void (isDirty = false))
        })
        const fiber = yield* Effect.forkChild(Semaphore.withPermit(semaphore, work()))
        yield* Fiber.await(fiber)
        if (isDirty) return yield* Effect.fail("dirty")
      })
      yield* Explore.check(program, operations)
      const error = yield* Effect.flip(Explore.check(program, { ...patient, vary: { operations: true, cancel: true } }))
      if (error._tag !== "ScheduleError") throw error
      expect(error.shrunk.map(({ kind }) => kind)).toEqual(["interrupt"])
    }))

  it.effect("is the same twice, and its written order is that without `operations`", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const log: Array<string> = []
        const say = (name: string) =>
          Effect.gen(function*() {
            for (let i = 0; i < 3; i++) {
              log.push(name)
              yield* Effect.yieldNow
            }
          })
        yield* Effect.all([say("a"), say("b"), say("c")], { concurrency: "unbounded" })
        return log.join("")
      })
      const whats = (run: Explore.Run) => run.steps.at(-1)?.what
      expect(whats(yield* Explore.run(program))).toBe("ends with \"abcabcabc\"")
      expect(whats(yield* Explore.run(program, undefined, operations))).toBe("ends with \"abcabcabc\"")
    }))
})
