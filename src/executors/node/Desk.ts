/**
 * The worker's side: jobs come as messages, run as tasks of the worker's loop, and their exits go back.
 *
 *     layer ( loop ( handlers ( messages … ) ) )
 *
 * Built once, in this order, and closed in reverse: the tasks that are left are cancelled and awaited, then what their
 * services hold is released.
 */
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import * as WorkerRunner from "effect/workers/WorkerRunner"
import { isMainThread, threadId } from "node:worker_threads"
import { RuntimeError } from "../../Errors.ts"
import * as EventLoop from "../../EventLoop.ts"
import { createTask } from "../../internal/task/createTask.ts"
import type { TaskImpl } from "../../internal/task/task.ts"
import { cancel } from "../../internal/waiting/Walk.ts"
import type * as Job from "../Job.ts"
import { codecsOf, orIllegal, refusalOf, stacksOf } from "../parts/codecs.ts"
import { type HandlersImpl, handlersOf } from "../parts/handlers.ts"
import type { AnyJob } from "../parts/JobImpl.ts"
import { endWithParent, leaveSignalsToParent } from "./gaps.ts"
import { isWorker } from "./hosts.ts"
import { pack } from "./Parcels.ts"
import type { FromWorker, ToWorker } from "./wire.ts"

type Run = Extract<ToWorker, { readonly _tag: "Run" }>

let isServing = false

/** Never ends; the process or thread does. `R`: what the handlers ask for, and the layer provides. */
export const run = <R>(jobs: Job.Jobs<Job.Any>, handlers: unknown, layer: Layer.Layer<R, unknown>): void => {
  if (!isWorker()) {
    const message = "serve: no pool has started this worker; give the module to a pool"
    throw new RuntimeError({ message })
  }
  if (isServing) {
    const message = "serve: called a second time in this worker, expected once, with all jobs in one group"
    throw thrown(new RuntimeError({ message }))
  }
  isServing = true
  // The program ended while this child was starting.
  if (isMainThread && !process.connected) process.exit()
  const main = Effect.gen(function*() {
    const known = yield* handlersOf<R>("serve", jobs, handlers)
    const platform = yield* WorkerRunner.WorkerRunnerPlatform
    const runner = yield* platform.start<FromWorker, ToWorker>()
    const desk = new Desk(known, runner, yield* Effect.fiber)
    yield* runner.run<void, never, never>((_, message) => desk.receive(message))
  }).pipe(
    EventLoop.provide,
    Effect.provide(Layer.merge(layer, NodeWorkerRunner.layer)),
    Effect.annotateLogs("worker", isMainThread ? `process ${process.pid}` : `thread ${threadId}`)
  )
  // Nothing is left to ask for: the compiler can't subtract a type that it does not know.
  const fiber = Effect.runFork(main as Effect.Effect<void, unknown>)
  if (isMainThread) {
    leaveSignalsToParent()
    endWithParent(() => fiber.interruptUnsafe())
  }
  fiber.addObserver((exit) => {
    if (exit._tag === "Success" || Cause.hasInterruptsOnly(exit.cause)) return
    // A thread's pool gets it as the reason; a process prints it.
    setImmediate(() => {
      throw thrown(Cause.squash(exit.cause))
    })
  })
}

/** An error whose class is not one of JavaScript's own loses its text when it crosses threads. */
const thrown = (error: unknown): unknown =>
  !isMainThread && error instanceof Error
    ? Object.assign(new Error(error.message), { name: error.name, stack: error.stack })
    : error

type Runner = WorkerRunner.WorkerRunner<FromWorker, ToWorker>

class Desk {
  private readonly handlers: HandlersImpl
  private readonly runner: Runner
  /** The main fiber: tasks begin with its context. */
  private readonly fiber: Fiber.Fiber<unknown, unknown>
  // INVARIANT: the jobs that have not ended; and for those that wait for a report to be taken, what tells them.
  private readonly tasks = new Map<number, TaskImpl<unknown, unknown>>()
  private readonly reports = new Map<number, () => void>()

  constructor(handlers: HandlersImpl, runner: Runner, fiber: Fiber.Fiber<unknown, unknown>) {
    this.handlers = handlers
    this.runner = runner
    this.fiber = fiber
  }

  receive(message: ToWorker): void {
    const { call } = message
    if (message._tag === "Run") return this.run(message)
    if (message._tag === "Taken") return this.reports.get(call)?.()
    const task = this.tasks.get(call)
    if (task !== undefined) cancel(task)
  }

  private run({ attempt, call, id, input, job: name, reports, span }: Run): void {
    const { jobs } = this.handlers
    const job = jobs.byName.get(name)
    if (job === undefined) return this.runner.sendUnsafe(0, { _tag: "Unknown", call, serves: String(jobs) })
    const report = reports ? (_: unknown, encoded: unknown) => this.report(call, encoded) : () => Effect.void
    const work = Effect.flatMap(
      orIllegal(
        codecsOf(job).input.decode(input),
        "serve",
        `the input of job '${name}'`,
        input,
        "a value of its payload schema"
      ),
      (input) => this.handlers.run(job, { attempt, id, input }, report, span && Tracer.externalSpan(span))
    )
    const task = createTask("serve", this.fiber, work, { name }, undefined)
    this.tasks.set(call, task)
    task.retrieve()
    task.addCallback(() => {
      this.tasks.delete(call)
      Effect.runForkWith(this.fiber.context)(this.answer(call, job, task.exit!))
    })
  }

  /** A value that the schemas do not accept, or that the host does not send, is a defect of the job. */
  private answer(call: number, job: AnyJob, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const send = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.flatMap(
        pack(codecsOf(job).exit.encode(exit), true),
        ({ transfers, value }) =>
          this.runner.send(0, { _tag: "Exit", call, exit: value, stacks: stacksOf(exit) }, transfers)
      )
    const sent = Effect.catch(send(exit), () => Effect.flatMap(refusalOf("serve", job, exit), send))
    return Effect.orDie(Effect.catchCause(sent, (cause) => send(Exit.die(Cause.squash(cause)))))
  }

  /** Goes on when the other side has taken it: reports come no faster than they are taken. */
  private report(call: number, report: unknown): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.reports.set(call, () => {
        this.reports.delete(call)
        resume(Effect.void)
      })
      this.runner.sendUnsafe(0, { _tag: "Report", call, report })
      return Effect.sync(() => this.reports.delete(call))
    })
  }
}
