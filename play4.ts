import { Deferred, Effect, Exit, Fiber, Semaphore } from "effect"
import { Explore } from "effect-asyncio/testing"
const show = async (name: string, e: Effect.Effect<any, any>) => {
  const exit = await Effect.runPromiseExit(e)
  console.log("==", name)
  console.log(Exit.isSuccess(exit) ? exit.value : (exit.cause.reasons[0] as any).error?.message ?? exit.cause)
}
// torn read in plain Effect
const transfer = Effect.fn("transfer")(function*(accounts: number[]) {
  const a = yield* Effect.sync(() => accounts[0]!)
  yield* Effect.sync(() => {
    accounts[0] = a - 10
  })
  const b = yield* Effect.sync(() => accounts[1]!)
  yield* Effect.sync(() => {
    accounts[1] = b + 10
  })
})
const torn = Effect.gen(function*() {
  const accounts = [100, 0]
  const fiber = yield* Effect.forkChild(transfer(accounts))
  const fiber2 = yield* Effect.forkChild(transfer(accounts))
  yield* Fiber.join(fiber)
  yield* Fiber.join(fiber2)
  if (accounts[0] !== 80 || accounts[1] !== 20) return yield* Effect.die(`torn ${accounts}`)
})
await show("torn", Explore.check(torn, { vary: { operations: true } }))
await show("torn w/o operations", Explore.check(torn, {}))
const once = Effect.gen(function*() {
  const d = yield* Deferred.make<number>()
  const sem = yield* Semaphore.make(1)
  const worker = Effect.fn("worker")(function*(n: number) {
    yield* Semaphore.withPermit(sem, Effect.sleep(n))
    yield* Deferred.succeed(d, n)
  })
  yield* Effect.all([worker(10), worker(20)], { concurrency: "unbounded" })
  const r = yield* Deferred.await(d)
  if (r !== 10) return yield* Effect.die("second was first")
})
console.log((await Effect.runPromise(Explore.run(once))).steps.map((s) => `${s.millis} ${s.task}: ${s.what}`))
console.log(
  (await Effect.runPromise(Explore.run(once, undefined, { vary: { operations: true } }))).steps.map((s) =>
    `${s.millis} ${s.task}: ${s.what}`
  )
)
await show("semaphore", Explore.check(once, { vary: { operations: true, cancel: true } }))
await show(
  "random",
  Explore.check(Effect.gen(function*() {
    const r = yield* Effect.sync(() => Math.random())
    yield* Effect.sleep(r * 10)
  }))
)
await show(
  "date",
  Explore.check(Effect.gen(function*() {
    const r = yield* Effect.sync(() => performance.now())
    yield* Explore.note(String(r))
    return r
  }))
)
let count = 0
await show("module", Explore.check(Effect.sync(() => ++count)))
await show("promise", Explore.check(Effect.promise(() => Promise.resolve(1))))
await show("promise outside", Explore.check(Effect.promise(() => Promise.resolve(1)), { outside: true, runs: 10 }))
await show(
  "timer outside",
  Explore.check(Effect.promise(() => new Promise((r) => setTimeout(r, 5))), { outside: true, runs: 10 })
)
await show("endless", Explore.check(Effect.forever(Effect.sleep(10)), { timeLimit: "300 millis" }))
await show("spin", Explore.check(Effect.forever(Effect.yieldNow)))
await show(
  "nested",
  Explore.check(
    Effect.gen(function*() {
      const r = yield* Explore.check(torn, { runs: 50 })
      yield* Effect.sleep(1)
      return r
    }),
    { runs: 5 }
  )
)
await show(
  "two at once",
  Effect.all([
    Explore.check(torn),
    Explore.check(torn, { vary: { operations: true } }).pipe(Effect.flip, Effect.map((e) => e._tag))
  ], { concurrency: 2 })
)
