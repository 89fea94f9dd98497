/**
 * What copies of the package say of each other: run by `copies.test.ts` with the `index.ts` of three, the last of another
 * version, and the first one's `testing/index.ts`.
 */
import { Cause, Effect, Exit } from "effect"
import type * as asyncio from "effect-asyncio"
import type * as testing from "effect-asyncio/testing"

type Asyncio = typeof asyncio

const load = (path: string): Promise<any> => import(path)
const [one, two, other, { VirtualLoop }]: [Asyncio, Asyncio, Asyncio, typeof testing] = await Promise.all(
  process.argv.slice(2).map(load) as [Promise<Asyncio>, Promise<Asyncio>, Promise<Asyncio>, Promise<typeof testing>]
)

/** How a program of one copy ends on the loop of the first: its value, or the message of its defect. */
const ending = (program: Effect.Effect<unknown, unknown, any>) =>
  Effect.map(
    Effect.exit(program),
    (exit) =>
      Exit.isSuccess(exit)
        ? exit.value
        : String(Cause.squash(exit.cause)).replace(/ created at [^\s>]+/, "").replace(
          /the lock, [^]*, belongs/,
          "the lock, …, belongs"
        )
  )

const main: Effect.Effect<unknown, never, any> = Effect.gen(function*() {
  const lines: Record<string, unknown> = {}
  const task = yield* one.createTask(one.sleep("1 second", "value"), { name: "theirs" })
  const lock = yield* one.Lock.make
  for (const [name, copy] of [["the same version", two], ["another version", other]] as const) {
    const say = function*(what: string, program: () => Effect.Effect<unknown, unknown, any>) {
      lines[`${name}: ${what}`] = yield* ending(Effect.suspend(program))
    }
    lines[`${name}: isTask`] = copy.Task.isTask(task)
    yield* say("gather of a task", () => copy.EventLoop.provide(copy.gather([task])))
    yield* say("gather of a lone task", () => copy.EventLoop.provide(copy.gather(task as any)))
    yield* say("Task.join of a task", () => copy.Task.join(task))
    yield* say("Lock.acquire of a lock", () => copy.Lock.acquire(lock))
    yield* say("Condition.make on a lock", () => Effect.flatMap(copy.Condition.make(lock), copy.Condition.acquire))
    yield* say("createTask on a loop", () => copy.createTask(Effect.void))
    yield* say("a region in a region", () => copy.timeout("1 second", () => Effect.void))
    yield* say(
      "a lock of its own, without a loop",
      () => Effect.flatMap(copy.Lock.make, (lock) => copy.Lock.withLock(lock, Effect.succeed("held")))
    )
  }
  lines["a task awaited by its own copy"] = yield* task
  return lines
})

console.log(JSON.stringify(await Effect.runPromise(VirtualLoop.run(main as Effect.Effect<unknown>))))
