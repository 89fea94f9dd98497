/** The programs whose runs are drawn: for the documentation, and to see that what is drawn can be read. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"

const { Event, Lock, Queue, TaskGroup } = asyncio

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

/** Two readers, three writers: a queue of two pages, and one connection to write them by. */
const pipeline = Effect.gen(function*() {
  const pages = Insight.named(yield* Queue.make<number>({ maxsize: 2 }), "pages")
  const db = Insight.named(yield* Lock.make, "db")
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

const philosophers = Effect.gen(function*() {
  const names = ["Arendt", "Bacon", "Camus", "Descartes", "Epicurus"]
  const forks: Array<asyncio.Lock.Lock> = []
  for (let i = 0; i < names.length; i++) forks.push(Insight.named(yield* Lock.make, `fork ${i + 1}`))
  yield* asyncio.gather(
    names.map((_, i) =>
      Lock.withLock(
        forks[i]!,
        Effect.andThen(asyncio.sleep("1 second"), Lock.withLock(forks[(i + 1) % 5]!, Effect.void))
      )
    )
  )
})

/** Names and lengths that a picture has to cope with. */
const edges = Effect.gen(function*() {
  const event = Insight.named(yield* Event.make, "</text>&\"")
  const names = ["<b>&amp;\"", "שלום עולם", "long ".repeat(40), "", "日本語の名前", "a\nb"]
  const tasks = yield* Effect.forEach(names, (name) => asyncio.createTask(Event.wait(event), { name }))
  yield* asyncio.timeout("1 second", () => asyncio.sleep("10 millis"))
  yield* asyncio.sleep(0.001)
  yield* Event.set(event)
  yield* asyncio.wait(tasks)
  yield* Effect.ignore(asyncio.timeout("5 millis", () => asyncio.sleep("1 hour")))
})

/** A crowd: more than fits. */
const crowd = Effect.gen(function*() {
  const lock = yield* Lock.make
  yield* asyncio.gather(Array.from({ length: 200 }, (_, i) => Lock.withLock(lock, asyncio.sleep(1 + i % 7))))
})

const lone = asyncio.sleep("1 second")

export const programs: Readonly<Record<string, Program>> = { pipeline, philosophers, edges, crowd, lone }
