/**
 * What untyped code may give in place of what belongs there, in every argument and every option of every function that is
 * exported: refused in one form, "call: what is value, expected …". A function without a row here fails.
 */
import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Layer, Option, Order, Schema, Scope, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import * as executors from "effect-asyncio/executors"
import * as node from "effect-asyncio/node"
import * as testing from "effect-asyncio/testing"
import { describe } from "vitest"
import { onVirtual, type Program } from "./support/loops.ts"

// --------------------------------------------------------------------------------------------------------------- kinds

/** A kind of argument: one that will do, made anew for each call; and whether a stray value happens to be one, too. */
interface Kind {
  readonly good: Effect.Effect<unknown, never, asyncio.EventLoop.EventLoop>
  readonly takes: (stray: unknown) => boolean
  /** It may be left out, or be undefined. */
  readonly optional?: boolean
  readonly options?: Readonly<Record<string, Kind>>
}

const kind = (good: unknown, takes: (stray: unknown) => boolean = () => false): Kind => ({
  good: Effect.isEffect(good) ? good as Effect.Effect<unknown> : Effect.succeed(good),
  takes
})
const value = (good: unknown, takes?: (stray: unknown) => boolean) => kind(Effect.succeed(good), takes)
const optional = (of: Kind): Kind => ({
  ...of,
  optional: true,
  takes: (stray) => stray === undefined || of.takes(stray)
})
const options = (of: Readonly<Record<string, Kind>>): Kind => ({
  good: Effect.succeed({}),
  optional: true,
  takes: (stray) => stray === undefined || isEmptyObject(stray),
  options: of
})

const isEmptyObject = (stray: unknown): boolean => stray?.constructor === Object && Object.keys(stray).length === 0
const isEmptyCollection = (stray: unknown): boolean =>
  stray === "" || Array.isArray(stray) && stray.length === 0 || stray instanceof Map && stray.size === 0
const isNumber = (stray: unknown): boolean => typeof stray === "number" && !Number.isNaN(stray)
const isWhole = (stray: unknown, least: number): boolean => Number.isInteger(stray) && (stray as number) >= least
const isFunction = (stray: unknown): boolean => typeof stray === "function"
const isAwaitable = (stray: unknown): boolean => Effect.isEffect(stray) || asyncio.Future.isFuture(stray)

const any = value("anything", () => true)
const text = value("text", (stray) => typeof stray === "string")
const flag = value(true, (stray) => typeof stray === "boolean")
const whole = value(1, (stray) => Number.isInteger(stray))
const seconds = value(0, isNumber)
const duration = value(0, (stray) => isNumber(stray) || typeof stray === "bigint")
const effect = value(Effect.void, Effect.isEffect)
const awaitable = value(Effect.void, isAwaitable)
const awaitables = value([Effect.void], (stray) => Array.isArray(stray) || stray instanceof Map)
const record = value([Effect.void], (stray) => awaitables.takes(stray) || isEmptyObject(stray))
const callback = value(() => {}, isFunction)
const body = value(() => Effect.void)
const promise = value(Promise.resolve(1), (stray) => stray instanceof Promise)
const signal = value(new AbortController().signal, (stray) => stray instanceof AbortSignal)
const cause = value(Cause.fail("no"))
const deferred = kind(Deferred.make())
const future = kind(asyncio.Future.make(), asyncio.Future.isFuture)
const futures = kind(asyncio.Future.make(), (stray) => asyncio.Future.isFuture(stray) || isEmptyCollection(stray))
const task = kind(asyncio.createTask(Effect.void), asyncio.Task.isTask)
const lock = kind(asyncio.Lock.make)
const event = kind(asyncio.Event.make, (stray) => stray === strayEvent)
const condition = kind(asyncio.Condition.make())
const semaphore = kind(asyncio.Semaphore.make(1))
const barrier = kind(asyncio.Barrier.make(1))
const queue = kind(asyncio.Queue.make(), (stray) => stray === strayQueue)
const timeout = kind(asyncio.timeout("1 second", (self) => Effect.succeed(self)).pipe(Effect.orDie))

const concurrency = value(1, (stray) => stray === 5)
const job = executors.Job.make("job", { payload: Schema.Unknown, progress: Schema.String })
const jobs = executors.Job.group("jobs", job)
const work = { job: () => Effect.void }
const schema = value(Schema.String, Schema.isSchema)
const aJob = value(job)
const handlers = value(work)
const inputs = value(
  [],
  (stray) => !Effect.isEffect(stray) && typeof stray === "object" && stray !== null && Symbol.iterator in stray
)
const pool = kind(Scope.provide(executors.Executor.local(jobs, work), Scope.makeUnsafe()))
const atLeast = (least: number) => value(least, (stray) => isWhole(stray, least))
const submitted = { id: text, name: text, retries: atLeast(0), onProgress: callback }
const sized = options({ size: atLeast(1) })
// A Map has a size, too.
const placed = { ...sized, takes: (stray: unknown) => stray instanceof Map || sized.takes(stray) }

const maxsize = { maxsize: whole, fair: flag }
const name = { name: text, eager: flag }
const loop = { debug: flag, slowCallbackDuration: duration, closeTimeout: duration, creationSites: flag }
const run = { ...loop, signal, layer: value(asyncio.EventLoop.layer(), Layer.isLayer) }
const virtual = {
  ...loop,
  maxTicks: value(1, (stray) => isNumber(stray)),
  settle: duration,
  patience: duration,
  unseen: value("report", (stray) => stray === "fail" || stray === "report")
}
const explored = {
  runs: value(2, (stray) => isWhole(stray, 2)),
  timeLimit: duration,
  seed: value(1, (stray) => isWhole(stray, 0)),
  vary: value({}, isEmptyObject),
  strategy: value("single"),
  pause: duration,
  leaks: flag,
  outside: flag,
  maxTicks: value(100, (stray) => isWhole(stray, 1)),
  shrinkRuns: value(0, (stray) => isWhole(stray, 0)),
  replay: value("", (stray) => typeof stray === "string")
}

// ---------------------------------------------------------------------------------------------------------------- rows

/** A function's arguments; `also` where the last ones may come first, `f(b)(a)`; `says` if it calls itself otherwise. */
interface Row {
  readonly args: ReadonlyArray<Kind>
  readonly also?: "data-last" | "self-first"
  readonly says?: string
}

const row = (...args: ReadonlyArray<Kind>): Row => ({ args })
const dataLast = (...args: ReadonlyArray<Kind>): Row => ({ args, also: "data-last" })
const selfFirst = (...args: ReadonlyArray<Kind>): Row => ({ args, also: "self-first" })
const saying = (says: string, row: Row): Row => ({ ...row, says })

const rows: Readonly<Record<string, Row>> = {
  asCompleted: row(awaitables, options({ timeout: duration, concurrency, onProgress: callback })),
  asCompletedEffects: row(awaitables, options({ timeout: duration, concurrency, onProgress: callback })),
  createTask: row(effect, options(name)),
  ensureFuture: row(awaitable),
  gather: row(
    record,
    options({ concurrency, onProgress: callback, returnExceptions: flag, cancelOnError: flag })
  ),
  run: row(effect, options(run)),
  shield: row(awaitable),
  sleep: row(duration, any),
  timeout: row(duration, body),
  timeoutAt: row(seconds, body),
  timeoutOption: row(duration, body),
  isTimeoutError: row(any),
  sleepUntil: row(seconds),
  wait: row(awaitables, options({ returnWhen: value("ALL_COMPLETED", isFunction), timeout: duration })),
  waitFor: dataLast(awaitable, duration),

  "Barrier.make": row(whole),
  "Barrier.wait": row(barrier),
  "Barrier.abort": row(barrier),
  "Barrier.reset": row(barrier),
  "Barrier.waiting": row(barrier),
  "Barrier.broken": row(barrier),
  "Barrier.statistics": row(barrier),

  "BoundedSemaphore.make": row(whole),

  "Condition.make": row(optional(lock)),
  "Condition.withLock": selfFirst(condition, effect),
  "Condition.waitFor": dataLast(
    condition,
    value(() => true, (stray) => strays.indexOf(stray) === strays.findIndex(isFunction))
  ),
  "Condition.wait": row(condition),
  "Condition.notify": row(condition, optional(whole)),
  "Condition.notifyAll": row(condition),
  "Condition.acquire": row(condition),
  "Condition.release": row(condition),
  "Condition.locked": row(condition),
  "Condition.statistics": row(condition),

  "Event.wait": row(event),
  "Event.set": row(event),
  "Event.setUnsafe": row(event),
  "Event.clear": row(event),
  "Event.isSet": row(event),
  "Event.statistics": row(event),

  "EventLoop.layer": row(options(loop)),
  "EventLoop.provide": row(awaitable, options(loop)),
  "EventLoop.callSoon": saying("callSoon", row(callback)),
  "EventLoop.callLater": saying("callLater", row(duration, callback)),
  "EventLoop.callAt": saying("callAt", row(seconds, callback)),
  "EventLoop.setExceptionHandler": saying("setExceptionHandler", row(optional(callback))),
  "EventLoop.callExceptionHandler": saying("callExceptionHandler", row(value({ message: "text" }))),

  "Future.isFuture": row(any),
  "Future.make": row(),
  "Future.fromPromise": row(promise),
  "Future.toPromise": row(future),
  "Future.fromDeferred": row(deferred),
  "Future.intoDeferred": row(future, deferred),
  "Future.cancelOnAbort": row(future, signal),
  "Future.toAbortSignal": row(future),
  "Future.done": row(future),
  "Future.cancelled": row(future),
  "Future.result": row(future),
  "Future.exception": row(future),
  "Future.join": row(future),
  "Future.await": row(future),
  "Future.cancel": row(future, options({ message: text })),
  "Future.cancelUnsafe": row(future, options({ message: text })),
  "Future.cancelAndWait": row(futures, options({ message: text, timeout: duration })),
  "Future.cancelMessage": row(cause),
  "Future.addDoneCallback": row(future, callback),
  "Future.removeDoneCallback": row(future, callback),
  "Future.awaitedBy": row(future),
  "Future.succeed": row(future, any),
  "Future.fail": row(future, any),
  "Future.failCause": row(future, cause),
  "Future.succeedUnsafe": row(future, any),
  "Future.failUnsafe": row(future, any),

  "LifoQueue.make": row(options(maxsize)),

  "Lock.withLock": selfFirst(lock, effect),
  "Lock.acquire": row(lock),
  "Lock.acquireNowait": row(lock),
  "Lock.acquireScoped": row(lock),
  "Lock.release": row(lock),
  "Lock.releaseUnsafe": row(lock),
  "Lock.locked": row(lock),
  "Lock.statistics": row(lock),

  "PriorityQueue.make": row({
    ...options({ ...maxsize, order: value(Order.Number, isFunction) }),
    good: Effect.succeed({ order: Order.Number }),
    optional: false,
    takes: () => false
  }),

  "Queue.make": row(options(maxsize)),
  "Queue.put": dataLast(queue, any),
  "Queue.get": row(queue),
  "Queue.putNowait": dataLast(queue, any),
  "Queue.putNowaitUnsafe": row(queue, any),
  "Queue.getNowait": row(queue),
  "Queue.taskDone": row(queue),
  "Queue.join": row(queue),
  "Queue.shutdown": row(queue, options({ immediate: flag })),
  "Queue.size": row(queue),
  "Queue.empty": row(queue),
  "Queue.full": row(queue),
  "Queue.statistics": row(queue),
  "Queue.stream": row(queue),
  "Queue.putAll": dataLast(queue, value(Stream.make(1))),

  "Runner.make": row(options(run)),

  "Semaphore.make": row(whole),
  "Semaphore.withPermit": selfFirst(semaphore, effect),
  "Semaphore.acquire": row(semaphore),
  "Semaphore.acquireNowait": row(semaphore),
  "Semaphore.acquireScoped": row(semaphore),
  "Semaphore.release": row(semaphore),
  "Semaphore.releaseUnsafe": row(semaphore),
  "Semaphore.locked": row(semaphore),
  "Semaphore.statistics": row(semaphore),

  "Task.currentUnsafe": row(),
  "Task.isTask": row(any),
  "Task.setName": row(task, text),
  "Task.cancelling": row(task),
  "Task.uncancel": row(task),
  "Task.catchCancelled": dataLast(effect, callback),

  "TaskGroup.make": row(options({ concurrency, onProgress: callback })),
  "TaskGroup.run": row(body, options({ concurrency, onProgress: callback })),

  "Timeout.when": row(timeout),
  "Timeout.expired": row(timeout),
  "Timeout.reschedule": row(timeout, optional(seconds)),

  "Explore.check": row(effect, options(explored)),
  "Explore.run": row(effect, optional(text), options(explored)),
  "Explore.latency": row(duration, duration),
  "Explore.fault": row(any),
  "Explore.choose": row(value([1], (stray) => Array.isArray(stray) && stray.length > 0)),
  "Explore.always": row(text, callback),
  "Explore.note": row(text),

  "TestLoop.layer": row(options(loop)),

  "VirtualLoop.layer": row(options(virtual)),
  "VirtualLoop.run": row(awaitable, options(virtual)),
  "VirtualLoop.advance": row(duration),

  submit: row(aJob, any, options(submitted)),
  toThread: row(aJob, any, options(submitted)),
  runInExecutor: row(pool, aJob, any, options(submitted)),
  map: row(
    aJob,
    inputs,
    options({ concurrency: value(1, (stray) => stray === 5), retries: atLeast(0), onProgress: callback })
  ),
  "Executor.layer": row(effect),
  "Executor.local": row(value(jobs), handlers, placed),
  "Executor.loseWorker": row(text),
  "Executor.layerLocal": saying("Executor.local", row(value(jobs), handlers, placed)),
  "Job.make": row(text, options({ payload: schema, success: schema, error: schema, progress: schema })),
  "Job.group": row(text, aJob),

  "node.runMain": saying("runMain", row(effect, options(run))),
  "node.signal": saying("signal", row(value("SIGUSR2")))
}

/** Exports that are no functions to call. */
const others = [
  /^(ALL_COMPLETED|FIRST_COMPLETED|FIRST_EXCEPTION|allTasks|currentTask)$/,
  /(Error|QueueEmpty|QueueFull|QueueShutDown|WorkerLost|BrokenExecutor)$/,
  /^(Event|Lock)\.make$/,
  /^(EventLoop\.(EventLoop|time)|Executor\.Executor)$/,
  /^Task\.(all|current)$/,
  /^Explore\.cancelled$/,
  // What it takes begins at once, and does not end by itself: monitor.test.ts.
  /^node\.monitor$/
]

// ----------------------------------------------------------------------------------------------------------- the table

const functions = new Map<string, (...args: ReadonlyArray<unknown>) => unknown>()
const unlisted: Array<string> = []
const aliases = new Map<unknown, string>()
const collect = (exported: object, prefix: string): void => {
  // What has a row of its own comes first, so that `Task.join` is `Future.join`.
  const entries = Object.entries(exported).map(([key, value]) => [`${prefix}${key}`, value] as const)
  for (const [path, value] of entries.toSorted(([a], [b]) => Number(b in rows) - Number(a in rows))) {
    if (value?.[Symbol.toStringTag] === "Module") collect(value, `${path}.`)
    else if (path in rows) {
      functions.set(path, value)
      aliases.set(value, path)
    } else if (!others.some((other) => other.test(path)) && !aliases.has(value)) unlisted.push(path)
  }
}
collect(asyncio, "")
collect(testing, "")
collect(executors, "")
collect(node, "node.")

it("every function that is exported has a row, and every row a function", () => {
  expect(unlisted).toEqual([])
  expect(Object.keys(rows).filter((path) => !functions.has(path))).toEqual([])
})

const strayEvent = Effect.runSync(asyncio.Event.make)
const strayQueue = Effect.runSync(asyncio.Queue.make())
const strays: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  5,
  NaN,
  5n,
  "text",
  Symbol("text"),
  {},
  { unknown: 1 },
  [],
  [5],
  new Map(),
  new Date(0),
  () => 5,
  async () => 5,
  Promise.resolve(5),
  AbortSignal.abort(),
  Effect.void,
  Option.none(),
  strayEvent,
  strayQueue
]

/** Whatever a function gives, run to its end. */
const running = (result: unknown): Effect.Effect<unknown, unknown, any> => {
  if (Effect.isEffect(result)) return result
  if (Stream.isStream(result)) return Stream.runDrain(result)
  if (Layer.isLayer(result)) return Effect.scoped(Layer.build(result as Layer.Layer<unknown>))
  if (result instanceof Promise) return Effect.promise(() => result)
  return Effect.succeed(result)
}

/** What a call with these arguments dies with, or how else it ends. */
const refusal = (call: () => unknown): Effect.Effect<string, never, asyncio.EventLoop.EventLoop> =>
  Effect.suspend(() => running(call())).pipe(
    Effect.scoped,
    Effect.provide(executors.Executor.layerLocal(jobs, work)),
    Effect.timeout("1 day"),
    Effect.exit,
    Effect.map((exit) => {
      if (Exit.isSuccess(exit)) return "gives a value"
      const [first] = exit.cause.reasons
      return first?._tag === "Die" && first.defect instanceof Error
        ? `${first.defect.name}: ${first.defect.message}`
        : `ends with ${String(exit.cause)}`
    })
  )

/** How a call can be written. */
const spellings = (f: (...args: ReadonlyArray<unknown>) => any, { also }: Row, args: ReadonlyArray<unknown>) => {
  const [first, ...rest] = args
  return [
    () => f(...args),
    ...(also === "data-last" ? [() => f(...rest)(first)] : []),
    ...(also === "self-first" ? [() => f(first)(...rest)] : [])
  ]
}

const print = (value: unknown): string => {
  try {
    return typeof value === "function" ? `${value}` : JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

/** All that is not refused as it should be. */
const faults = (path: string, row: Row): Program<Array<string>, never> =>
  Effect.gen(function*() {
    const f = functions.get(path)!
    const faults: Array<string> = []
    const form = new RegExp(`^IllegalArgumentError: ${row.says ?? path}: [^]* is [^]*, expected [^]+`)
    const check = function*(what: string, call: () => unknown) {
      const seen = yield* refusal(call)
      if (!form.test(seen)) faults.push(`${what}: ${seen}`)
    }
    const checkArgument = function*(index: number, arg: unknown) {
      const good = yield* Effect.forEach(row.args, (kind) => kind.good)
      for (const call of spellings(f, row, good.with(index, arg))) {
        yield* check(`argument ${index} is ${print(arg)}`, call)
      }
    }
    if (row.also === "data-last" && !row.args[1]!.takes(undefined)) {
      const first = yield* row.args[0]!.good
      yield* check("the last argument is forgotten", () => f(first))
    }
    for (const [index, kind] of row.args.entries()) {
      for (const stray of strays) if (!kind.takes(stray)) yield* checkArgument(index, stray)
      const good = yield* kind.good
      for (const [name, option] of Object.entries(kind.options ?? {})) {
        for (const stray of strays) {
          if (stray !== undefined && !option.takes(stray)) {
            yield* checkArgument(index, { ...good as object, [name]: stray })
          }
        }
        yield* checkArgument(index, { ...good as object, [name]: yield* option.good, unknown: undefined })
      }
    }
    return faults
  })

describe("is refused, in the house's one form", () => {
  for (const [path, row] of Object.entries(rows)) {
    it.live(path, () => Effect.map(onVirtual(faults(path, row)), (faults) => expect(faults).toEqual([])))
  }
})

describe("so it is in methods", () => {
  const methods: ReadonlyArray<readonly [string, (stray: unknown) => unknown, (stray: unknown) => boolean]> = [
    ["Runner.run", (stray) => asyncio.Runner.make().run(stray as any), isAwaitable],
    [
      "Runner.runExit",
      (stray) => Effect.flatten(Effect.promise(() => asyncio.Runner.make().runExit(stray as any))),
      isAwaitable
    ],
    [
      "TaskGroup.createTask",
      (stray) => asyncio.TaskGroup.run((group) => group.createTask(stray as any)),
      (stray) => Effect.isEffect(stray)
    ],
    [
      "callSoon",
      (stray) => Effect.map(asyncio.EventLoop.EventLoop, (loop) => loop.callSoonUnsafe(stray as any)),
      isFunction
    ],
    [
      "callLater",
      (stray) => Effect.map(asyncio.EventLoop.EventLoop, (loop) => loop.callLaterUnsafe(1, stray as any)),
      isFunction
    ],
    [
      "callAt",
      (stray) => Effect.map(asyncio.EventLoop.EventLoop, (loop) => loop.callAtUnsafe(1, stray as any)),
      isFunction
    ]
  ]
  for (const [name, call, takes] of methods) {
    it.live(name, () =>
      Effect.gen(function*() {
        for (const stray of strays.filter((stray) => !takes(stray))) {
          const seen = yield* onVirtual(refusal(() => call(stray)))
          expect(seen).toMatch(new RegExp(`^IllegalArgumentError: ${name}: the [^]* is [^]*, expected [^]+`))
        }
      }))
  }
  it.live("TaskGroup.createTask: its options", () =>
    Effect.map(
      onVirtual(refusal(() => asyncio.TaskGroup.run((group) => group.createTask(Effect.void, { name: 5 } as any)))),
      (seen) => expect(seen).toBe("IllegalArgumentError: TaskGroup.createTask: name is 5, expected a string")
    ))
})

describe("what a function gives", () => {
  const cases: ReadonlyArray<readonly [string, () => unknown, string]> = [
    ["timeout", () => asyncio.timeout(1, (() => 5) as any), "the result of the body is 5, expected an Effect"],
    ["timeoutAt", () => asyncio.timeoutAt(1, (() => 5) as any), "the result of the body is 5, expected an Effect"],
    ["TaskGroup.run", () => asyncio.TaskGroup.run((() => 5) as any), "the result of the body is 5, expected an Effect"],
    [
      "Task.catchCancelled",
      () =>
        asyncio.Task.catchCancelled(
          Effect.failCause(Cause.interrupt()),
          (() => 5) as any
        ),
      "the result of the handler is 5, expected an Effect"
    ],
    [
      "wait",
      () => asyncio.wait([Effect.void, asyncio.sleep("1 hour")], { returnWhen: (async () => false) as any }),
      "the result of returnWhen is Promise({}), expected a plain value, since nothing runs or awaits it"
    ],
    ...[() => Effect.succeed(false), async () => false, function*() {}].map((predicate) =>
      [
        "Condition.waitFor",
        () =>
          Effect.flatMap(
            asyncio.Condition.make(),
            (condition) => asyncio.Condition.waitFor(condition, predicate as any)
          ),
        "expected a plain value, since nothing runs or awaits it"
      ] as const
    ),
    [
      "gather",
      () => (asyncio.gather as (...effects: ReadonlyArray<unknown>) => unknown)(Effect.succeed(1), Effect.succeed(2)),
      "expected a collection of awaitables, not a lone one: put it in brackets"
    ]
  ]
  for (const [name, call, message] of cases) {
    it.live(name, () =>
      Effect.map(onVirtual(refusal(call)), (seen) => {
        expect(seen).toContain(`IllegalArgumentError: ${name}: `)
        expect(seen).toContain(message)
      }))
  }
})

describe("what is one step away from an Effect is told that step", () => {
  function fetchUser() {
    return Effect.void
  }
  const call = "; did you mean to call it?"
  const promise = "; Effect.tryPromise makes one of a promise"
  const generator = "; Effect.gen makes one of a generator function"
  const given: ReadonlyArray<readonly [value: unknown, text: string, step: string]> = [
    [fetchUser, "<function fetchUser>", call],
    [(() => () => Effect.void)(), "<function>", call],
    [Effect.fn("fetchUser")(fetchUser), "<function>", call],
    [async function load() {}, "<function load>", promise],
    [Promise.resolve(5), "Promise({})", promise],
    [function* generate() {}, "<function generate>", generator],
    [(function*() {})(), "Generator({})", generator],
    [asyncio.InvalidStateError, "<class InvalidStateError>", ""]
  ]
  const checkGiven = (call: string, expected: string, run: (value: any) => unknown) =>
    Effect.gen(function*() {
      for (const [value, text, step] of given) {
        const seen = yield* onVirtual(refusal(() => run(value)))
        expect(seen).toBe(`IllegalArgumentError: ${call} is ${text}, expected an Effect${expected}${step}`)
      }
    })
  const orFuture = ", Future or Task"

  const takers = Object.entries(rows).flatMap(([path, row]) =>
    row.args.flatMap((kind, index) => kind === effect || kind === awaitable ? [{ path, row, index, kind }] : [])
  )
  for (const { index, kind, path, row } of takers) {
    it.live(path, () =>
      Effect.gen(function*() {
        const good = yield* onVirtual(Effect.forEach(row.args, (kind) => kind.good))
        const what = path === "Explore.check" || path === "Explore.run" ? "the program" : "the argument"
        yield* checkGiven(
          `${row.says ?? path}: ${what}`,
          kind === effect ? "" : orFuture,
          (value) => functions.get(path)!(...good.with(index, value))
        )
      }))
  }

  const collections = { asCompleted: asyncio.asCompleted, gather: asyncio.gather, wait: asyncio.wait }
  for (const [name, f] of Object.entries<(items: any) => unknown>(collections)) {
    it.live(name, () => checkGiven(`${name}: item 1`, orFuture, (value) => f([Effect.void, value])))
  }
  it.live("gather, by name", () =>
    checkGiven("gather: item user", orFuture, (value) => asyncio.gather({ user: value })))

  it.live("TaskGroup.createTask", () =>
    checkGiven(
      "TaskGroup.createTask: the argument",
      "",
      (value) => asyncio.TaskGroup.run((group) => group.createTask(value))
    ))

  it.live("what a body gives", () =>
    checkGiven("timeout: the result of the body", "", (value) => asyncio.timeout(1, () => value)))

  it.live("an Effect in place of a body", () =>
    Effect.map(onVirtual(refusal(() => asyncio.timeout(1, Effect.never as any))), (seen) =>
      expect(seen).toBe(
        "IllegalArgumentError: timeout: the body is <Effect>, expected a function that gives an Effect"
      )))
})

describe("without a loop a call says that it needs one", () => {
  const { EventLoop, Future, Task, TaskGroup } = asyncio
  const calls: Readonly<
    Record<string, () => Effect.Effect<unknown, unknown, any> | Stream.Stream<unknown, unknown, any>>
  > = {
    asCompleted: () => asyncio.asCompleted([Effect.void]),
    asCompletedEffects: () => asyncio.asCompletedEffects([Effect.void]),
    createTask: () => asyncio.createTask(Effect.void),
    ensureFuture: () => asyncio.ensureFuture(Effect.void),
    gather: () => asyncio.gather([Effect.void]),
    shield: () => asyncio.shield(Effect.void),
    timeout: () => asyncio.timeout(1, () => Effect.void),
    timeoutAt: () => asyncio.timeoutAt(1, () => Effect.void),
    wait: () => asyncio.wait([Effect.void]),
    waitFor: () => asyncio.waitFor(Effect.void, 1),
    allTasks: () => asyncio.allTasks,
    currentTask: () => asyncio.currentTask,
    "EventLoop.time": () => EventLoop.time,
    callSoon: () => EventLoop.callSoon(() => {}),
    callLater: () => EventLoop.callLater(1, () => {}),
    callAt: () => EventLoop.callAt(1, () => {}),
    setExceptionHandler: () => EventLoop.setExceptionHandler(undefined),
    callExceptionHandler: () => EventLoop.callExceptionHandler({ message: "text" }),
    "Future.make": () => Future.make(),
    "Future.fromPromise": () => Future.fromPromise(Promise.resolve(1)),
    "Future.fromDeferred": () => Effect.flatMap(Deferred.make(), Future.fromDeferred),
    "Task.catchCancelled": () => Task.catchCancelled(Effect.void, () => Effect.void),
    "TaskGroup.run": () => TaskGroup.run(() => Effect.void)
  }
  for (const [name, call] of Object.entries(calls)) {
    it.live(name, () =>
      Effect.map(refusal(call) as Effect.Effect<string>, (seen) =>
        expect(seen).toBe(
          `RuntimeError: ${name}: no running event loop: run the program with asyncio.run, or provide EventLoop.layer()`
        )))
  }
})
