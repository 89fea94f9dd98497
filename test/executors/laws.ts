/**
 * What holds for every executor, as programs that take any: a law for each verb. They look at nothing but what a submitter
 * sees; what a worker saw, its book tells. No law needs time to pass, or knows how long anything takes.
 */
import { Cause, Effect, Exit, HashSet, type Scope, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, Job, map, runInExecutor, submit, toThread } from "effect-asyncio/executors"
import {
  all,
  book,
  broken,
  chorus,
  echo,
  half,
  Odd,
  park,
  parkLong,
  quit,
  self,
  steps,
  stubborn,
  throwing,
  turn,
  write,
  wrongFailure,
  wrongReport,
  wrongResult
} from "./jobs.ts"

interface Law {
  readonly name: string
  /** How many jobs at once, of a single worker where that is 1. */
  readonly size: number
  readonly program: Effect.Effect<unknown, unknown, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>
  readonly expected: unknown
  /** Whether it is about the order in which jobs start. */
  readonly isAboutOrder: boolean
}

export const laws: Array<Law> = []
const law = <E>(
  name: string,
  size: number,
  body: () => Effect.fn.Return<unknown, E, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>,
  expected: unknown,
  { isAboutOrder = false } = {}
) => {
  laws.push({ name, size, program: Effect.gen(body), expected, isAboutOrder })
}

/** A job that has begun, and never ends by itself. */
const parked = Effect.fnUntraced(function*(job: typeof park | typeof parkLong, name: string) {
  const began = yield* asyncio.Event.make
  const task = yield* submit(job, name, { name, onProgress: () => asyncio.Event.set(began) })
  return { task, began: asyncio.Event.wait(began) }
})

const cancelled = (tasks: ReadonlyArray<asyncio.Task.Task<unknown, unknown>>) => tasks.map(asyncio.Task.cancelled)

law("submit makes a task, which is named as the job and ends as it does", 2, function*() {
  const good = yield* submit(half, 8)
  const named = yield* submit(half, 9, { name: "mine" })
  const outcomes = yield* asyncio.gather([good, named], { returnExceptions: true })
  return [good.name, named.name, ...outcomes]
}, ["half", "mine", Exit.succeed(4), Exit.fail(new Odd({ n: 9 }))])

law("toThread submits and awaits; a job's own failure has its type", 1, function*() {
  const four = yield* toThread(half, 8)
  const odd = yield* Effect.catchTag(toThread(half, 7), "Odd", ({ n }) => Effect.succeed(-n))
  return [four, odd]
}, [4, -7])

law("runInExecutor asks the executor that it is given", 1, function*() {
  const executor = yield* Executor.Executor
  return yield* yield* runInExecutor(executor, half, 2)
}, 1)

law("values go as their schemas say", 1, function*() {
  const given = { when: new Date(86_400_000), bytes: new Uint8Array([1, 2, 255]), tags: HashSet.make("a", "b") }
  const got = yield* toThread(echo, given)
  return [got.when.toISOString(), Array.from(got.bytes), HashSet.size(got.tags)]
}, ["1970-01-02T00:00:00.000Z", [1, 2, 255], 2])

law("what a schema throws is the job's defect", 1, function*() {
  const exit = yield* Effect.exit(toThread(throwing))
  const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return [Exit.hasDies(exit), defect instanceof Error && [defect.name, defect.message]]
}, [true, ["TypeError", "no way"]])

law("reports from several fibers are taken one at a time", 1, function*() {
  const log: Array<string> = []
  const onProgress = Effect.fnUntraced(function*(n: number) {
    log.push(`${n} begins`)
    yield* asyncio.sleep(0)
    log.push(`${n} ends`)
  })
  yield* toThread(chorus, 3, { onProgress })
  return log
}, ["0 begins", "0 ends", "1 begins", "1 ends", "2 begins", "2 ends"])

law("a job that can't be interrupted goes on when its submitter is cancelled while he takes a report", 1, function*() {
  const began = yield* asyncio.Event.make
  const onProgress = () => Effect.andThen(asyncio.Event.set(began), Effect.never)
  const task = yield* submit(stubborn, undefined, { onProgress })
  yield* asyncio.Event.wait(began)
  yield* asyncio.Task.cancel(task)
  yield* asyncio.Task.await(task)
  return asyncio.Task.cancelled(task)
}, true)

law("bytes that can't move, or are there twice, are copied", 1, function*() {
  // Its type has no place for it, which does not keep it out.
  const shared = new Uint8Array(new SharedArrayBuffer(2)) as Uint8Array as Uint8Array<ArrayBuffer>
  const results = [yield* toThread(turn, Buffer.from([1, 2])), yield* toThread(turn, shared)]
  return results.map((result) => result.map((bytes) => Array.from(bytes)))
}, [[[2, 1], [1, 2], [2]], [[0, 0], [0, 0], [0]]])

law("a report that fails is the last one, of a job that can't be interrupted or cleans up, too", 1, function*() {
  const taken: Array<unknown> = []
  const onProgress = (report: unknown) => Effect.andThen(Effect.sync(() => taken.push(report)), Effect.fail("enough"))
  const first = yield* Effect.flip(toThread(stubborn, undefined, { onProgress }))
  const second = yield* Effect.flip(toThread(parkLong, "a", { onProgress }))
  return { first, second, taken }
}, { first: "enough", second: "enough", taken: [1, "a began"] })

law("map gives results in the order of the inputs", 2, function*() {
  return yield* map(half, [2, 4, 6, 8, 10], { concurrency: 2 })
}, [1, 2, 3, 4, 5])

law("map pulls no more inputs than it has room for, and closes what it leaves", 2, function*() {
  let pulled = 0
  let isClosed = false
  const numbers = function*() {
    try {
      for (;;) yield pulled++ === 5 ? 7 : 2
    } finally {
      isClosed = true
    }
  }
  const exit = yield* Effect.exit(map(half, numbers(), { concurrency: 1 }))
  return [exit, pulled, isClosed]
}, [Exit.fail(new Odd({ n: 7 })), 6, true])

law("the first failure of map cancels the rest, and comes when that has ended", 2, function*() {
  const [ended, cancelled]: [Array<number>, Array<number>] = [[], []]
  const began = yield* asyncio.Barrier.make(2)
  const exit = yield* Effect.exit(map(park, ["a", "b", "c"], {
    concurrency: 2,
    onProgress: (_, index) =>
      Effect.gen(function*() {
        yield* asyncio.Barrier.wait(began)
        if (index === 0) return yield* Effect.die("no")
        return yield* Effect.never
      }).pipe(
        Effect.onInterrupt(() => Effect.sync(() => cancelled.push(index))),
        Effect.ensuring(Effect.sync(() => ended.push(index))),
        Effect.orDie
      )
  }))
  return [messageOf(exit), ended, cancelled]
}, ["no", [0, 1], [1]])

law("map, cancelled, cancels what runs and starts no more", 2, function*() {
  const began = yield* asyncio.Semaphore.make(0)
  const pulled: Array<string> = []
  const names = function*() {
    for (const name of ["a", "b", "c"]) {
      pulled.push(name)
      yield name
    }
  }
  const onProgress = () => asyncio.Semaphore.release(began)
  const task = yield* asyncio.createTask(map(park, names(), { concurrency: 2, onProgress }))
  yield* asyncio.Semaphore.acquire(began)
  yield* asyncio.Semaphore.acquire(began)
  yield* asyncio.Task.cancel(task)
  yield* asyncio.Task.await(task)
  return [asyncio.Task.cancelled(task), pulled]
}, [true, ["a", "b"]])

law(
  "jobs start in the order of their tasks",
  1,
  function*() {
    const names = Array.from({ length: 20 }, (_, i) => String(i))
    const tasks = []
    for (const name of names) tasks.push(yield* submit(write, name))
    yield* asyncio.gather(tasks)
    return (yield* toThread(book, undefined)).join() === names.join()
  },
  true,
  { isAboutOrder: true }
)

law("so many at once; a place that comes free goes to one who waits", 2, function*() {
  const began = yield* asyncio.Semaphore.make(0)
  const first: Array<string> = []
  const tasks = new Map<string, asyncio.Task.Task<unknown, unknown>>()
  for (const name of ["a", "b", "c"]) {
    const onProgress = () => Effect.andThen(Effect.sync(() => first.push(name)), asyncio.Semaphore.release(began))
    tasks.set(name, yield* submit(park, name, { name, onProgress }))
  }
  yield* asyncio.Semaphore.acquire(began)
  yield* asyncio.Semaphore.acquire(began)
  const atOnce = first.length
  yield* asyncio.Task.cancel(tasks.get(first[0]!)!)
  yield* asyncio.Semaphore.acquire(began)
  yield* asyncio.Task.cancelAndWait(tasks.values())
  return [atOnce, cancelled(Array.from(tasks.values()))]
}, [2, [true, true, true]])

law("a job that waits never runs once it is cancelled", 1, function*() {
  const { began, task } = yield* parked(park, "a")
  yield* began
  const waiting = yield* submit(write, "never")
  yield* asyncio.sleep(0)
  yield* asyncio.Task.cancel(waiting)
  yield* asyncio.Task.await(waiting)
  yield* asyncio.Task.cancel(task)
  yield* asyncio.Task.await(task)
  return [asyncio.Task.cancelled(waiting), yield* toThread(book, undefined)]
}, [true, ["a was cancelled"]])

for (const job of [park, parkLong]) {
  law(`a cancelled job is interrupted, and its task ends when it has ended: ${job.name}`, 1, function*() {
    const { began, task } = yield* parked(job, "a")
    yield* began
    yield* asyncio.Task.cancel(task, { message: "enough" })
    const exit = yield* asyncio.Task.await(task)
    return [Exit.hasInterrupts(exit), asyncio.Task.cancelled(task), yield* toThread(book, undefined)]
  }, [true, true, ["a was cancelled"]])
}

law("timeout, shield, wait and TaskGroup work on it as on any task", 3, function*() {
  const late = yield* Effect.exit(asyncio.timeout(1, () => toThread(park, "late")))
  const { began, task } = yield* parked(park, "shielded")
  yield* began
  const outer = yield* asyncio.createTask(asyncio.shield(task))
  yield* asyncio.sleep(0)
  yield* asyncio.Task.cancel(outer)
  yield* asyncio.Task.await(outer)
  const alive = !asyncio.Task.done(task)
  const good = yield* submit(half, 2)
  const { done, pending } = yield* asyncio.wait([task, good], { returnWhen: asyncio.FIRST_COMPLETED })
  const failed = yield* Effect.exit(asyncio.TaskGroup.run(Effect.fnUntraced(function*(group) {
    yield* group.createTask(asyncio.Task.join(task))
    yield* group.createTask(toThread(half, 3))
  })))
  return [Exit.isFailure(late), alive, done.has(good), pending.has(task), Exit.isFailure(failed), cancelled([task])]
}, [true, true, true, true, true, [true]])

law("asCompleted gives what ends first", 2, function*() {
  const { began, task } = yield* parked(park, "a")
  yield* began
  const first = yield* asyncio.asCompleted([task, yield* submit(half, 4)]).pipe(Stream.take(1), Stream.runCollect)
  yield* asyncio.Task.cancel(task)
  return yield* Effect.all(first.map(asyncio.Task.result))
}, [2])

law("reports come in order, all of them before the task ends, one after the other", 1, function*() {
  const seen: Array<number> = []
  let isTaking = false
  const result = yield* toThread(steps, 40, {
    onProgress: Effect.fnUntraced(function*({ at, step }) {
      if (isTaking || at.getTime() !== step) seen.push(-1)
      isTaking = true
      yield* asyncio.sleep(0)
      seen.push(step)
      isTaking = false
    })
  })
  return [seen.join() === result.join(), seen.length]
}, [true, 40])

law("no report comes after a cancellation, and who reports then does not wait", 1, function*() {
  const seen: Array<string> = []
  const began = yield* asyncio.Event.make
  const onProgress = (report: string) => Effect.andThen(Effect.sync(() => seen.push(report)), asyncio.Event.set(began))
  const task = yield* submit(parkLong, "a", { onProgress })
  yield* asyncio.Event.wait(began)
  yield* asyncio.Task.cancel(task)
  yield* asyncio.Task.await(task)
  return [seen, yield* toThread(book, undefined)]
}, [["a began"], ["a was cancelled"]])

law("whoever does not listen gets the result all the same", 1, function*() {
  return yield* toThread(steps, 3)
}, [1, 2, 3])

law("map tells of which input a report is", 2, function*() {
  const seen: Array<string> = []
  yield* map(steps, [1, 2], { onProgress: ({ step }, index) => Effect.sync(() => seen.push(`${index}:${step}`)) })
  return seen.sort()
}, ["0:1", "1:1", "1:2"])

law("who fails to take a report ends with that, and the job is cancelled", 1, function*() {
  const failed = yield* Effect.exit(toThread(park, "a", { onProgress: () => Effect.fail("no") }))
  const died = yield* Effect.exit(toThread(park, "b", { onProgress: () => Effect.die("no") }))
  const task = yield* submit(park, "c", { onProgress: () => Effect.interrupt })
  yield* asyncio.Task.await(task)
  const lines = yield* toThread(book, undefined)
  return [failed, died, asyncio.Task.cancelled(task), lines]
}, [Exit.fail("no"), Exit.die("no"), true, ["a was cancelled", "b was cancelled", "c was cancelled"]])

law("who fails to take the last report ends with that", 1, function*() {
  const onProgress = ({ step }: { readonly step: number }) => step === 2 ? Effect.fail("no") : Effect.void
  return yield* Effect.flip(toThread(steps, 2, { onProgress }))
}, "no")

law("a defect of the handler has its message and the worker's stack", 1, function*() {
  const exit = yield* Effect.exit(toThread(broken, "a bug"))
  const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return [
    Exit.hasDies(exit),
    defect instanceof Error && [defect.name, defect.message],
    defect instanceof Error && /at .*\bbroken\b/.test(defect.stack ?? "")
  ]
}, [true, ["TypeError", "a bug"], true])

law("a handler that ends cancelled by itself gives a cancelled task", 1, function*() {
  const task = yield* submit(quit, undefined)
  yield* asyncio.Task.await(task)
  return cancelled([task])
}, [true])

law("a handler runs as a task of the job's name, and knows the submission's id and attempt", 1, function*() {
  const { attempt, id, task } = yield* toThread(self, undefined, { id: "order 66", name: "mine" })
  const other = yield* toThread(self, undefined)
  return [attempt, id, task, other.id !== id && other.id.length > 5]
}, [1, "order 66", "self", true])

law("the caller's span is the parent of the job's", 1, function*() {
  const [mine, its] = yield* Effect.withSpan(Effect.all([Effect.currentSpan, toThread(self, undefined)]), "caller")
  const alone = yield* toThread(self, undefined)
  return [its.span, its.parent === mine.spanId, alone.span]
}, ["self", true, undefined])

law("what a schema refuses is a defect that says so", 1, function*() {
  // @ts-expect-error the input is checked
  const input = yield* Effect.exit(toThread(half, "one"))
  const report = yield* Effect.exit(toThread(wrongReport, undefined))
  const result = yield* Effect.exit(toThread(wrongResult, undefined))
  return [
    messageOf(input),
    Exit.hasDies(report) && /Info\.progress: .*Expected number/.test(messageOf(report)),
    Exit.hasDies(result),
    // In the name of who has the handlers.
    messageOf(result).replace(/^(serve|Executor\.local): /, "")
  ]
}, [
  "toThread: the input of job 'half' is \"one\", expected a value of its payload schema: Expected number",
  true,
  true,
  "the result of the handler of job 'wrongResult' is \"no number\", expected a value of its success schema: Expected number"
])

law("a failure that the job did not declare is a defect, whose cause it is", 1, function*() {
  const exit = yield* Effect.exit(toThread(wrongFailure, undefined))
  const { cause } = (Exit.isFailure(exit) ? Cause.squash(exit.cause) : {}) as Error
  return [
    Exit.hasDies(exit),
    /wrongFailure' is .*, expected no failure, since the job has no error schema$/.test(messageOf(exit)),
    cause instanceof Error && [cause.name, cause.message]
  ]
}, [true, true, ["RangeError", "out of range"]])

law("an executor is asked for its own jobs alone", 1, function*() {
  const foreign = Job.make("half")
  // @ts-expect-error it reports nothing
  const silent = yield* Effect.exit(toThread(half, 1, { onProgress: () => Effect.void }))
  return [messageOf(yield* Effect.exit(toThread(foreign, undefined))), messageOf(silent)]
}, [
  `toThread: the job is <Job name='half'>, expected one of ${all}`,
  "toThread: the job is <Job name='half'>, expected one with a progress schema, since onProgress is given"
])

const messageOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit
  return error instanceof Error ? error.message : String(error)
}

/** The first line of a typed failure's stack, which is its handler's, and not the schema's that has made it again. */
export const stackOfFailure = Effect.map(
  Effect.flip(toThread(half, 7)),
  ({ stack }) => /^ +at .*$/m.exec(stack ?? "")?.[0]
)

/**
 * Closing its scope cancels what runs on an executor and what waits there, and ends when all of it has; nothing is left for a
 * tick more. What comes later fails.
 */
export const closing = <E>(
  make: Effect.Effect<Executor.Executor<typeof half | typeof parkLong>, E, Scope.Scope>
): Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop> =>
  Effect.gen(function*() {
    const [executor, tasks] = yield* Effect.scoped(Effect.gen(function*() {
      const executor = yield* make
      const began = yield* asyncio.Event.make
      const onProgress = () => asyncio.Event.set(began)
      const running = yield* runInExecutor(executor, parkLong, "a", { onProgress })
      const waiting = yield* runInExecutor(executor, half, 2)
      yield* asyncio.Event.wait(began)
      return [executor, [running, waiting]] as const
    }))
    const late = yield* Effect.flip(Effect.flatMap(runInExecutor(executor, half, 2), asyncio.Task.join))
    return [tasks.map(asyncio.Task.done), cancelled(tasks), messageOf(Exit.fail(late))]
  })

export const closed = [[true, true], [true, true], "job 'half': the executor is closed"]
