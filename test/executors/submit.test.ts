/** What is the same for every executor, and needs one of a test's own: attempts, refusals, how it looks from outside. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Scheduler, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import {
  BrokenExecutor,
  Executor,
  Job,
  map,
  runInExecutor,
  submit,
  toThread,
  WorkerLost
} from "effect-asyncio/executors"
import * as Insight from "effect-asyncio/insight"
import { elsewhere } from "../../src/executors/parts/elsewhere.ts"
import { jobsOf } from "../../src/executors/parts/JobImpl.ts"
import { JobPlaces } from "../../src/executors/parts/JobPlaces.ts"
import { type Execution, makeExecutor } from "../../src/executors/parts/makeExecutor.ts"
import { defectOf, onVirtual, outcome, ticks } from "../support/loops.ts"
import { Book, handlers } from "./handlers.ts"
import { all, half, park, parkLong, self, steps } from "./jobs.ts"

const local = (size: number) => Layer.provide(Executor.layerLocal(all, handlers, { size }), Book.layer)

type Here = Executor.DefaultExecutor | asyncio.EventLoop.EventLoop

const here = <A, E>(program: Effect.Effect<A, E, Here>, size = 1) => onVirtual(Effect.provide(program, local(size)))

/** One that runs what it is given, instead of a job. */
const executorOf = (run: (execution: Execution) => Effect.Effect<unknown, unknown>, size = 1) =>
  makeExecutor<typeof half | typeof steps>({
    jobs: jobsOf("test", all),
    name: "fake",
    places: new JobPlaces(size, "fake"),
    run
  })

const lost = ({ id, job }: Execution) => Effect.fail(new WorkerLost({ job: job.name, id, reason: "exit 1" }))

describe("retries", () => {
  const attempts: Array<[string, number]> = []
  const flaky = (losses: number) =>
    executorOf((execution) => {
      attempts.push([execution.id, execution.attempt])
      return attempts.length <= losses ? lost(execution) : Effect.succeed(4)
    })
  const run = (losses: number, retries?: number) =>
    onVirtual(Effect.gen(function*() {
      attempts.length = 0
      const task = yield* runInExecutor(flaky(losses), half, 8, { id: "a", retries })
      return yield* outcome(asyncio.Task.join(task))
    }))

  it.effect("a lost job runs again, so often, under its id", () =>
    Effect.gen(function*() {
      expect(yield* run(2, 2)).toBe(4)
      expect(attempts).toEqual([["a", 1], ["a", 2], ["a", 3]])
      expect(yield* run(3, 2)).toBe("fail job 'half' was lost with its worker: exit 1")
      expect(attempts.length).toBe(3)
    }))
  it.effect("none, unless somebody asks for them", () =>
    Effect.gen(function*() {
      expect(yield* run(1)).toBe("fail job 'half' was lost with its worker: exit 1")
      expect(attempts).toEqual([["a", 1]])
    }))
  it.effect("of nothing else: not of its own failures, nor of defects, nor of a broken executor, nor of another's loss", () =>
    Effect.gen(function*() {
      const endings: ReadonlyArray<Effect.Effect<never, unknown>> = [
        Effect.fail("no"),
        Effect.die("no"),
        Effect.fail(new BrokenExecutor({ message: "closed" })),
        Effect.fail(new WorkerLost({ job: "half", id: "other", reason: "exit 1" })),
        Effect.interrupt
      ]
      for (const ending of endings) {
        let attempts = 0
        const executor = executorOf(() => Effect.suspend(() => (attempts++, ending)))
        const program = Effect.flatMap(runInExecutor(executor, half, 8, { retries: 5 }), asyncio.Task.await)
        expect(Exit.isFailure(yield* onVirtual(program))).toBe(true)
        expect(attempts).toBe(1)
      }
    }))
  it.effect("map retries each", () =>
    onVirtual(Effect.gen(function*() {
      const lostOnce = new Set<string>()
      const executor = executorOf((execution) => {
        if (lostOnce.has(execution.id)) return Effect.succeed(execution.input)
        lostOnce.add(execution.id)
        return lost(execution)
      }, 2)
      const layer = Executor.layer(Effect.succeed(executor))
      const results = yield* Effect.provide(map(half, [1, 2, 3], { retries: 1 }), layer)
      expect([results, lostOnce.size]).toEqual([[1, 2, 3], 3])
    })))
  it.effect("a lost job that is cancelled meanwhile is not run again", () =>
    onVirtual(Effect.gen(function*() {
      let attempts = 0
      const gate = yield* asyncio.Event.make
      const executor = executorOf((execution) => {
        attempts++
        return Effect.andThen(Effect.uninterruptible(asyncio.Event.wait(gate)), lost(execution))
      })
      const task = yield* runInExecutor(executor, half, 8, { retries: 5 })
      yield* ticks(3)
      yield* asyncio.Task.cancel(task)
      yield* ticks(3)
      yield* asyncio.Event.set(gate)
      yield* asyncio.Task.await(task)
      expect([asyncio.Task.cancelled(task), attempts]).toEqual([true, 1])
    })))
})

describe("Executor.loseWorker", () => {
  const tried: Array<[string, number]> = []
  const one = Job.group("one", half)
  const losing = (losses: number) =>
    Executor.layerLocal(one, {
      half: Effect.fnUntraced(function*(n, { attempt, id }) {
        tried.push([id, attempt])
        if (attempt <= losses) return yield* Executor.loseWorker("out of memory")
        return n / 2
      })
    })
  const run = (losses: number, retries: number) =>
    onVirtual(Effect.suspend(() => {
      tried.length = 0
      return Effect.provide(outcome(toThread(half, 8, { id: "a", retries })), losing(losses))
    }))

  it.effect("loses a worker for its job's submitter", () =>
    Effect.gen(function*() {
      expect(yield* run(1, 0)).toBe("fail job 'half' was lost with its worker: out of memory")
      expect(yield* run(2, 2)).toBe(4)
      expect(tried).toEqual([["a", 1], ["a", 2], ["a", 3]])
    }))
  it.effect("other jobs go on", () =>
    onVirtual(
      Effect.gen(function*() {
        const tasks = []
        for (const retries of [0, 1]) tasks.push(yield* submit(half, 8, { retries }))
        const [lost, good] = yield* asyncio.gather(tasks, { returnExceptions: true })
        expect([Exit.isFailure(lost!), good]).toEqual([true, Exit.succeed(4)])
      }).pipe(Effect.provide(losing(1)))
    ))
})

describe("a cancelled job that can't be interrupted", () => {
  it.effect("ends when its handler does, as nothing in this process can be killed", () =>
    onVirtual(
      Effect.gen(function*() {
        const task = yield* submit(half, 8)
        yield* ticks(3)
        yield* asyncio.Task.cancel(task)
        yield* asyncio.Task.await(task)
        expect([asyncio.Task.cancelled(task), yield* asyncio.EventLoop.time]).toEqual([true, 3600])
      }).pipe(Effect.provide(
        Executor.layerLocal(Job.group("one", half), { half: () => Effect.uninterruptible(asyncio.sleep("1 hour", 1)) })
      ))
    ))
})

describe("ids", () => {
  it.effect("are of one submission each, unless they are given", () =>
    here(Effect.gen(function*() {
      const ids = (yield* map(self, [undefined, undefined])).map(({ id }) => id)
      expect(new Set(ids).size).toBe(2)
      expect((yield* toThread(self, undefined, { id: "mine" })).id).toBe("mine")
    })))
})

describe("refused, before anything is sent", () => {
  const messageOf = <A, E>(effect: Effect.Effect<A, E, Here>) =>
    here(Effect.map(defectOf(effect), ({ message }) => message.replace(/<Jobs.*>/, "<Jobs>")))

  it.effect("a job of another executor, where it is asked for: there is no task", () =>
    Effect.gen(function*() {
      const foreign = Job.make("foreign")
      expect(yield* messageOf(submit(foreign, undefined))).toBe(
        "submit: the job is <Job name='foreign'>, expected one of <Jobs>"
      )
      expect(yield* messageOf(map(foreign, []))).toBe("map: the job is <Job name='foreign'>, expected one of <Jobs>")
      const executor = yield* here(Effect.gen(function*() {
        return yield* Executor.Executor
      }))
      expect(yield* messageOf(executor.execute(foreign, undefined, { id: "a" }))).toBe(
        "Executor.execute: the job is <Job name='foreign'>, expected one of <Jobs>"
      )
    }))
  it.effect("another job of the same name", () =>
    Effect.gen(function*() {
      const twin = Job.make("write", { payload: Schema.String })
      expect(yield* messageOf(submit(twin, "a"))).toBe("submit: the job is <Job name='write'>, expected one of <Jobs>")
    }))
  it.effect("no executor, for who has no types", () =>
    Effect.gen(function*() {
      const untyped = toThread(half, 1) as Effect.Effect<number, unknown, asyncio.EventLoop.EventLoop>
      const defect = yield* onVirtual(defectOf(untyped))
      expect(defect.message).toBe(
        "toThread: no executor: provide ThreadPool.layer, Executor.layerLocal, or another"
      )
    }))
  it.effect("an onProgress that gives no Effect is a defect of the task", () =>
    Effect.gen(function*() {
      // @ts-expect-error: no Effect
      const message = yield* messageOf(toThread(steps, 2, { onProgress: () => 5 }))
      expect(message).toBe("toThread: the result of onProgress is 5, expected an Effect")
    }))
  it("definitions", () => {
    const again = (name: string) => Job.group("jobs", half, Job.make(name))
    expect(() => again("half")).toThrow(
      "Job.group: the name is \"half\", expected a different name for each job"
    )
    expect(() => Job.group("jobs")).toThrow("Job.group: the jobs is [], expected at least one job")
    expect(() => Job.make("")).toThrow("Job.make: the name is \"\", expected a non-empty string")
  })
  it.effect("handlers", () =>
    Effect.gen(function*() {
      const one = Job.group("one", half)
      const untyped = (handlers: unknown) => handlers as Job.Handlers<typeof half>
      const missing = yield* defectOf(Effect.scoped(Executor.local(one, untyped({}))))
      expect(missing.message).toBe(
        "Executor.local: the handler of job 'half' is undefined, expected a function that gives an Effect"
      )
      const layer = Executor.layerLocal(one, untyped({ half: (n: number) => n / 2 }))
      const wrong = yield* onVirtual(Effect.provide(defectOf(toThread(half, 2)), layer))
      expect(wrong.message).toBe("Executor.local: the result of the handler of job 'half' is 1, expected an Effect")
    }))
})

describe("how it looks from outside", () => {
  // Its own loop alone: others of the process may be open.
  const looking = Effect.map(
    Insight.currentLoop,
    (loop) => Insight.format([loop]).split("\n").filter((line) => line.includes("waits"))
  )

  it.effect("who waits for a place, and who for a job", () =>
    here(Effect.gen(function*() {
      const tasks = [yield* submit(parkLong, "a", { name: "a" }), yield* submit(half, 2, { name: "b" })]
      yield* ticks(9)
      expect((yield* looking).slice(0, 3)).toEqual([
        "a  waits for job 'parkLong'",
        "└─ parkLong  waits for something outside of the loop",
        "b  waits for pool \"tests\" (1 of 1 in line)"
      ])
      expect(String(tasks[1])).toMatch(/^<Task pending name='b' waiting for a place in the pool 'tests' created at /)
      yield* asyncio.Task.cancelAndWait(tasks)
    })))

  it.effect("a job elsewhere, and its end", () =>
    onVirtual(Effect.gen(function*() {
      const slow = Effect.ensuring(Effect.never, asyncio.sleep("1 second"))
      const task = yield* asyncio.createTask(elsewhere("job 'half' on thread 2", slow))
      yield* ticks(2)
      expect(yield* looking).toEqual(["Task-2  waits for job 'half' on thread 2"])
      yield* asyncio.Task.cancel(task)
      yield* ticks(2)
      expect(yield* looking).toEqual(["Task-2  waits for the end of job 'half' on thread 2, asked to cancel"])
      yield* asyncio.Task.await(task)
      expect([asyncio.Task.cancelled(task), yield* asyncio.EventLoop.time]).toEqual([true, 1])
    })))

  it.effect("metrics, by job and executor", () =>
    here(Effect.gen(function*() {
      const parked = yield* submit(park, "a")
      const waiting = yield* submit(half, 2)
      yield* ticks(9)
      const numbers = Effect.map(Metric.snapshot, (all) =>
        all.filter(({ id }) =>
          id.startsWith("asyncio_job")
        ).map((metric) => {
          const { attributes, id, state } = metric
          expect(attributes?.["executor"]).toBe("tests")
          return `${id} ${attributes?.["job"]} ${"count" in state ? state.count : "value" in state ? state.value : ""}`
        }))
      expect(yield* numbers).toEqual([
        "asyncio_jobs_waiting park 0",
        "asyncio_jobs_in_flight park 1",
        "asyncio_jobs_waiting half 1"
      ])
      yield* asyncio.Task.cancelAndWait([parked, waiting])
      yield* toThread(half, 2)
      expect(yield* numbers).toEqual([
        "asyncio_jobs_waiting park 0",
        "asyncio_jobs_in_flight park 0",
        "asyncio_jobs_waiting half 0",
        "asyncio_job_ms park 1",
        "asyncio_jobs_in_flight half 0",
        "asyncio_job_ms half 1"
      ])
    })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("lost jobs are counted", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(runInExecutor(executorOf(lost), half, 8, { retries: 2 }), asyncio.Task.await)
      yield* onVirtual(program)
      const counters = (yield* Metric.snapshot).filter(({ id }) => id === "asyncio_jobs_lost")
      expect(counters.map(({ attributes, state }) => [attributes?.["executor"], state])).toEqual([
        ["fake", { count: 3, incremental: true }]
      ])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
})

describe("a loop that closes", () => {
  it.effect("cancels what was submitted, and waits for it", () =>
    Effect.gen(function*() {
      const notes: Array<string> = []
      const layer = Layer.provide(Executor.layerLocal(all, handlers, { size: 1 }), Layer.succeed(Book, notes))
      const program = Effect.gen(function*() {
        yield* submit(parkLong, "a")
        yield* submit(parkLong, "b")
        yield* ticks(9)
      })
      yield* onVirtual(Effect.provide(program, layer))
      expect(notes).toEqual(["a was cancelled"])
    }))
})

describe("where Effect yields by itself", () => {
  it.effect("an interruption at any operation leaves no job behind", () =>
    Effect.gen(function*() {
      for (const effect of [toThread(park, "a"), map(park, ["a", "b"])]) {
        for (let operations = 3; operations <= 9; operations++) {
          for (let steps = 0; steps < 12; steps++) {
            const left = yield* here(
              Effect.gen(function*() {
                const yielding = effect.pipe(
                  Effect.provideService(Scheduler.PreventSchedulerYield, false),
                  Effect.provideService(Scheduler.MaxOpsBeforeYield, operations)
                )
                const fiber = yield* Effect.forkChild(yielding)
                yield* ticks(steps)
                yield* Fiber.interrupt(fiber)
                return (yield* asyncio.allTasks).size
              }),
              2
            )
            expect([operations, steps, left]).toEqual([operations, steps, 1])
          }
        }
      }
    }))
})

describe("elsewhere", () => {
  it.effect("gives what the work gives, at once or later, and is interrupted by Effect's own means, too", () =>
    onVirtual(Effect.gen(function*() {
      const soon = yield* outcome(elsewhere("soon", Effect.succeed(1)))
      const failed = yield* outcome(elsewhere("failed", Effect.andThen(asyncio.sleep(1), Effect.fail("no"))))
      const ended: Array<string> = []
      const work = Effect.ensuring(
        Effect.never,
        Effect.andThen(asyncio.sleep(5), Effect.sync(() => ended.push("work")))
      )
      yield* Effect.timeoutOption(elsewhere("slow", work), "1 second")
      expect([soon, failed, ended]).toEqual([1, "fail no", ["work"]])
    })))
  it.effect("what is cancelled before it begins never does", () =>
    onVirtual(Effect.gen(function*() {
      let begun = 0
      const task = yield* asyncio.createTask(
        Effect.andThen(asyncio.sleep(0), elsewhere("never", Effect.sync(() => begun++)))
      )
      yield* asyncio.Task.cancel(task)
      yield* asyncio.Task.await(task)
      expect(begun).toBe(0)
    })))
  it.effect("what breaks in its clean-up is not lost", () =>
    onVirtual(Effect.gen(function*() {
      const work = Effect.ensuring(Effect.never, Effect.die("broken"))
      const task = yield* asyncio.createTask(elsewhere("work", work))
      yield* ticks(2)
      yield* asyncio.Task.cancel(task)
      expect(yield* outcome(asyncio.Task.join(task))).toBe("die broken")
    })))
})
