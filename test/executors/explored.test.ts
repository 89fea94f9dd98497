/** What holds of an executor in this process in every schedule: whoever is slow, cancelled, or put off. */
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, Job, map, submit } from "effect-asyncio/executors"
import { Explore } from "effect-asyncio/testing"
import { everything } from "../explore/primitives.ts"

const work = Job.make("work", { payload: Schema.Number, success: Schema.Number, progress: Schema.Number })
const jobs = Job.group("jobs", work)

/** Counts those that run, and dies where they are more than `size`. */
const layer = (size: number) => {
  let running = 0
  return Executor.layerLocal(jobs, {
    work: (n, { progress }) =>
      Effect.gen(function*() {
        if (++running > size) throw new Error("one too many")
        yield* progress(n)
        yield* Explore.latency("1 millis", "30 millis")
        yield* progress(n)
        return n
      }).pipe(Effect.ensuring(Effect.sync(() => running--)))
  }, { size })
}

const ended = Effect.fnUntraced(function*(task: asyncio.Task.Task<unknown, unknown>) {
  const exit = yield* asyncio.Task.await(task)
  const isCancelled = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
  if (Exit.isFailure(exit) && !isCancelled) return yield* exit
  const cancelled = yield* Explore.cancelled
  // Its handler may be, a task of its own here.
  const isAsked = cancelled.has(task.name) || isCancelled && cancelled.has("work")
  if (isCancelled !== isAsked) throw new Error(`${task.name} ended as nobody asked`)
})

const on = <A, E>(size: number, program: Effect.Effect<A, E, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>) =>
  Effect.suspend(() => Effect.provide(program, layer(size)))

const programs = {
  "submit: a place is never lost, no report comes late": on(
    1,
    Effect.gen(function*() {
      const tasks: Array<asyncio.Task.Task<unknown, unknown>> = []
      for (const name of ["a", "b", "c"]) {
        const onProgress = () =>
          Effect.sync(() => {
            if (asyncio.Task.done(task)) throw new Error("a report of what is over")
          })
        const task: asyncio.Task.Task<unknown, unknown> = yield* submit(work, 1, { name, onProgress })
        tasks.push(task)
      }
      for (const task of tasks) yield* ended(task)
      yield* ended(yield* submit(work, 1, { name: "last" }))
    })
  ),
  "map: results in order, or cancelled": on(
    2,
    Effect.gen(function*() {
      const results = yield* map(work, [1, 2, 3], { concurrency: 2 })
      if (results.join() !== "1,2,3") throw new Error(`got ${results}`)
    }).pipe(
      Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.failCause(cause))
    )
  )
}

it.live.each(Object.entries(programs))("%s", ([, program]) =>
  Effect.gen(function*() {
    const { exhausted, points } = yield* Explore.check(program, everything)
    expect(exhausted).toBe(1)
    expect(points).toBeGreaterThan(10)
  }), 60_000)
