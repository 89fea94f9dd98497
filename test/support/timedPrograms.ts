/** Programs with time in them, and what they write when: the same wherever time comes from. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Queue, Task, TaskGroup } from "effect-asyncio"
import { onVirtual, type Program } from "./loops.ts"

const { createTask, gather, sleep } = asyncio

type Log = (line: unknown) => Effect.Effect<void, never, EventLoop.EventLoop>
/** A program that writes lines. */
export type Logging = (log: Log) => Program

/** Children that sleep, at every depth. */
export const nested = (depth: number, log: Log): Program =>
  depth === 0
    ? Effect.andThen(sleep("1 second"), log("innermost"))
    : gather([nested(depth - 1, log), Effect.andThen(sleep(depth * 300), log(`depth ${depth}`))])

const groups = (depth: number, log: Log): Program =>
  TaskGroup.run((group) =>
    Effect.gen(function*() {
      if (depth > 0) yield* group.createTask(Effect.orDie(groups(depth - 1, log)))
      yield* group.createTask(Effect.andThen(sleep(depth * 500), log(`child ${depth}`)))
      yield* sleep(depth * 700)
      yield* log(`body ${depth}`)
    })
  )

export const programs: Readonly<Record<string, Logging>> = {
  gather: (log) => gather([3, 1, 2].map((s) => Effect.andThen(sleep(`${s} seconds`), log(s)))),
  "gathers, 8 deep": (log) => nested(8, log),
  "groups in groups": (log) => groups(4, log),
  "a wait loop": (log) =>
    Effect.gen(function*() {
      let pending: ReadonlyArray<Task.Task<number>> = yield* Effect.forEach(
        [500, 200, 900, 200, 700],
        (ms) => createTask(sleep(ms, ms))
      )
      while (pending.length > 0) {
        const result = yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED, timeout: "150 millis" })
        yield* log(yield* Effect.forEach(result.done, Task.join))
        pending = Array.from(result.pending)
      }
    }),
  asCompleted: (log) =>
    Effect.flatMap(
      asyncio.asCompletedEffects([sleep(300, "c"), sleep(100, "a"), sleep(200, "b")]),
      Effect.forEach((next) => Effect.flatMap(next, log))
    ),
  "a queue with timeouts": (log) =>
    Effect.gen(function*() {
      const queue = yield* Queue.make<string>()
      yield* createTask(Effect.gen(function*() {
        for (const pause of [100, 400, 1200, 50]) {
          yield* Effect.andThen(sleep(pause), Queue.put(queue, `after ${pause}`))
        }
      }))
      for (let i = 0; i < 6; i++) {
        const item = yield* Effect.option(asyncio.waitFor(Queue.get(queue), "500 millis"))
        yield* log(item)
      }
    }),
  "a pipeline of 100 items before the first sleep": (log) =>
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 2 })
      const worker = yield* createTask(Effect.gen(function*() {
        for (let i = 1; i < 100; i++) yield* Queue.get(queue)
        yield* sleep("1 second")
        yield* log(yield* Queue.get(queue))
      }))
      for (let i = 1; i <= 100; i++) yield* Queue.put(queue, i)
      yield* worker
    }),
  "a loop inside of the loop": (log) =>
    gather([
      EventLoop.provide(nested(3, log)),
      Effect.andThen(sleep("1 second"), EventLoop.provide(nested(2, log)))
    ])
}

type Line = readonly [millis: number, line: unknown]

/** The program, and the lines that it writes, with the time since its begin. */
export const recorded = (program: Logging): readonly [run: Program, lines: ReadonlyArray<Line>] => {
  const lines: Array<Line> = []
  const run = Effect.flatMap(
    EventLoop.time,
    (begin) =>
      program((line) => Effect.map(EventLoop.time, (now) => void lines.push([Math.round((now - begin) * 1e3), line])))
  )
  return [run, lines]
}

/** What the loop that moves time by itself makes of it. */
export const expectedOf = (program: Logging) =>
  Effect.suspend(() => {
    const [run, lines] = recorded(program)
    return Effect.as(onVirtual(run), lines)
  })
