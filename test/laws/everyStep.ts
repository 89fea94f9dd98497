/**
 * Cancellation at every step.
 *
 * A program runs once on the virtual loop, undisturbed, to see how many entries of the ready queue it takes and which
 * tasks are alive before each of them. Then it runs once more for every entry and every such task, which is hit right
 * before that entry: cancelled (`Task.cancelUnsafe`), interrupted by Effect's own means (`Fiber.interruptUnsafe`), or
 * cancelled and hit again at a later step. The first entry of a tick is the tick's start; the ones behind it are the
 * places between a wake and the step of the waiter that was woken, where hand-offs get lost.
 *
 * The universal laws are checked here, in every run. A program adds its own through `Law`.
 *
 * - Nobody deadlocks: once the hit task is gone, all others come to their end by themselves.
 * - At rest no waiter is parked anywhere, no timer is armed, nothing is ready, and every wait queue held together after
 *   every step.
 * - Who waits for a task or future is in its `awaitedBy`.
 * - A task that is done is done with: its fiber has ended, it has no waiter, no open region, no undelivered request.
 * - A request that was accepted ends its task cancelled or failed, unless the program is stubborn on purpose.
 * - Nothing is reported twice, nothing is reported that somebody has seen.
 * - The loop closes clean.
 */
import { Cause, Effect, Exit } from "effect"
import { EventLoop, Runner, Task, wait } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { OwnQueue } from "../../src/internal/kernel/ReadyQueue.ts"
import { type Node, WaitQueue } from "../../src/internal/kernel/WaitQueue.ts"
import { LoopImpl } from "../../src/internal/loop/loop.ts"
import { FutureImpl } from "../../src/internal/task/future.ts"
import type { TaskImpl } from "../../src/internal/task/task.ts"
import { awaitedBy, tasksOf } from "../../src/internal/task/tasks.ts"
import { waiterOf } from "../../src/internal/waiting/Region.ts"
import { listenBeforeEntries } from "../support/loops.ts"

type AnyTask = TaskImpl<any, any>

export interface Program {
  readonly name: string
  /** Runs as the task `main`. */
  readonly main: (law: Law) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
  /** Tasks that may end with a value although they were cancelled: they meet the cancellation and go on. */
  readonly stubborn?: ReadonlyArray<string> | undefined
  /**
   * Tasks that are independent of each other: whoever is not hit ends as it ends in the undisturbed run. A function picks
   * them by name.
   */
  readonly independent?: boolean | ((task: string) => boolean) | undefined
  /** Tasks that are never hit: they end what the others wait for. */
  readonly spared?: ReadonlyArray<string> | undefined
  /** Others than the hits cancel tasks here, so that `cancelling` says nothing about the hits. */
  readonly cancels?: boolean | undefined
  /** The loop is closed when `main` has ended, with what it left behind still running. */
  readonly leaves?: boolean | undefined
}

/** What happens to a task right before an entry of the ready queue. */
export interface Hit {
  /** Counted from 1, the first step of `main`. */
  readonly step: number
  readonly task: string
  readonly how: "cancel" | "interrupt"
}

export interface Violation {
  readonly program: string
  readonly hits: ReadonlyArray<Hit>
  readonly message: string
}

/** One run, as the program sees it. */
export class Law {
  readonly violations: Array<string> = []
  /** The hits that found their task alive, and were accepted. */
  readonly hits: Array<Hit> = []
  readonly reports: Array<EventLoop.ExceptionContext> = []
  readonly failed = new Set<string>()
  readonly seen = new Set<string>()
  readonly timers: Array<EventLoop.TimerHandle> = []
  readonly atRest: Array<() => void> = []
  readonly atClose: Array<() => void> = []
  readonly atHit: Array<(hit: Hit) => void> = []

  get undisturbed(): boolean {
    return this.hits.length === 0
  }
  /** Whether this task, or any at all, was hit. */
  wasHit(task?: string): boolean {
    return this.hits.some((hit) => task === undefined || hit.task === task)
  }

  expect(holds: boolean, message: string): void {
    if (!holds) this.violations.push(message)
  }
  equal(actual: unknown, expected: unknown, what: string): void {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    this.expect(a === b, `${what}: expected ${b}, got ${a}`)
  }

  /** A callback of the program's own: what is left of it at rest is no leak. */
  later(seconds: number, callback: () => void): Effect.Effect<void, never, EventLoop.EventLoop> {
    return Effect.map(EventLoop.callLater({ seconds }, callback), (handle) => void this.timers.push(handle))
  }

  /** Checked when all has come to rest, before the loop closes. */
  rest(check: () => void): void {
    this.atRest.push(check)
  }

  /** A failure with a name, so that it can be found again in what came out and in what was reported. */
  fail(name: string): Effect.Effect<never, string> {
    return Effect.suspend(() => {
      this.failed.add(name)
      return Effect.fail(name)
    })
  }

  /** Somebody got to know how it ended. */
  look<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.onExit(effect, (exit) => Effect.sync(() => this.sawExit(exit)))
  }
  sawExit(exit: Exit.Exit<unknown, unknown>): void {
    for (const name of failuresIn(exit)) this.seen.add(name)
  }

  /**
   * A verb, and parts of its work that must be over when the verb is, however that ended.
   */
  encloses<A, E, R>(
    what: string,
    verb: (part: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      let open = 0
      const part = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.suspend(() => {
          open++
          return Effect.ensuring(effect, Effect.sync(() => void open--))
        })
      return Effect.onExit(verb(part), () =>
        Effect.sync(() => {
          this.expect(open === 0, `${what} is over, ${open} of its parts are not`)
        }))
    })
  }
}

export const failuresIn = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string> =>
  Exit.isFailure(exit)
    ? exit.cause.reasons.filter(Cause.isFailReason).map((reason) => String(reason.error))
    : []

/** How something ended, in a word. */
export const outcomeOf = (exit: Exit.Exit<unknown, unknown> | undefined): string => {
  if (exit === undefined) return "running"
  if (Exit.isSuccess(exit)) return `value ${JSON.stringify(exit.value)}`
  if (Cause.hasInterruptsOnly(exit.cause)) return "cancelled"
  return exit.cause.reasons.map((reason) =>
    Cause.isFailReason(reason)
      ? `fail ${reason.error instanceof Error ? reason.error.name : String(reason.error)}`
      : Cause.isDieReason(reason)
      ? `die ${String(reason.defect)}`
      : "interrupt"
  ).join(", ")
}

// ------------------------------------------------------------------------------------------------------------- one run

/** Where a run notes the wait queues that have had a member; what else runs in the process leaves nothing here. */
let noted: Set<WaitQueue> | undefined
const { push } = WaitQueue.prototype
WaitQueue.prototype.push = function(node: Node, after?: Node) {
  noted?.add(this)
  push.call(this, node, after)
}

interface Links {
  readonly first: Node | undefined
  readonly last: Node | undefined
}

/** The invariants that `WaitQueue` states, and the ones of its nodes. */
const brokenLinks = (queue: WaitQueue): string | undefined => {
  const { first, last } = queue as unknown as Links
  let length = 0
  let before: Node | undefined
  for (let node = first; node !== undefined; before = node, node = node.after) {
    if (node.queue !== queue) return "a node in the list does not know its queue"
    if (node.before !== before) return "a node does not know who is before it"
    if (++length > queue.length) break
  }
  if (before !== last) return "the last node is not the last"
  return length === queue.length ? undefined : `length is ${queue.length} with ${length} nodes`
}

/** Tasks that wait for others which do not know it. */
function* unknownWaiters(loop: LoopImpl): Iterable<string> {
  for (const task of tasksOf(loop)) {
    const waiter = waiterOf(task)
    if (waiter?.state !== "parked" || waiter.target === undefined) continue
    for (const awaited of waiter.waitsFor()) {
      if (awaited instanceof FutureImpl && awaited.exit === undefined && !awaitedBy(awaited).has(task)) {
        yield `${task.name} waits for ${awaited.label}, which does not know`
      }
    }
  }
}

interface Insides {
  readonly timers: { readonly byClock: ReadonlyMap<unknown, { readonly heap: { readonly size: number } }> }
  readonly unseen: { readonly reports: ReadonlySet<unknown> }
}

const insidesOf = (loop: LoopImpl) => loop as unknown as Insides

const armedIn = (loop: LoopImpl): number =>
  Array.from(insidesOf(loop).timers.byClock.values()).reduce((sum, { heap }) => sum + heap.size, 0)

interface Run {
  readonly law: Law
  /** The names of the tasks alive before each entry. */
  readonly alive: ReadonlyArray<ReadonlyArray<string>>
  readonly outcomes: ReadonlyMap<string, string>
}

const closing = { patience: 0, maxTicks: 20_000, unseen: "report" } as const

/** Runs it once, with these hits. */
export const runOnce = async (program: Program, hits: ReadonlyArray<Hit>): Promise<Run> => {
  const law = new Law()
  const alive: Array<ReadonlyArray<string>> = []
  const tasks = new Set<AnyTask>()
  const outcomes = new Map<string, string>()
  const queues = noted = new Set<WaitQueue>()
  let loop: LoopImpl | undefined
  let root: AnyTask
  let step = 0

  const beforeEntry = () => {
    step++
    for (const queue of queues) {
      const problem = brokenLinks(queue)
      if (problem !== undefined) law.violations.push(`after step ${step - 1}, a wait queue: ${problem}`)
    }
    for (const problem of unknownWaiters(loop!)) law.violations.push(`after step ${step - 1}: ${problem}`)
    const names: Array<string> = []
    for (const task of tasksOf(loop!)) {
      if (task === root) continue
      tasks.add(task)
      if (program.spared?.includes(task.name) !== true) names.push(task.name)
    }
    alive.push(names)
    for (const hit of hits) {
      if (hit.step !== step) continue
      const task = Array.from(tasks).find((task) => task.name === hit.task && task.exit === undefined)
      if (task === undefined) continue
      for (const listener of law.atHit) listener(hit)
      if (hit.how === "cancel") {
        if (Task.cancelUnsafe(task)) law.hits.push(hit)
      } else if (task.fiber !== undefined && task.fiber.pollUnsafe() === undefined) {
        law.hits.push(hit)
        task.fiber.interruptUnsafe()
      }
    }
  }

  const atRest = () => {
    for (const check of law.atRest) check()
    law.expect((loop!.ready as OwnQueue).isEmpty, "at rest, something is ready")
    for (const timer of law.timers) timer.cancelUnsafe()
    for (const queue of queues) {
      if (queue !== root && queue.length > 0) {
        law.violations.push(`at rest, still parked: ${Array.from(queue.nodes(), labelOf).join(", ")}`)
      }
    }
    law.expect(armedIn(loop!) === 0, "at rest, a timer is armed")
  }

  const rest = Effect.gen(function*() {
    // `wait` is no look at the outcome: a failure that the program has not seen is reported when the loop closes.
    while (loop!.tasks.size > 1) yield* wait(tasksOf(loop!).filter((task) => task !== root))
    for (let i = 0; i < 5; i++) yield* Effect.yieldNow
    yield* Effect.sync(atRest)
  })

  const whole = Effect.gen(function*() {
    const shape = yield* EventLoop.EventLoop
    if (!(shape instanceof LoopImpl && shape.ready instanceof OwnQueue)) throw new Error("not on a virtual loop")
    loop = shape
    root = tasksOf(loop)[0]!
    yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void law.reports.push(context)))
    const main = yield* Task.create(Effect.suspend(() => program.main(law)), { name: "main" })
    listenBeforeEntries(loop, beforeEntry)
    const exit = yield* Task.await(main)
    // A failure of `main` is the program's to state; what it is made of somebody has seen.
    law.sawExit(exit)
    yield* program.leaves === true ? Effect.void : rest
  })

  const exit = program.leaves === true
    ? await throughRunner(whole)
    : await Effect.runPromiseExit(VirtualLoop.run(whole, closing))
  noted = undefined

  law.expect(Exit.isSuccess(exit), Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "")
  for (const task of tasks) outcomes.set(task.name, outcomeOf(task.exit))
  checkClosed(law, loop!)
  for (const task of tasks) checkDone(law, task, program, outcomes)
  checkReports(law)
  for (const check of law.atClose) check()
  return { law, alive, outcomes }
}

const throughRunner = async (
  whole: Effect.Effect<void, unknown, EventLoop.EventLoop>
): Promise<Exit.Exit<void, unknown>> => {
  const runner = Runner.make({ layer: VirtualLoop.layer(closing) })
  const exit = await runner.runExit(whole)
  await runner.close()
  return exit
}

const labelOf = (node: Node): string => "label" in node ? String(node.label) : node.constructor.name

const checkClosed = (law: Law, loop: LoopImpl): void => {
  law.expect(loop.isClosed(), "the loop is not closed")
  law.expect(loop.tasks.size === 0, "the closed loop has tasks")
  law.expect(armedIn(loop) === 0, "the closed loop has timers")
  law.expect(insidesOf(loop).unseen.reports.size === 0, "the closed loop keeps failures that it did not report")
}

const checkDone = (law: Law, task: AnyTask, program: Program, outcomes: ReadonlyMap<string, string>): void => {
  const { name } = task
  law.expect(task.exit !== undefined, `${name} is not done`)
  law.expect(task.fiber === undefined || task.fiber.pollUnsafe() !== undefined, `${name} is done, its fiber is not`)
  law.expect(task.waiter === undefined, `${name} is done and has a waiter`)
  law.expect(task.inner === undefined, `${name} is done and has an open region`)
  law.expect(task.pending === undefined, `${name} is done and has an undelivered request`)
  law.expect(task.length === 0, `${name} is done and somebody waits for it`)
  const requests = law.hits.filter((hit) => hit.task === name && hit.how === "cancel").length
  if (program.cancels !== true && name === "main") {
    law.expect(task.requests === requests, `${name} was cancelled ${requests} times, cancelling is ${task.requests}`)
  }
  if (program.stubborn?.includes(name) !== true) {
    const outcome = outcomes.get(name)!
    law.expect(requests === 0 || !outcome.startsWith("value"), `${name} was cancelled and ended with ${outcome}`)
  }
  if (law.hits.some((hit) => hit.task === name && hit.how === "interrupt")) {
    const outcome = outcomes.get(name)!
    law.expect(!outcome.startsWith("value"), `${name} was interrupted and ended with ${outcome}`)
  }
}

const checkReports = (law: Law): void => {
  const reported = new Set<string>()
  for (const { cause, message } of law.reports) {
    if (cause === undefined) {
      law.violations.push(`reported: ${message}`)
      continue
    }
    for (const name of failuresIn(Exit.failCause(cause))) {
      if (!law.failed.has(name)) continue
      law.expect(!reported.has(name), `failure ${name} is reported twice`)
      law.expect(!law.seen.has(name), `failure ${name} was seen and is reported`)
      reported.add(name)
    }
    for (const reason of cause.reasons) {
      if (Cause.isDieReason(reason)) law.violations.push(`reported a defect: ${message}: ${String(reason.defect)}`)
    }
  }
  if (!law.undisturbed) return
  for (const name of law.failed) {
    law.expect(law.seen.has(name) || reported.has(name), `failure ${name} was neither seen nor reported`)
  }
}

// ----------------------------------------------------------------------------------------------------------- every run

export interface Tally {
  points: number
  readonly violations: Array<Violation>
}

/** A generator of numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export const random = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const pick = <A>(items: ReadonlyArray<A>, next: () => number): A | undefined => items[Math.floor(next() * items.length)]

/** Runs a program with these hits, next to the undisturbed run. Whether any of them met its task. */
const tryHits = async (
  program: Program,
  undisturbed: Run,
  hits: ReadonlyArray<Hit>,
  tally: Tally
): Promise<void> => {
  const run = await runOnce(program, hits)
  if (run.law.hits.length === 0) return
  tally.points++
  if (program.independent !== undefined && program.independent !== false) {
    for (const [task, expected] of undisturbed.outcomes) {
      if (run.law.wasHit(task) || !run.outcomes.has(task)) continue
      if (typeof program.independent === "function" && !program.independent(task)) continue
      run.law.equal(run.outcomes.get(task), expected, `${task}, which was not hit`)
    }
  }
  for (const message of run.law.violations) tally.violations.push({ program: program.name, hits, message })
}

const undisturbedRun = async (program: Program, tally: Tally): Promise<Run> => {
  const run = await runOnce(program, [])
  for (const message of run.law.violations) tally.violations.push({ program: program.name, hits: [], message })
  return run
}

/** Every step and every task; each one cancelled, interrupted, and cancelled with a second hit to follow. */
export const everyStep = async (program: Program, seed = 1): Promise<Tally> => {
  const tally: Tally = { points: 0, violations: [] }
  const undisturbed = await undisturbedRun(program, tally)
  const { alive } = undisturbed
  const next = random(seed)
  for (let step = 1; step <= alive.length; step++) {
    for (const task of alive[step - 1]!) {
      const first: Hit = { step, task, how: "cancel" }
      await tryHits(program, undisturbed, [first], tally)
      await tryHits(program, undisturbed, [{ ...first, how: "interrupt" }], tally)
      // The same task again, soon: its clean-up and its next attempts are where that hurts.
      await tryHits(program, undisturbed, [first, { step: step + Math.floor(next() * 4), task, how: "cancel" }], tally)
      const later = step + Math.floor(next() * (alive.length + 1 - step))
      const other = pick(alive[later - 1]!, next)
      if (other === undefined) continue
      await tryHits(
        program,
        undisturbed,
        [first, { step: later, task: other, how: next() < 0.8 ? "cancel" : "interrupt" }],
        tally
      )
    }
  }
  return tally
}

/** Some runs, each with one to three hits anywhere. */
export const someSteps = async (program: Program, runs: number, seed: number): Promise<Tally> => {
  const tally: Tally = { points: 0, violations: [] }
  const undisturbed = await undisturbedRun(program, tally)
  const { alive } = undisturbed
  const next = random(seed)
  for (let run = 0; run < runs; run++) {
    const hits: Array<Hit> = []
    for (let count = 1 + Math.floor(next() * 3); count > 0; count--) {
      const step = 1 + Math.floor(next() * alive.length)
      const task = pick(alive[step - 1]!, next)
      if (task !== undefined) hits.push({ step, task, how: next() < 0.75 ? "cancel" : "interrupt" })
    }
    await tryHits(program, undisturbed, hits, tally)
  }
  return tally
}

export const describeViolation = ({ hits, message, program }: Violation): string => {
  const where = hits.map(({ how, step, task }) => `${how} ${task} before step ${step}`).join(", ") || "undisturbed"
  return `${program} [${where}]: ${message}`
}
