/** Programs for `monitor.test.ts` and `ps.test.ts`, each a process: the name is its argument. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
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
  const alice = yield* asyncio.createTask(transfer(checking, savings), { name: "alice" })
  const bob = yield* asyncio.createTask(transfer(savings, checking), { name: "bob" })
  return [alice, bob]
})

const hog = Effect.fn("hog")(function*(until: () => boolean) {
  yield* asyncio.sleep(0)
  while (!until()) { /* nobody else runs */ }
})

const programs: Readonly<Record<string, (argument: string) => Promise<unknown>>> = {
  waits: () => asyncio.run(Effect.andThen(circle, Effect.andThen(up, forLong))),
  ends: () => asyncio.run(up),
  /** The first circle is one that a timeout opens; it stands long enough to be looked at. */
  opened: () =>
    asyncio.run(Effect.gen(function*() {
      const lock = yield* Lock.make
      const first = yield* asyncio.createTask(
        Lock.withLock(lock, asyncio.timeout("100 millis", () => Effect.andThen(asyncio.sleep(0), () => forSecond))),
        { name: "first" }
      )
      const second = yield* asyncio.createTask(Lock.withLock(lock, Effect.void), { name: "second" })
      const forSecond = asyncio.Task.join(second)
      yield* asyncio.gather([first, second], { returnExceptions: true })
      yield* up
      yield* circle
      yield* forLong
    })),
  fails: () =>
    asyncio.run(Effect.gen(function*() {
      yield* asyncio.createTask(Effect.fail("lost"), { name: "mail" })
      yield* asyncio.EventLoop.callSoon(() => {
        throw new Error("in a callback")
      })
      yield* forLong
    })),
  hogs: (file) => asyncio.run(Effect.andThen(up, asyncio.createTask(hog(() => existsSync(file)), { name: "hog" }))),
  sticks: () =>
    asyncio.run(
      Effect.andThen(up, asyncio.createTask(Effect.andThen(asyncio.sleep(0), hog(() => false)), { name: "hog" }))
    ),
  blocks: () => {
    // Until the monitor has begun.
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 200)
    return asyncio.run(forLong)
  },
  busy: () => asyncio.run(Effect.andThen(up, Effect.forever(asyncio.sleep(0)))),
  twice: () =>
    Promise.all(["one", "two"].map((name) => asyncio.run(Effect.andThen(asyncio.createTask(forLong, { name }), up)))),
  crowd: () =>
    asyncio.run(Effect.gen(function*() {
      for (let i = 0; i < 600; i++) yield* asyncio.createTask(asyncio.sleep(1e6 + i * 1e5), { name: `one of many ${i}` })
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
