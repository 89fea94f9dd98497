/**
 * A job server: POST /jobs takes a job, GET /jobs/ID tells what became of it.
 *
 * A job is accepted once SQLite has it, and only then is it in the queue; so none is lost, whatever ends the process. After a
 * kill -9 the jobs that were at work run again: that is at least once. The queue is bounded: where it is full the answer is
 * 503. Ctrl-C: the server closes, jobs at work are finished, those in the queue are for the next start.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"

const { Queue, TaskGroup } = asyncio

interface Job {
  readonly id: number
  readonly input: string
}

// -------------------------------------------------------------------------------------------------------------- the store

/** The table of all jobs. Each statement is a transaction, on the disk when it returns. */
const openStore = (file: string) =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => new DatabaseSync(file, { timeout: 10_000 })), (db) =>
      Effect.sync(() => db.close())),
    (db) => {
      db.exec("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, input TEXT, state TEXT, result TEXT)")
      const add = db.prepare("INSERT INTO jobs (input, state) VALUES (?, 'accepted')")
      const end = db.prepare("UPDATE jobs SET state = ?, result = ? WHERE id = ?")
      const find = db.prepare("SELECT id, state, result FROM jobs WHERE id = ?")
      const open = db.prepare("SELECT id, input FROM jobs WHERE state = 'accepted' ORDER BY id")
      return {
        add: (input: string): Job => ({ id: Number(add.run(input).lastInsertRowid), input }),
        end: (job: Job, state: "done" | "failed" | "too late", result: string) =>
          void end.run(state, result, job.id),
        find: (id: number) => find.get(id),
        open: () => open.all().map(({ id, input }): Job => ({ id: Number(id), input: String(input) }))
      }
    }
  )

type Store = Effect.Success<ReturnType<typeof openStore>>

// ---------------------------------------------------------------------------------------------------------------- the work

/** Takes as many milliseconds as the job says, and fails where it says none. */
const work = Effect.fn("work")(function*({ input }: Job) {
  const millis = Number(input)
  if (!(millis >= 0)) return yield* Effect.fail(`no number: ${input}`)
  yield* asyncio.sleep(millis)
  return `slept for ${millis} ms`
})

/** Does one job; what becomes of it is in the store. A request to stop is met behind it. */
const finish = (store: Store, job: Job) =>
  asyncio.timeoutOption("2 seconds", () => work(job)).pipe(
    Effect.map(Option.match({
      onNone: () => store.end(job, "too late", ""),
      onSome: (result) => store.end(job, "done", result)
    })),
    Effect.catch((error) => Effect.sync(() => store.end(job, "failed", error))),
    Effect.uninterruptible
  )

const worker = (store: Store, queue: asyncio.Queue.Queue<Job>) =>
  Stream.runForEach(Queue.stream(queue), (job) => finish(store, job))

// -------------------------------------------------------------------------------------------------------------- the server

const routes = (store: Store, queue: asyncio.Queue.Queue<Job>) =>
  HttpRouter.addAll([
    HttpRouter.route(
      "POST",
      "/jobs",
      Effect.gen(function*() {
        const input = yield* (yield* HttpServerRequest.HttpServerRequest).text
        // In one step: nobody takes the room in between.
        if (Queue.full(queue)) return HttpServerResponse.empty({ status: 503, headers: { "retry-after": "1" } })
        const job = store.add(input)
        Queue.putNowaitUnsafe(queue, job)
        return HttpServerResponse.jsonUnsafe({ id: job.id }, { status: 202 })
      })
    ),
    HttpRouter.route(
      "GET",
      "/jobs/:id",
      Effect.map(HttpRouter.params, ({ id }) => {
        const found = store.find(Number(id))
        return found === undefined
          ? HttpServerResponse.empty({ status: 404 })
          : HttpServerResponse.jsonUnsafe({ ...found })
      })
    )
  ])

/** Says where it listens once it does. */
const serve =
  (store: Store, queue: asyncio.Queue.Queue<Job>, port: number) => (started: asyncio.TaskGroup.Started<string>) =>
    Effect.scoped(Effect.gen(function*() {
      const server = HttpRouter.serve(routes(store, queue), { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" }))
      )
      const context = yield* Layer.build(server)
      yield* Effect.provide(HttpServer.addressFormattedWith(started), context)
      return yield* Effect.never
    }))

export const jobServer = Effect.fn("jobServer")(function*(file: string, port: number) {
  const store = yield* openStore(file)
  const queue = yield* Queue.make<Job>({ maxsize: 100 })
  const left = store.open()

  yield* TaskGroup.run((group) =>
    Effect.gen(function*() {
      for (const n of [1, 2, 3, 4]) yield* group.createTask(worker(store, queue), { name: `worker ${n}` })
      // Those of the last run first.
      for (const job of left) yield* Queue.put(queue, job)
      const address = yield* group.start(serve(store, queue, port), { name: "server" })
      yield* Console.log(`${left.length} jobs left over, listens on ${address}`)
    })
  )
}, Effect.scoped)

/** `npm run example job-server jobs.sqlite 8080`; without a file the jobs are in memory, and end with the process. */
const [file = ":memory:", port = "0"] = process.argv.slice(2)
if (import.meta.main) await runMain(jobServer(file, Number(port)))
