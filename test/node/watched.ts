/** Programs for `monitor.test.ts` and `ps.test.ts`, each a process: the name is its argument. */
// Not from its index, which takes half a second to load.
import * as asyncio from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"

const { Lock } = asyncio

const up = Effect.sync(() => console.log("up"))
const forLong = asyncio.sleep("1 hour")

const transfer = Effect.fn("transfer")(function*(from: asyncio.Lock.Lock, to: asyncio.Lock.Lock) {
  yield* Lock.withLock(from, Effect.andThen(asyncio.sleep(0), Lock.withLock(to, Effect.void)))
})

/** Two that wait for each other. */
const circle = Effect.gen(function*() {
  const [checking, savings] = [Insight.named(yield* Lock.make, "checking"), Insight.named(yield* Lock.make, "savings")]
  yield* asyncio.createTask(transfer(checking, savings), { name: "alice" })
  yield* asyncio.createTask(transfer(savings, checking), { name: "bob" })
  yield* asyncio.sleep("1 millis")
})

/** Begins when a watchdog has felt the loop move: what comes before counts as loading. */
const hog = Effect.fn("hog")(function*(until: () => boolean) {
  yield* asyncio.sleep("100 millis")
  yield* up
  while (!until()) { /* nobody else runs */ }
})

const programs: Readonly<Record<string, (argument: string) => Promise<unknown>>> = {
  waits: () => asyncio.run(Effect.andThen(circle, Effect.andThen(up, forLong))),
  ends: () => asyncio.run(up),
  /** The first circle is one that a timeout opens; it stands long enough to be looked at. The second stays, past a line of input. */
  opened: () =>
    asyncio.run(Effect.gen(function*() {
      const lock = yield* Lock.make
      const first = yield* asyncio.createTask(
        Lock.withLock(lock, asyncio.timeout("500 millis", () => Effect.andThen(asyncio.sleep(0), () => forSecond))),
        { name: "first" }
      )
      const second = yield* asyncio.createTask(Lock.withLock(lock, Effect.void), { name: "second" })
      const forSecond = asyncio.Task.join(second)
      yield* asyncio.gather([first, second], { returnExceptions: true })
      yield* up
      yield* circle
      yield* Effect.promise(() => once(process.stdin, "data"))
      // Time for more looks.
      yield* asyncio.sleep("500 millis")
      console.log("later")
      yield* forLong
    })),
  fails: () =>
    asyncio.run(Effect.gen(function*() {
      for (const which of ["first", "second"]) {
        yield* asyncio.EventLoop.callSoon(() => {
          throw new Error(which)
        })
      }
      yield* forLong
    })),
  hogs: (file) => asyncio.run(asyncio.gather([hog(() => existsSync(file)), forLong])),
  /** In a system call again and again, and out of it for as long: a watchdog that is slow to begin meets a later one. */
  blocks: () => {
    const untilTheTestEnds = ["--eval", "process.stdin.resume()"]
    const block = (timeout: number): unknown =>
      setTimeout(() => {
        spawnSync(process.execPath, untilTheTestEnds, { stdio: "inherit", timeout })
        block(2 * timeout)
      }, timeout)
    block(500)
    return asyncio.run(forLong)
  },
  busy: () => asyncio.run(Effect.andThen(up, Effect.forever(asyncio.sleep(0)))),
  twice: () =>
    Promise.all(
      ["one", "two"].map((name) =>
        asyncio.run(Effect.andThen(asyncio.createTask(forLong, { name }), Effect.andThen(up, forLong)))
      )
    ),
  crowd: () =>
    asyncio.run(Effect.gen(function*() {
      for (let i = 0; i < 600; i++) {
        // Not alike, as each waits for an event of its own.
        const event = Insight.named(yield* asyncio.Event.make, `${i}`)
        yield* asyncio.createTask(asyncio.Event.wait(event))
      }
      yield* asyncio.sleep("1 millis")
      yield* Effect.andThen(up, forLong)
    })),
  without: () => {
    setInterval(() => {}, 1000)
    return Promise.resolve(console.log("up"))
  },
  handles: () => {
    process.on("SIGUSR1", () => console.log("handled"))
    return programs["without"]!("")
  }
}

await programs[process.argv[2]!]!(process.argv[3] ?? "")
