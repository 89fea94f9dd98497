/** Programs that pictures are made of. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { named } from "effect-asyncio/insight"
import type { Program } from "./loops.ts"

const { createTask, gather, Lock, Queue, sleep } = asyncio

/** Two producers, a queue of 2, three workers, one lock. */
export const pipeline: Program = Effect.gen(function*() {
  const db = named(yield* Lock.make, "db")
  const jobs = named(yield* Queue.make<number>({ maxsize: 2 }), "jobs")
  const work = Effect.forever(Effect.gen(function*() {
    yield* Queue.get(jobs)
    yield* sleep("100 millis")
    yield* Lock.withLock(db, sleep("250 millis"))
  }))
  const produce = (millis: number) =>
    Effect.forEach([1, 2, 3, 4], (n) => Effect.andThen(sleep(millis), Queue.put(jobs, n)), { discard: true })
  for (const n of [1, 2, 3]) yield* createTask(work, { name: `worker ${n}` })
  const a = yield* createTask(produce(100), { name: "producer A" })
  const b = yield* createTask(produce(150), { name: "producer B" })
  yield* gather([a, b])
  yield* sleep("1 second")
})

/** A group of which one fails, with branches under a timeout in its body. */
export const failing: Program = asyncio.TaskGroup.run((group) =>
  Effect.gen(function*() {
    const job = Effect.fn("job")(function*(millis: number) {
      yield* sleep(millis)
    })
    yield* group.createTask(job(500))
    yield* group.createTask(job(1500), { name: "slow" })
    const branches = Effect.all([job(300), job(1000)], { concurrency: "unbounded" })
    yield* Effect.ignore(asyncio.timeout("700 millis", () => branches))
    yield* group.createTask(Effect.andThen(job(500), Effect.fail("no route to host")), { name: "bad" })
  })
)

/** Two that wait for each other, in the moment in which the virtual loop gives them up. */
export const transfers: Program = Effect.gen(function*() {
  const [checking, savings] = [named(yield* Lock.make, "checking"), named(yield* Lock.make, "savings")]
  const transfer = (from: asyncio.Lock.Lock, to: asyncio.Lock.Lock) =>
    Lock.withLock(from, Effect.andThen(sleep("1 second"), Lock.withLock(to, Effect.void)))
  yield* gather([transfer(checking, savings), transfer(savings, checking)])
})

/** Names that a picture has to do something about. */
const awkwardNames = ["<&\"'>", "שלום עולם", "語".repeat(30), "x".repeat(200), "two\nlines\u001b[31m", ""]

export const awkward: Program = Effect.gen(function*() {
  const tasks = []
  for (const name of awkwardNames) {
    const lock = named(yield* Lock.make, name)
    yield* createTask(Lock.withLock(lock, sleep("1 second")), { name })
    tasks.push(yield* createTask(Effect.andThen(sleep(1), Lock.withLock(lock, Effect.fail(name))), { name }))
  }
  yield* asyncio.wait(tasks)
  yield* Effect.forEach(tasks, asyncio.Task.await)
})

/** As many tasks, each created by the one before. */
export const chain = (n: number): Program =>
  n === 0 ? Effect.void : Effect.flatMap(Effect.suspend(() => createTask(chain(n - 1))), asyncio.Task.join)

/** A crowd: more than fits. */
export const crowd: Program = Effect.gen(function*() {
  const lock = yield* Lock.make
  yield* gather(Array.from({ length: 200 }, (_, i) => Lock.withLock(lock, sleep(1 + i % 7))))
})
