/** Programs for `runMain.test.ts`, each a process: the name is its argument. */
import { Console, Data, Effect, Layer, Option, Runtime } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain, signal } from "effect-asyncio/node"
import { VirtualLoop } from "effect-asyncio/testing"

class NotFound extends Data.TaggedError("NotFound")<{ readonly id: number; readonly cause?: unknown }> {}

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 64
}

const told = (text: string) => Effect.onInterrupt(() => Console.log(text))

/** Until it is cancelled. */
const work = Effect.andThen(Console.log("running"), asyncio.sleep("1 hour"))

/** A clean-up that says when it begins, and takes for ever, as far as a test is concerned. */
const slow = Effect.ensuring(Effect.andThen(Console.log("cleaning up"), asyncio.sleep("1 hour")))

/** One that says so again and again. */
const ticking = Effect.ensuring(Effect.forever(Effect.andThen(Console.log("tick"), asyncio.sleep("20 millis"))))

const load = Effect.fn("load")(function*(id: number) {
  yield* asyncio.sleep("1 millis")
  return yield* new NotFound({ id, cause: new TypeError("no route", { cause: "the cable" }) })
})

const programs = {
  well: () => runMain(Effect.as(Console.log("done"), 5)).then((value) => console.log(`gave ${value}`)),
  once: () => {
    setInterval(() => {}, 1000) // a server that nobody closes
    return runMain(
      Effect.gen(function*() {
        yield* asyncio.createTask(asyncio.sleep("1 hour").pipe(told("the task is released")), { name: "left over" })
        yield* work.pipe(told("main is released"))
      })
    )
  },
  catches: () =>
    runMain(asyncio.Task.catchCancelled(work, (message) => Console.log(`met ${Option.getOrNull(message)}`))).then(() =>
      console.log(
        process.listenerCount("SIGINT"),
        process.listenerCount("SIGTERM"),
        process.listenerCount("beforeExit")
      )
    ),
  breaks: () => runMain(Effect.ensuring(work, Effect.die(new Error("the clean-up broke")))),
  hurried: () => runMain(slow(work), { closeTimeout: "1 millis" }),
  twice: () => runMain(slow(work)),
  echo: () =>
    runMain(Effect.gen(function*() {
      // On a busy machine, too, they are heard at one time.
      performance.now = () => 0
      yield* Effect.sync(() => [1, 2, 3].forEach(() => process.kill(process.pid, "SIGINT")))
      yield* asyncio.sleep("1 hour").pipe(told("main is released"))
    })),
  ticks: () => runMain(ticking(work)),
  unread: () =>
    runMain(
      Effect.forever(Effect.andThen(Console.log("tick"), asyncio.sleep("1 millis"))).pipe(
        asyncio.Task.catchCancelled((message) =>
          Console.log("into the pipe").pipe(
            Effect.andThen(Console.error(`cancelled by ${Option.getOrNull(message)}`)),
            Effect.andThen(Effect.interrupt)
          )
        )
      )
    ),
  "unread at last": () => runMain(Effect.sync(() => process.stdout.write("tick\n".repeat(100_000)))),
  closing: () =>
    runMain(Effect.andThen(asyncio.createTask(slow(asyncio.sleep("1 hour")), { eager: true }), Effect.void), {
      closeTimeout: "1 hour"
    }),
  early: () => {
    const end = runMain(Effect.ensuring(Console.log("begun"), Console.log("ended")))
    process.kill(process.pid, "SIGINT")
    return end
  },
  awaited: () =>
    runMain(Effect.gen(function*() {
      const stop = yield* asyncio.createTask(signal("SIGINT"), { eager: true })
      yield* Console.log("running")
      yield* stop
      yield* asyncio.sleep("200 millis") // what comes sooner is the same press
      yield* Console.log("draining")
      yield* asyncio.sleep("1 hour")
    })),
  "awaited echo": () =>
    runMain(Effect.gen(function*() {
      const stop = yield* asyncio.createTask(signal("SIGINT"), { eager: true })
      yield* Effect.sync(() => [1, 2, 3].forEach(() => process.kill(process.pid, "SIGINT")))
      yield* stop
      yield* asyncio.sleep("50 millis")
      yield* Console.log("drained")
    })),
  codes: () => {
    process.exitCode = 3
    return runMain(work)
  },

  one: () => runMain(load(7)),
  several: () =>
    runMain(asyncio.TaskGroup.run(Effect.fnUntraced(function*(group) {
      yield* group.createTask(load(1))
      yield* group.createTask(Effect.die(new RangeError("a bug")))
      yield* group.createTask(Effect.fail("a text"))
    }))),
  usage: () => runMain(new Usage({ message: "no such file" })),
  interrupted: () => runMain(Effect.interrupt),
  aborted: () => runMain(work, { signal: AbortSignal.abort(new Error("not today")) }),
  unseen: () => runMain(asyncio.createTask(Effect.fail("lost")), { layer: VirtualLoop.layer() }),
  big: () => runMain(Effect.andThen(Console.log("x".repeat(5_000_000)), Effect.fail("the end"))),

  stuck: () =>
    runMain(Effect.scoped(Effect.gen(function*() {
      yield* Effect.addFinalizer(() => Console.log("released"))
      const lock = yield* asyncio.Lock.make
      yield* asyncio.Lock.acquire(lock)
      yield* asyncio.createTask(asyncio.Lock.acquire(lock), { name: "second" })
      yield* Console.log("waiting")
      yield* Effect.flatMap(asyncio.Event.make, asyncio.Event.wait)
    }))),
  unbuilt: () => runMain(Effect.void, { layer: Layer.unwrap(Effect.never) }),
  stubborn: () => runMain(Effect.uninterruptible(Effect.flatMap(asyncio.Event.make, asyncio.Event.wait)))
}

await programs[process.argv[2] as keyof typeof programs]()
