/**
 * docs/errors.md is complete and true: every error class that is exported has a section there, every message there is
 * produced by a program here, every message that a program here produces is there, and so is each that the sources spell out.
 */
import { expect, it } from "@effect/vitest"
import { Clock, Context, type Duration, Effect, Layer, Logger, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, Job, runInExecutor, submit, toThread } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { ThreadPool } from "effect-asyncio/executors/node"
import { runMain } from "effect-asyncio/node"
import * as testing from "effect-asyncio/testing"
import { PersistenceError } from "effect/cluster/ClusterError"
import { layerMemory, MessageStorage } from "effect/cluster/MessageStorage"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as TestRunner from "effect/cluster/TestRunner"
import { TestClock } from "effect/testing"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { type ESTree, parseSync, Visitor } from "vite"
import { describe } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { readFiles } from "../../scripts/house.ts"
import { moduleOf } from "../executors/bundled.ts"
import { crash, rough } from "../executors/rough/jobs.ts"
import { loggedBy, never, onVirtual, type Program, quiet } from "../support/loops.ts"
import { root } from "./DocExample.ts"

const {
  Barrier,
  Condition,
  createTask,
  EventLoop,
  Future,
  gather,
  Lock,
  Queue,
  Runner,
  sleep,
  Task,
  TaskGroup,
  Timeout
} = asyncio
const { Explore, TestLoop, VirtualLoop } = testing

// ------------------------------------------------------------------------------------------------------------ the page

/** The messages of each section that is named after a class, in the page's order. */
const page = new Map(
  readFileSync(join(root, "docs/errors.md"), "utf8").split(/^### /m).slice(1).map((section) => [
    section.slice(0, section.indexOf("\n")),
    Array.from(section.matchAll(/^\| `([^`]+)` +\|/gm), ([, message]) => message!)
  ])
)

/** What it has to be: `…` stands for anything. */
const patternOf = (message: string): RegExp =>
  new RegExp(`^${message.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*")}$`)

// -------------------------------------------------------------------------------------------------------- the programs

type Ending = Effect.Effect<unknown, unknown> | (() => Promise<unknown>)

const live = (program: Program) => quiet(EventLoop.provide(program))
const virtual = (program: Program) => onVirtual(program)
/** What types refuse. */
const untyped = (program: () => Effect.Effect<unknown, unknown, any>) => live(Effect.suspend(program))
const withoutLoop = (program: Effect.Effect<unknown, unknown, any>) => program as Effect.Effect<unknown, unknown>

const future = Future.make<number>()
const inOtherLoop = (use: (future: asyncio.Future.Future<number>) => Program) =>
  live(Effect.flatMap(future, (future) => EventLoop.provide(use(future))))
const self = Effect.flatMap(asyncio.currentTask, Effect.fromOption)

const barrier = (use: (barrier: asyncio.Barrier.Barrier) => Program) => live(Effect.flatMap(Barrier.make(2), use))
const queue = (
  options: asyncio.Queue.Options,
  use: (queue: asyncio.Queue.Queue<number>) => Program
) => live(Effect.flatMap(Queue.make<number>(options), use))

const waitingOn = <A, E>(effect: Program<A, E>) => createTask(effect, { eager: true })
const explored = (program: Program, options?: testing.Explore.Options) => Explore.check(program, options)

/** Two tasks that look and then act. */
const race = Effect.suspend(() => {
  let free = true
  const take = Effect.gen(function*() {
    if (!free) return 0
    yield* Explore.latency("1 millis", "50 millis")
    free = false
    return 1
  })
  return Effect.flatMap(
    gather([Effect.andThen(sleep(1), take), Effect.andThen(sleep(20), take)]),
    ([one, two]) => Effect.sync(() => expect(one + two).toBe(1))
  )
})

/** The same in the written order, whatever the latency. */
const late = (most: Duration.Input) =>
  Effect.gen(function*() {
    yield* Explore.latency("1 millis", most)
    if ((yield* EventLoop.time) > 0.02) return yield* Effect.fail("late")
  })

const tokenOf = (program: Program) =>
  Effect.map(Effect.flip(explored(program)), (error) => (error as any).token as string)

const joinForEver = Effect.fnUntraced(function*(future: asyncio.Future.Future<number>) {
  for (;;) yield* future
})

const cyclic = Effect.gen(function*() {
  const [a, b] = [yield* Lock.make, yield* Lock.make]
  const both = (one: asyncio.Lock.Lock, other: asyncio.Lock.Lock) =>
    Lock.withLock(one, Effect.andThen(sleep(0), Lock.acquire(other)))
  yield* gather([both(a, b), both(b, a)])
})

const onThread = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  worker: URL,
  program: Effect.Effect<unknown, unknown, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>
) => live(Effect.provide(program, ThreadPool.layer(jobs, worker)))

/** The last line that the loop logs. */
const saidBy = <A, E>(program: Effect.Effect<A, E>): Ending => () =>
  Effect.runPromise(Effect.map(loggedBy(program), (lines) => lines.at(-1)?.text.replace(/: <[^]*/, "") ?? "nothing"))

/** On a clock whose time is always over; its clean-up ends once the loop has said that it waits. */
const closingSlowly = Effect.suspend(() => {
  const said = Promise.withResolvers<void>()
  const logger = Logger.make(() => said.resolve())
  const clock: Clock.Clock = Object.create(Context.get(Context.empty(), Clock.Clock), {
    sleep: { value: () => Effect.void }
  })
  const main = Effect.andThen(waitingOn(Effect.ensuring(never, Effect.promise(() => said.promise))), sleep(0))
  return EventLoop.provide(main).pipe(
    Effect.provide(Logger.layer([logger], { mergeWithExisting: true })),
    Effect.provideService(Clock.Clock, clock)
  )
})

/** Versions of a job; the runner has the first. */
const total = Job.make("total", { success: Schema.Number, progress: Schema.Number })
const newInput = Job.make("total", { payload: Schema.Number, success: Schema.Number })
const newOutcome = Job.make("total", { success: Schema.String })
const newReports = Job.make("total", { success: Schema.Number, progress: Schema.String })
const stuck = Job.make("stuck", { progress: Schema.Number })
const [v1, v2, v3] = [Job.group("totals", total, stuck), Job.group("totals", newInput), Job.group("totals", newOutcome)]

const clusterOn = (storage: Partial<MessageStorage["Service"]>) =>
  Sharding.layer.pipe(
    Layer.provideMerge(Runners.layerNoop),
    Layer.provideMerge(
      Layer.effect(MessageStorage)(Effect.map(MessageStorage, (working) => ({ ...working, ...storage })))
    ),
    Layer.provide([layerMemory, RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
    Layer.provide(ShardingConfig.layer({ entityTerminationTimeout: 0 }))
  )
const lost = new PersistenceError({ cause: new Error("the connection is closed") })
const withoutStorage = clusterOn({ saveRequest: () => Effect.fail(lost) })
const forgetful = clusterOn({ requestIdForPrimaryKey: () => Effect.succeedNone })

const totalled = ClusterExecutor.layerRunner(
  v1,
  Executor.local(v1, {
    total: (_, { progress }) => Effect.as(progress(1), 1),
    stuck: (_, { progress }) => Effect.andThen(progress(1), Effect.never)
  })
)

const inCluster = (
  program: Effect.Effect<unknown, unknown, Sharding.Sharding | MessageStorage | asyncio.EventLoop.EventLoop>,
  cluster: Layer.Layer<Sharding.Sharding | MessageStorage> = TestRunner.layer
) =>
  EventLoop.provide(program).pipe(Effect.provide(
    totalled.pipe(Layer.provideMerge(cluster))
  ))

const joined = <J extends Job.Any>(cluster: Executor.Executor<J>, job: J, input: Job.Input<J>) =>
  Effect.flatMap(runInExecutor(cluster, job, input, { id: "a" }), Task.join)

const asked = <J extends Job.Any>(jobs: Job.Jobs<J>, job: J, input: Job.Input<J>) =>
  Effect.scoped(Effect.flatMap(ClusterExecutor.make(jobs), (cluster) => joined(cluster, job, input)))

/** Each ends with an error of that class, or is a report of the loop's. */
const programs: Readonly<Record<string, ReadonlyArray<Ending>>> = {
  TimeoutError: [
    virtual(asyncio.timeout("1 second", () => sleep("1 hour"))),
    live(asyncio.waitFor(sleep("1 hour"), 0)),
    virtual(
      Effect.flatMap(
        createTask(Effect.uninterruptible(sleep("1 hour"))),
        (task) => Effect.andThen(sleep(0), Task.cancelAndWait(task, { timeout: "1 second" }))
      )
    )
  ],
  InvalidStateError: [
    live(Effect.flatMap(future, Future.result)),
    live(Effect.flatMap(future, (future) => Effect.andThen(Future.cancel(future), Future.succeed(future, 1))))
  ],
  QueueEmpty: [
    queue({}, Queue.getNowait),
    queue(
      { fair: true },
      (queue) =>
        Effect.andThen(Effect.andThen(waitingOn(Queue.get(queue)), Queue.put(queue, 1)), Queue.getNowait(queue))
    )
  ],
  QueueFull: [
    queue({ maxsize: 1 }, (queue) => Effect.andThen(Queue.put(queue, 1), Queue.putNowait(queue, 2))),
    queue({ maxsize: 1, fair: true }, (queue) =>
      Effect.andThen(
        Effect.andThen(Queue.put(queue, 1), waitingOn(Queue.put(queue, 2))),
        Effect.andThen(Queue.get(queue), Queue.putNowait(queue, 3))
      ))
  ],
  QueueShutDown: [queue({}, (queue) => Effect.andThen(Queue.shutdown(queue), Queue.get(queue)))],
  BrokenBarrierError: [
    barrier((barrier) => Effect.andThen(Barrier.abort(barrier), Barrier.wait(barrier))),
    barrier((barrier) =>
      Effect.flatMap(
        waitingOn(Barrier.wait(barrier)),
        (task) => Effect.andThen(Barrier.abort(barrier), Task.join(task))
      )
    )
  ],
  RuntimeError: [
    withoutLoop(createTask(Effect.void)),
    Effect.flatMap(EventLoop.provide(EventLoop.EventLoop), (loop) => Effect.sync(() => loop.callSoonUnsafe(() => {}))),
    inOtherLoop((future) => gather([future])),
    inOtherLoop(Future.join),
    Effect.provideService(
      withoutLoop(createTask(Effect.void)),
      Context.Service<unknown>("effect-asyncio@0.0.0/EventLoop"),
      {}
    ),
    live(Effect.flatMap(self, (task) => Task.join(task))),
    live(Effect.flatMap(self, (task) => Task.cancelAndWait(task))),
    untyped(() => Effect.flatMap(createTask(Effect.never), (task) => Future.succeed(task as any, 1))),
    live(Effect.flatMap(Lock.make, Lock.release)),
    live(Effect.flatMap(Condition.make(), Condition.notify)),
    live(Effect.flatMap(asyncio.timeout(1, Effect.succeed), (timeout) => Timeout.reschedule(timeout, 1))),
    live(Effect.flatMap(TaskGroup.run(Effect.succeed), (group) => group.createTask(Effect.void))),
    live(TaskGroup.run((group) => Effect.andThen(group.cancel, group.createTask(Effect.void)))),
    live(
      TaskGroup.run((group) =>
        group.start((started: asyncio.TaskGroup.Started) => Effect.andThen(started(), started()))
      )
    ),
    live(TaskGroup.run((group) => group.start(() => Effect.void))),
    untyped(() => submit(Job.make("job"), undefined)),
    // Somebody's worker, as vitest's are, is no pool's.
    () => import("../executors/rough/rough-worker.ts"),
    () =>
      new Promise((_, reject) => {
        new Worker(moduleOf("twice"), { argv: ["effect-asyncio-worker"] }).on("error", reject)
      }),
    Executor.loseWorker("out of memory"),
    live(Effect.scoped(Layer.build(Layer.provide(totalled, TestRunner.layer)))),
    virtual(Effect.provide(toThread(crash, { attempts: 1, how: "exit" }), ThreadPool.layer(rough, moduleOf("silent")))),
    live(
      Effect.flatMap(asyncio.asCompletedEffects([Effect.void]), ([first]) => Effect.andThen(first!, first!))
    ),
    async () => {
      const runner = Runner.make()
      await runner.close()
      await runner.run(Effect.void)
    },
    async () => {
      const refused = () => runMain(Effect.void).then(() => undefined, (error: unknown) => error)
      throw await runMain(Effect.promise(refused))
    },
    () =>
      new Promise((_, reject) => {
        const path = JSON.stringify(join(root, "src/node/index.ts"))
        const code = `import(${path}).then(({ monitor }) => monitor()).catch(({ message, name }) =>
          require("node:worker_threads").parentPort.postMessage({ message, name }))`
        new Worker(code, { eval: true }).on("message", reject).on("error", reject)
      }),
    Effect.provide(Effect.void, TestLoop.layer()),
    live(VirtualLoop.advance(1))
  ],
  IllegalArgumentError: [
    live(sleep(NaN)),
    live(asyncio.Semaphore.make(-1)),
    untyped(() => gather([5] as any)),
    untyped(() => gather([sleep] as any)),
    untyped(() => gather([Promise.resolve()] as any)),
    untyped(() => createTask(function*() {} as any)),
    untyped(() => gather([createTask(Effect.void)] as any)),
    untyped(() => Lock.acquire({ "~effect-asyncio/Lock": {} } as any)),
    queue({}, Queue.taskDone),
    explored(createTask(Effect.void, { name: "job" }), {
      vary: {
        cancel: () => {
          throw new Error("no")
        }
      }
    })
  ],
  CancelledError: [
    () => asyncio.run(Effect.interrupt),
    inCluster(
      Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(v1)
        const began = yield* asyncio.Event.make
        const onProgress = () => asyncio.Event.set(began)
        const first = yield* runInExecutor(cluster, stuck, undefined, { id: "a", onProgress })
        yield* asyncio.Event.wait(began)
        yield* Task.cancelAndWait([first])
        const again = yield* runInExecutor(cluster, stuck, undefined, { id: "a" })
        yield* Effect.promise(() => Future.toPromise(again))
      }).pipe(Effect.scoped)
    )
  ],
  AggregateError: [
    () =>
      asyncio.run(
        TaskGroup.run((group) => Effect.all([group.createTask(Effect.fail(1)), group.createTask(Effect.fail(2))]))
      )
  ],
  DeadlockError: [virtual(cyclic), Effect.provide(Effect.never, VirtualLoop.layer({ patience: 0 }))],
  SpinError: [
    VirtualLoop.run(Effect.forever(sleep(0)), { maxTicks: 100 }),
    VirtualLoop.run(
      Effect.flatMap(future, (done) => Effect.andThen(Future.succeed(done, 1), joinForEver(done))),
      { maxTicks: 100 }
    )
  ],
  ScheduleError: [
    explored(Effect.fail("no")),
    explored(race),
    explored(
      Effect.flatMap(createTask(sleep(1), { name: "job" }), (task) =>
        Effect.andThen(
          asyncio.wait([task]),
          Effect.suspend(() => Task.cancelled(task) ? Effect.fail("it is gone") : Effect.void)
        )),
      { vary: { cancel: (name) => name === "job" } }
    ),
    explored(
      Effect.suspend(() => {
        let ready = false
        return gather([
          Effect.sync(() => ready = true),
          Effect.suspend(() => ready ? Effect.void : Effect.fail("not ready"))
        ])
      }),
      { vary: { order: true } }
    ),
    explored(
      Effect.suspend(() => {
        let busy = 0
        const job = Effect.gen(function*() {
          yield* Effect.sync(() => busy++)
          yield* Effect.sync(() => 0)
          if (busy > 1) return yield* Effect.fail("two at once")
          busy--
        })
        return gather([job, job])
      }),
      { vary: { operations: true } }
    )
  ],
  NotDeterministicError: [
    explored(Effect.suspend(() => sleep(1 + Math.floor(Math.random() * 1e6))))
  ],
  TokenError: [
    explored(race, { replay: "nonsense" }),
    explored(race, { replay: "BAAAALw" }),
    Effect.flatMap(tokenOf(race), (replay) => explored(race, { replay, vary: { order: true } })),
    Effect.flatMap(tokenOf(race), (replay) => explored(Effect.andThen(sleep(1), race), { replay })),
    Effect.flatMap(tokenOf(late("80 millis")), (replay) => explored(late("1 millis"), { replay }))
  ],
  WorkerLost: [onThread(rough, moduleOf("rough-worker"), toThread(crash, { attempts: 1, how: "exit" }))],
  BrokenExecutor: [
    onThread(v1, moduleOf("rough-worker"), toThread(total)),
    onThread(rough, new URL("./none.ts", import.meta.url), toThread(crash, { attempts: 1, how: "exit" })),
    Effect.flatMap(
      Effect.scoped(ThreadPool.make(rough, moduleOf("rough-worker"))),
      (pool) => live(runInExecutor(pool, crash, { attempts: 1, how: "exit" }).pipe(Effect.flatMap(Task.join)))
    ),
    inCluster(Effect.flatMap(Effect.scoped(ClusterExecutor.make(v1)), (cluster) => joined(cluster, total, undefined))),
    inCluster(asked(v1, total, undefined), withoutStorage),
    inCluster(
      Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(v1)
        const began = yield* asyncio.Event.make
        const task = yield* runInExecutor(cluster, stuck, undefined, { onProgress: () => asyncio.Event.set(began) })
        yield* asyncio.Event.wait(began)
        yield* TestClock.adjust("5 minutes")
        return yield* task
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer(), { local: true })),
      forgetful
    ),
    inCluster(asked(v2, newInput, 1)),
    inCluster(Effect.andThen(asked(v1, total, undefined), asked(v3, newOutcome, undefined))),
    inCluster(Effect.provide(
      toThread(newReports, undefined, { onProgress: () => Effect.void }),
      ClusterExecutor.layer(Job.group("totals", newReports))
    )),
    inCluster(asked(Job.group("totals", crash), crash, { attempts: 1, how: "exit" }))
  ],
  Reports: [
    saidBy(EventLoop.provide(createTask(Effect.fail("no")))),
    saidBy(EventLoop.provide(Effect.flatMap(Future.make<never, string>(), (future) => Future.fail(future, "no")))),
    saidBy(EventLoop.provide(Effect.andThen(
      EventLoop.callSoon(() => {
        throw new Error("no")
      }),
      sleep(0)
    ))),
    saidBy(EventLoop.provide(Effect.andThen(
      waitingOn(Effect.onInterrupt(Effect.never, () => Effect.die("no"))),
      sleep(0)
    ))),
    saidBy(EventLoop.provide(Effect.andThen(
      EventLoop.setExceptionHandler(() => Effect.die("no")),
      EventLoop.callExceptionHandler({ message: "by hand" })
    ))),
    saidBy(onVirtual(Effect.andThen(
      EventLoop.setExceptionHandler(({ message }) => Effect.logError(message)),
      waitingOn(Effect.ensuring(never, Effect.never))
    ))),
    saidBy(EventLoop.provide(waitingOn(Effect.ensuring(never, Effect.never)), { closeTimeout: "1 millis" })),
    saidBy(closingSlowly)
  ]
}

// --------------------------------------------------------------------------------------------------------- the sources

/** What a template or a text spells out. */
const spelledBy = (node: ESTree.Node | undefined): string | undefined => {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value
  return node?.type === "TemplateLiteral" ? node.quasis.map(({ value }) => value.cooked).join("…") : undefined
}

/** The messages that sources give to the classes of errors, with `…` for what they put in. */
const spelled = Array.from(readFiles()).flatMap(([file, text]) => {
  const found: Array<readonly [Class: string, message: string]> = []
  new Visitor({
    NewExpression({ arguments: [argument], callee }) {
      const name = callee.type === "MemberExpression" ? callee.property : callee
      const message = argument?.type === "ObjectExpression"
        ? argument.properties.find((property) =>
          property.type === "Property" && property.key.type === "Identifier" && property.key.name === "message"
        )
        : undefined
      const said = spelledBy(message?.type === "Property" ? message.value : argument as ESTree.Node | undefined)
      if (name.type === "Identifier" && page.has(name.name) && said !== undefined) found.push([name.name, said])
    }
  }).visit(parseSync(file, text).program)
  return found
})

// ----------------------------------------------------------------------------------------------------------- the tests

for (const [name, endings] of Object.entries(programs)) {
  const messages: Array<string> = []
  describe(name, () => {
    endings.forEach((ending, index) =>
      it(`program ${index + 1} ends with one, and its message is on the page`, { timeout: 30_000 }, async () => {
        const error = await (typeof ending === "function" ? ending() : Effect.runPromise(ending)).then(
          (value: unknown) => name === "Reports" ? value : new Error("it did not fail"),
          (error: unknown) => error
        )
        // A report is no error: it is the line itself.
        const { message, name: Class } = typeof error === "string"
          ? { message: error, name: "Reports" }
          : error as Pick<Error, "message" | "name">
        expect(Class).toBe(name)
        messages.push(message)
        const rows = page.get(name)!.filter((row) => patternOf(row).test(message))
        expect(rows, `${message}\nis in no row of ${name} in docs/errors.md`).not.toEqual([])
      })
    )

    it("all messages of the page were produced", () => {
      const missing = page.get(name)!.filter((row) => !messages.some((message) => patternOf(row).test(message)))
      expect(missing, "rows of docs/errors.md that no program in test/docs/errors.test.ts gave").toEqual([])
    })

    it("all messages of the sources were produced", () => {
      const missing = spelled.filter(([Class, text]) =>
        Class === name && !messages.some((message) => patternOf(text).test(message))
      )
      expect(missing, "add a row to docs/errors.md, and a program to test/docs/errors.test.ts").toEqual([])
    })
  })
}

it("every class of errors that is exported has its section, and its programs", async () => {
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === "object" && entry !== null && entry["effect-asyncio-source"].endsWith("/index.ts")
      ? [entry["effect-asyncio-source"]]
      : []
  )
  const modules: ReadonlyArray<Readonly<Record<string, object>>> = await Promise.all(
    entries.map((entry) => join(root, entry)).filter(existsSync).map((path) => import(path))
  )
  const isModule = (value: unknown) => Object.prototype.toString.call(value) === "[object Module]"
  const isClass = (value: unknown) => typeof value === "function" && value.prototype instanceof Error
  const classesOf = (module: Readonly<Record<string, object>>): ReadonlyArray<string> =>
    Object.entries(module).flatMap(([name, value]) =>
      isClass(value) ? [name] : isModule(value) ? classesOf(value as typeof module) : []
    )
  const exported = modules.flatMap(classesOf)
  expect(exported.length).toBeGreaterThan(10)
  expect(exported.filter((name) => !page.has(name)), "classes without a section in docs/errors.md").toEqual([])
  expect(Array.from(page.keys()).toSorted()).toEqual(Object.keys(programs).toSorted())
})
