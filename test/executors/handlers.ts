/** What the jobs of jobs.ts do. Only the worker's side imports it. */
import { Context, Effect, Layer, Option } from "effect"
import * as asyncio from "effect-asyncio"
import type { Job } from "effect-asyncio/executors"
import { type all, Odd } from "./jobs.ts"

/** The state of a worker. */
export class Book extends Context.Service<Book, Array<string>>()("test/executors/Book") {
  static readonly layer = Layer.sync(Book, () => [])
}

const note = (line: string) => Effect.map(Book, (book) => void book.push(line))

export const handlers: Job.Handlers<Jobs, Book> = {
  half: (n) => n % 2 === 0 ? Effect.succeed(n / 2) : Effect.fail(new Odd({ n })),
  steps: Effect.fnUntraced(function*(n, { progress }) {
    const seen: Array<number> = []
    for (let step = 1; step <= n; step++) {
      yield* progress({ step, at: new Date(step) })
      seen.push(step)
    }
    return seen
  }),
  park: (name, { progress }) =>
    Effect.andThen(progress(`${name} began`), Effect.never).pipe(
      Effect.onInterrupt(() => note(`${name} was cancelled`))
    ),
  parkLong: (name, { progress }) =>
    Effect.andThen(progress(`${name} began`), Effect.never).pipe(
      Effect.onInterrupt(() =>
        Effect.andThen(
          Effect.andThen(asyncio.sleep(1), progress(`${name} is late`)),
          note(`${name} was cancelled`)
        )
      )
    ),
  book: () => Effect.map(Book, (book) => book.slice()),
  write: note,
  broken: (message) => Effect.die(new TypeError(message)),
  quit: () => Effect.interrupt,
  self: Effect.fnUntraced(function*(_, { attempt, id }) {
    const task = yield* asyncio.currentTask
    const span = Option.getOrUndefined(yield* Effect.option(Effect.currentSpan))
    return {
      id,
      attempt,
      task: Option.match(task, { onNone: () => "none", onSome: ({ name }) => name }),
      span: span?.name,
      parent: span === undefined ? undefined : Option.getOrUndefined(span.parent)?.spanId
    }
  }),
  echo: Effect.succeed,
  chorus: (n, { progress }) => Effect.forEach(Array(n).keys(), progress, { concurrency: "unbounded", discard: true }),
  stubborn: (_, { progress }) => Effect.uninterruptible(Effect.andThen(progress(1), progress(2))),
  // Short ones of Node share their memory.
  turn: (bytes) => Effect.succeed([Buffer.from(bytes.toReversed()), bytes, bytes.subarray(1)]),
  throwing: () => Effect.succeed("text"),
  // The types would not let these pass.
  wrongReport: (_, { progress }) => progress("no number" as unknown as number),
  wrongResult: () => Effect.succeed("no number" as unknown as number),
  wrongFailure: () => Effect.fail(new RangeError("out of range") as never)
}

type Jobs = typeof all extends Job.Jobs<infer J> ? J : never
