/**
 * `node --conditions=effect-asyncio-source scripts/picture.ts`: draws the pictures of the documentation, each from runs on the
 * virtual loop that a recorder listens to.
 *
 * - `docs/gather.svg`: the article's two programs, examples 03 and 04: one after the other, and with `gather`
 * - `docs/failure.svg`: one of three fails; what becomes of the others in `Effect.all`, `gather` and `TaskGroup`
 * - `docs/pipeline.svg`: readers, writers, a queue and a lock
 */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { named, record, type Timeline, toSvg } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { writeFileSync } from "node:fs"
import { resolve } from "node:path"
import * as oneAfterTheOther from "../examples/03-one-after-the-other.ts"
import * as gather from "../examples/04-gather.ts"
import * as drawing from "../src/insight/drawing/svg.ts"
import { chartsOf } from "../src/insight/toSvg.ts"

const { Lock, Queue, TaskGroup } = asyncio

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

const silent: Console.Console = Object.assign(Object.create(console), { log: () => {} })

const recorded = (program: Program): Effect.Effect<Timeline> =>
  Effect.map(
    record(Effect.provideService(VirtualLoop.run(program), Console.Console, silent)),
    ([, timeline]) => timeline
  )

/** Runs of several programs, one above the other. */
const draw = async (title: string, programs: Readonly<Record<string, Program>>): Promise<string> => {
  // One by one: a recorder listens to all loops.
  const charts = Effect.forEach(
    Object.entries(programs),
    ([title, program]) => Effect.map(recorded(program), (timeline) => chartsOf(timeline, title, false))
  )
  return drawing.toSvg({ title, charts: (await Effect.runPromise(charts)).flat() })
}

// ------------------------------------------------------------------------------------------------------------ a failure

const fetch = Effect.fn("fetch")(function*(millis: number, fails = false) {
  yield* asyncio.sleep(millis)
  if (fails) return yield* Effect.fail("no route to host")
})

/** Three jobs, of which the second fails after a second; and who runs them has something to do afterwards. */
const jobs = () => [fetch(3000), fetch(1000, true), fetch(2000)]

const goOn = (verb: Program): Program => Effect.andThen(Effect.exit(verb), asyncio.sleep("2 seconds"))

// ----------------------------------------------------------------------------------------------------------- a pipeline

/** Two readers, three writers: a queue of two pages, and one connection to write them by. */
const pipeline: Program = Effect.gen(function*() {
  const pages = named(yield* Queue.make<number>({ maxsize: 2 }), "pages")
  const db = named(yield* Lock.make, "db")
  const read = (pause: number) =>
    Effect.gen(function*() {
      for (let page = 0; page < 4; page++) {
        yield* asyncio.sleep(pause)
        yield* Queue.put(pages, page)
      }
    })
  const write = Effect.forever(Effect.gen(function*() {
    yield* Queue.get(pages)
    yield* Lock.withLock(db, asyncio.sleep(150))
    yield* Queue.taskDone(pages)
  }))
  yield* TaskGroup.run(Effect.fnUntraced(function*(group) {
    const readers = [
      yield* group.createTask(read(50), { name: "reader 1" }),
      yield* group.createTask(read(80), { name: "reader 2" })
    ]
    const writers = [
      yield* group.createTask(write, { name: "writer 1" }),
      yield* group.createTask(write, { name: "writer 2" }),
      yield* group.createTask(write, { name: "writer 3" })
    ]
    yield* asyncio.gather(readers)
    yield* Queue.join(pages)
    for (const writer of writers) yield* asyncio.Task.cancel(writer)
  }))
})

const pictures: Readonly<Record<string, () => Promise<string>>> = {
  "gather.svg": () =>
    draw("two coroutines, of 3 s and of 1 s", {
      "one after the other: 4 s": oneAfterTheOther.main,
      "gather: 3 s": gather.main
    }),
  "failure.svg": () =>
    draw("one of three fails after a second", {
      "Effect.all: the others are interrupted; they were no tasks": goOn(
        Effect.all(jobs(), { concurrency: "unbounded" })
      ),
      "gather: the others run on": goOn(asyncio.gather(jobs())),
      "TaskGroup: the others are cancelled, and waited for": goOn(
        asyncio.TaskGroup.run((group) => Effect.forEach(jobs(), (job) => group.createTask(job)))
      )
    }),
  "pipeline.svg": async () => toSvg(await Effect.runPromise(recorded(pipeline)), { title: "a pipeline" })
}

/** Each picture: where it is, and what stands there. */
export const drawAll = async (): Promise<ReadonlyArray<readonly [file: string, svg: string]>> => {
  const drawn: Array<readonly [file: string, svg: string]> = []
  for (const [name, draw] of Object.entries(pictures)) {
    drawn.push([resolve(import.meta.dirname, "../docs", name), await draw()])
  }
  return drawn
}

if (import.meta.main) { for (const [file, svg] of await drawAll()) writeFileSync(file, svg) }
