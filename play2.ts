import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore, VirtualLoop } from "effect-asyncio/testing"
const { Lock, Queue } = asyncio
const program = Effect.gen(function*() {
  const lock = yield* Lock.make
  const queue = yield* Queue.make<number>({ maxsize: 1 })
  const produce = Effect.gen(function*() {
    for (let i = 0; i < 3; i++) {
      yield* Lock.withLock(lock, asyncio.sleep(1))
      yield* Queue.put(queue, i)
    }
  })
  const consume = Effect.gen(function*() {
    for (let i = 0; i < 3; i++) {
      yield* Queue.get(queue)
      yield* Lock.withLock(lock, asyncio.sleep(1))
    }
  })
  yield* asyncio.gather([produce, consume, asyncio.sleep(2)])
})
const cpu = () => {
  const u = process.cpuUsage()
  return (u.user + u.system) / 1e3
}
const { steps } = await Effect.runPromise(Explore.run(program))
console.log(steps.length, "steps")
const time = async (name: string, n: number, f: () => Promise<number | void>) => {
  let best = Infinity
  for (let i = 0; i < 5; i++) {
    const t = cpu()
    const k = (await f()) ?? n
    best = Math.min(best, (cpu() - t) / k)
  }
  console.log(name, (best * 1e3).toFixed(0), "us")
}
const N = 1000
await time("VirtualLoop.run", N, async () => {
  await Effect.runPromise(Effect.repeat(VirtualLoop.run(program), { times: N - 1 }))
})
const all = { runs: N, timeLimit: "60 seconds" } as const
await time(
  "Explore FIFO",
  N,
  async () =>
    (await Effect.runPromise(
      Explore.check(program, {
        ...all,
        strategy: { random: 1e-9 },
        vary: { time: false, latency: false, faults: false, choices: false }
      })
    )).runs
)
await time(
  "Explore random TZLF",
  N,
  async () => (await Effect.runPromise(Explore.check(program, { ...all, strategy: { random: 0.1 } }))).runs
)
await time(
  "Explore random order",
  N,
  async () =>
    (await Effect.runPromise(Explore.check(program, { ...all, strategy: { random: 0.1 }, vary: { order: true } }))).runs
)
await time(
  "Explore pct order",
  N,
  async () =>
    (await Effect.runPromise(Explore.check(program, { ...all, strategy: { pct: 3 }, vary: { order: true } }))).runs
)
await time(
  "Explore fifo operations",
  N,
  async () =>
    (await Effect.runPromise(
      Explore.check(program, { ...all, strategy: { random: 1e-9 }, vary: { operations: true } })
    )).runs
)
