/**
 * Random jobs on pools: some end, some are cancelled, some end their worker or compute for ever. Whatever happens, every task
 * ends as one of its kind may, no more jobs run than there is room for, the pool works on, and nothing is left of it.
 */
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as asyncio from "effect-asyncio"
import { runInExecutor } from "effect-asyncio/executors"
import { readdirSync, readFileSync } from "node:fs"
import { Random } from "../fuzz/random.ts"
import { moduleOf } from "./bundled.ts"
import { kinds } from "./pools.ts"
import { crash, hang, rough, spin, who } from "./rough/jobs.ts"

const shape = { size: 2, concurrency: 2, grace: 30 }

/** What to do, in a random order; each of the last three costs a worker. */
const plan = { quick: 40, cancelled: 25, slow: 1, crash: 2, spin: 1 }

type Kind = keyof typeof plan

/** How a task of the kind may end. Any may be lost with a neighbour. */
const may: Record<Kind, ReadonlyArray<string>> = {
  quick: ["done", "cancelled", "WorkerLost"],
  cancelled: ["cancelled", "WorkerLost"],
  slow: ["cancelled", "WorkerLost"],
  crash: ["WorkerLost", "cancelled"],
  spin: ["cancelled", "WorkerLost"]
}

const endOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "done"
  if (Cause.hasInterruptsOnly(exit.cause)) return "cancelled"
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)
}

const run = (pool: (typeof kinds)[keyof typeof kinds], seed: number) =>
  Effect.gen(function*() {
    const random = new Random(seed)
    const executor = yield* pool.make(rough, moduleOf("rough-worker"), shape)
    const kindsOf = Object.entries(plan).flatMap(([kind, count]) => new Array<Kind>(count).fill(kind as Kind))
    let running = 0
    let most = 0
    const one = Effect.fnUntraced(function*(kind: Kind) {
      const began = yield* asyncio.Event.make
      const onProgress = () =>
        Effect.suspend(() => {
          most = Math.max(most, ++running)
          return asyncio.Event.set(began)
        })
      const task = kind === "quick"
        ? yield* runInExecutor(executor, who, undefined)
        : kind === "crash"
        ? yield* runInExecutor(executor, crash, { how: random.below(2) === 0 ? "exit" : "throw", attempts: 1 })
        : kind === "spin"
        ? yield* runInExecutor(executor, spin, undefined, { onProgress })
        : yield* runInExecutor(executor, hang, kind === "slow" ? 100_000 : 0, { onProgress })
      // At once, soon, once it has begun, or never, where it ends by itself.
      const when = random.below(4)
      if (when === 1) yield* asyncio.sleep(random.below(20))
      const endsByItself = kind === "quick" || kind === "crash"
      if (when > 1 && !endsByItself) {
        yield* asyncio.wait([task, asyncio.Event.wait(began)], { returnWhen: "FIRST_COMPLETED" })
      }
      if (when < 2 && random.below(3) === 0 || !endsByItself) yield* asyncio.Task.cancel(task)
      const end = endOf(yield* asyncio.Task.await(task))
      if (asyncio.Event.isSet(began)) running--
      return may[kind].includes(end) ? "" : `${kind} ended: ${end}`
    })
    const order = kindsOf.map((kind) => [random.next(), kind] as const).sort(([a], [b]) => a - b)
    const wrong = yield* asyncio.gather(order.map(([, kind]) => one(kind)))
    const after = yield* asyncio.gather(
      [1, 2, 3, 4].map(() => Effect.flatMap(runInExecutor(executor, who, undefined), asyncio.Task.join))
    )
    // What computes when the pool closes does not keep it open.
    const began = yield* asyncio.Event.make
    yield* runInExecutor(executor, spin, undefined, { onProgress: () => asyncio.Event.set(began) })
    yield* asyncio.Event.wait(began)
    return [wrong.filter((text) => text !== ""), most <= shape.size * shape.concurrency, after.length]
  }).pipe(Effect.scoped)

/** The threads and processes there are; what a test runner has stays the same. */
const census = () => ({
  children: readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter((pid) => pid !== "")
    } catch {
      return []
    }
  }),
  handles: process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker|ProcessWrap|Pipe/.test(name)),
  listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)])
})

for (const [kind, pool] of Object.entries(kinds)) {
  // Seeds 1 to 4 of twice as many have run.
  it.skipIf(process.platform !== "linux")(kind, async () => {
    const before = census()
    expect(await asyncio.run(run(pool, 1))).toEqual([[], true, 4])
    expect(census()).toEqual(before)
  }, 240_000)
}
