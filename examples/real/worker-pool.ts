/**
 * A pool of workers that ends in good order: Ctrl-C shuts the queue down, what is in it is still done, then the program
 * ends. A second Ctrl-C, which nobody waits for any more, cancels the rest.
 */
import { Console, Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain, signal } from "effect-asyncio/node"

const { Queue, TaskGroup } = asyncio

/** Works until `stop` comes back. */
export const workUntil = Effect.fn("workUntil")(function*(stop: Effect.Effect<unknown>) {
  const queue = yield* Queue.make<number>({ maxsize: 4 })
  const done: Array<number> = []
  let put = 0

  const producer = Effect.gen(function*() {
    for (;;) {
      yield* Queue.put(queue, put + 1)
      put++
      yield* asyncio.sleep("5 millis")
    }
  }).pipe(Effect.catchTag("QueueShutDown", () => Console.log("the producer has stopped")))

  const worker = Stream.runForEach(
    Queue.stream(queue),
    (job) => Effect.andThen(asyncio.sleep("20 millis"), Effect.sync(() => done.push(job)))
  )

  yield* TaskGroup.run((group) =>
    Effect.gen(function*() {
      yield* group.createTask(producer, { name: "producer" })
      for (const n of [1, 2, 3]) yield* group.createTask(worker, { name: `worker ${n}` })
      // Eager: it listens before anybody is told.
      const stopped = yield* group.createTask(stop, { name: "stop", eager: true })
      yield* Console.log("working, Ctrl-C ends it")
      yield* stopped
      yield* Console.log("shutting down")
      yield* Queue.shutdown(queue)
    })
  )
  yield* Console.log(`${done.length} of ${put} jobs are done`)
})

export const main = workUntil(signal("SIGINT"))

if (import.meta.main) await runMain(main)
