/** Where the library's errors point: at the user's line, by the frames of Effect.fn, or by a task's creation site. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { type SpinError, VirtualLoop } from "effect-asyncio/testing"
import * as Errors from "../src/Errors.ts"
import type { Program } from "./support/loops.ts"

const { Barrier, Condition, createTask, EventLoop, Future, Lock, Queue, Runner, sleep, Task, Timeout } = asyncio

/** Runs `program` in a function of this file, after a tick. */
const user = Effect.fn("user")((program: Program) => Effect.andThen(sleep(0), program))
const here = /errors\.test\.ts:\d+:\d+/
const frames = /\n +at user \(.*errors\.test\.ts:\d+:\d+\)/

const queue = (options?: asyncio.Queue.Options) => Queue.make<number>(options)
const later = (effect: Effect.Effect<unknown, unknown>) => createTask(Effect.andThen(sleep("1 second"), effect))

/** Each error, from where it is made at once and from where it comes to one who waits. */
const table: Readonly<Record<string, ReadonlyArray<readonly [string, Program]>>> = {
  BrokenBarrierError: [
    ["at once", Effect.flatMap(Barrier.make(2), (b) => Effect.andThen(Barrier.abort(b), Barrier.wait(b)))],
    ["waiting", Effect.flatMap(Barrier.make(2), (b) => Effect.andThen(later(Barrier.abort(b)), Barrier.wait(b)))]
  ],
  IllegalArgumentError: [
    ["gather", Effect.suspend(() => asyncio.gather(5 as unknown as []))],
    ["Lock.acquire", Effect.suspend(() => Lock.acquire(5 as unknown as asyncio.Lock.Lock))],
    ["sleep", Effect.suspend(() => sleep(NaN))]
  ],
  InvalidStateError: [
    ["result", Effect.flatMap(Future.make(), Future.result)],
    ["succeed", Effect.flatMap(Future.make(), (f) => Effect.andThen(Future.cancel(f), Future.succeed(f, 1)))]
  ],
  QueueEmpty: [["getNowait", Effect.flatMap(queue(), Queue.getNowait)]],
  QueueFull: [["putNowait", Effect.flatMap(queue({ maxsize: 1 }), (q) => Effect.forever(Queue.putNowait(q, 1)))]],
  QueueShutDown: [
    ["at once", Effect.flatMap(queue(), (q) => Effect.andThen(Queue.shutdown(q), Queue.get(q)))],
    ["waiting", Effect.flatMap(queue(), (q) => Effect.andThen(later(Queue.shutdown(q)), Queue.get(q)))]
  ],
  RuntimeError: [
    ["Lock.release", Effect.flatMap(Lock.make, Lock.release)],
    ["Condition.wait", Effect.flatMap(Condition.make(), Condition.wait)],
    ["a future of another loop", Effect.flatMap(Future.make(), (f) => EventLoop.provide(Future.join(f)))],
    ["Timeout.reschedule", Effect.flatMap(asyncio.timeout(1, Effect.succeed), (t) => Timeout.reschedule(t, 1))]
  ],
  TimeoutError: [
    ["timeout", asyncio.timeout("1 second", () => sleep("1 hour"))],
    ["waitFor a task", Effect.flatMap(createTask(sleep("1 hour")), asyncio.waitFor("1 second"))],
    ["waitFor, no time", asyncio.waitFor(sleep("1 hour"), 0)],
    ["asCompleted", Stream.runDrain(asyncio.asCompleted([sleep("1 hour")], { timeout: 1 }))],
    [
      "asCompletedEffects",
      Effect.flatMap(asyncio.asCompletedEffects([sleep("1 hour")], { timeout: 1 }), ([first]) => first!)
    ]
  ]
}

it("there is a row for every error", () => {
  // A cancellation is an error only at a promise's edge, see below.
  const all = ["CancelledError", "IllegalArgumentError", "TimeoutError", ...Object.keys(Errors)]
  expect(new Set(all)).toEqual(new Set(["CancelledError", ...Object.keys(table)]))
})

for (const [name, programs] of Object.entries(table)) {
  describe(`${name}: the frames of Effect.fn`, () => {
    for (const [how, program] of programs) {
      it.live(`${how}, in the cause`, () =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(VirtualLoop.run(user(program)))
          expect(exit._tag).toBe("Failure")
          const pretty = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
          expect(pretty).toMatch(new RegExp(`^${name}: `))
          expect(pretty).toMatch(frames)
        }))
      it(`${how}, in what a promise rejects with`, async () => {
        await using runner = Runner.make({ layer: VirtualLoop.layer() })
        const error: unknown = await runner.run(user(program)).catch((error: unknown) => error)
        expect(error).toHaveProperty("name", name)
        expect((error as Error).stack).toMatch(new RegExp(`^${name}: `))
        expect((error as Error).stack).toMatch(frames)
      })
    }
  })
}

describe("a promise's edge", () => {
  it("several failures: each of the library's own", async () => {
    const both = asyncio.TaskGroup.run((group) =>
      Effect.all([
        group.createTask(user(asyncio.timeout(1, () => sleep("1 hour")))),
        group.createTask(user(Effect.andThen(asyncio.sleep(1), Effect.flatMap(Lock.make, Lock.release))))
      ])
    )
    await using runner = Runner.make({ layer: VirtualLoop.layer() })
    const error: any = await runner.run(both).catch((error: unknown) => error)
    expect(error.errors.map((error: Error) => error.name).toSorted()).toEqual(["RuntimeError", "TimeoutError"])
    for (const { stack } of error.errors) expect(stack).toMatch(frames)
  })
  it("a CancelledError, by where it was interrupted", async () => {
    await using runner = Runner.make({ layer: VirtualLoop.layer() })
    const main = Effect.flatMap(createTask(user(sleep("1 hour")), { name: "sleeper" }), (task) =>
      Effect.andThen(
        EventLoop.callLater(1, () => Task.cancelUnsafe(task, { message: "enough" })),
        Task.join(task)
      ))
    const error: any = await runner.run(main).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(asyncio.CancelledError)
    expect(error.stack).toMatch(/^CancelledError: enough\n/)
    expect(error.stack).toMatch(frames)
  })
  it("somebody else's error is left as it is", async () => {
    const error = new Error("mine")
    const { stack } = error
    await asyncio.run(user(Effect.fail(error))).catch(() => {})
    expect(error.stack).toBe(stack)
  })
})

it("what a plain call throws has the caller's line in its own stack", () => {
  for (const call of [() => Lock.locked(5 as any), () => Lock.releaseUnsafe(Effect.runSync(Lock.make))]) {
    const thrown = (() => {
      try {
        return call()
      } catch (error) {
        return error
      }
    })()
    expect((thrown as Error).stack).toMatch(here)
  }
})

describe("creation sites", () => {
  const stuck = Effect.flatMap(createTask(Effect.never, { name: "stuck" }), Task.join)
  it.live("DeadlockError", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(VirtualLoop.run(stuck, { patience: 0 }))
      expect([error._tag, error.message]).toEqual(["DeadlockError", expect.stringMatching(here)])
    }))
  it.live.each<[string, Program]>([
    ["ticks without end", Effect.forever(sleep(0))],
    [
      "awaits without end",
      Effect.flatMap(
        Future.make(),
        (done) => Effect.andThen(Future.succeed(done, 1), Effect.forever(Future.join(done)))
      )
    ]
  ])("SpinError: %s", ([, spin]) =>
    Effect.gen(function*() {
      const main = Effect.flatMap(createTask(spin, { name: "spinning" }), Task.join)
      const error = yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 100 }))
      expect([(error as SpinError)._tag, (error as SpinError).message]).toEqual([
        "SpinError",
        expect.stringMatching(here)
      ])
    }))
  it.live("a task in the wrong place", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(EventLoop.provide(
        Effect.flatMap(createTask(sleep("1 hour")), (task) => EventLoop.provide(asyncio.gather([task])))
      ))
      expect(String(exit)).toMatch(here)
    }))
})
