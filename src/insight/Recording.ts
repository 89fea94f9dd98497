/**
 * Listens, and writes down what tasks do: the material of a timeline's spans.
 *
 * A span is written when it ends, into a ring; what is under way is in the task's `Life`. So a recorder that has run
 * for a year takes the memory of its ring, and a life for each live task.
 *
 * Every event has the time at which it happens, by the clock of its task's loop. A task is `ready` until its step
 * begins, and then runs until the step ends, whatever it began to wait for meanwhile; another task's step within its
 * step is taken out of it. The observer sees what goes through this library. A task that Effect resumes within
 * another's step is seen only when it waits again or ends, and its run then has no length.
 *
 * O(1) for each event. Reading the clock is what costs, so a step begins when the one before it in its tick has ended,
 * and whatever a step creates exists from the start of the step.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import { nowMillis as read } from "../internal/host/hostTime.ts"
import { format, oneLine } from "../internal/host/printing.ts"
import { timeInWords } from "../internal/host/words.ts"
import type { Step } from "../internal/kernel/Entry.ts"
import { type Block, guard, type Observer, observer, type Outcome, type Waiting } from "../internal/kernel/observer.ts"
import { TaskImpl } from "../internal/task/task.ts"
import { isCancelled, outcomeOf } from "../internal/waiting/cancelled.ts"
import { withSteps } from "../internal/waiting/hostSteps.ts"
import { CurrentRegion, type Region } from "../internal/waiting/Region.ts"
import { Waiter } from "../internal/waiting/Waiter.ts"
import { idOf, loopIdOf, nextId, whatOf } from "./ids.ts"
import { Life, type Open } from "./Life.ts"
import { Lives } from "./Lives.ts"
import * as Ring from "./Ring.ts"
import type { Witness } from "./witnesses.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>
type AnyTask = TaskImpl<unknown, unknown>

const longestError = 60

const errorOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (exit._tag === "Success" || isCancelled(exit)) return undefined
  const error = Cause.squash(exit.cause)
  if (!(error instanceof Error)) return oneLine(typeof error === "string" ? error : format(error), longestError)
  return oneLine(error.name === "Error" && error.message !== "" ? error.message : error.name, longestError)
}

export class Recording implements Observer, Witness {
  private readonly ring: Ring.Ring
  // INVARIANT: the lives that are not over, tasks by their ids, branches by their fibers' ids.
  private readonly tasks = new Lives()
  private readonly branches = new Map<number, Life>()
  /** The life that was looked up last: most events of a task come in a row. */
  private latest: Life | undefined = undefined
  private readonly blocks = new WeakMap<Block, Open>()
  // INVARIANT: for each step under way, whose run it is, if it is a run; the innermost last.
  private readonly running: Array<Life | undefined> = []
  // INVARIANT: those that may be `inline`.
  private readonly inline: Array<Life> = []
  /** By that clock, a step ended at `freshAt`, and nothing but the library has run since. */
  private freshClock: Clock.Clock | undefined = undefined
  private freshAt = 0
  // INVARIANT: defined once it has stopped: the time by each clock.
  private stoppedAt: Map<Clock.Clock, number> | undefined = undefined

  constructor(ring: Ring.Ring) {
    this.ring = ring
    const fiber = Fiber.getCurrent()
    if (fiber !== undefined) this.lifeOf(fiber)
  }

  stop(): void {
    this.stoppedAt = new Map(this.lives.map(({ clock }) => [clock, read(clock)]))
  }

  /** Those that are not over. */
  get lives(): ReadonlyArray<Life> {
    return [...this.tasks.all, ...this.branches.values()]
  }

  /** Up to what time a life that is not over is known. */
  now({ clock }: Life): number {
    return this.stoppedAt?.get(clock) ?? read(clock)
  }

  waitingSince(id: number): number | undefined {
    const life = this.tasks.get(id)
    return life === undefined || life.state !== "wait" ? undefined : (this.now(life) - life.since) / 1000
  }

  creatorOf(id: number): number | undefined {
    return this.tasks.get(id)?.parent || undefined
  }

  /** Only this sees the steps that the host resumes. */
  readonly services = withSteps

  // ------------------------------------------------------------------------------------------------------------ who it is

  private lifeOfTask(task: AnyTask): Life | undefined {
    const id = idOf(task)
    if (this.latest?.id === id) return this.latest
    const known = this.tasks.get(id)
    if (known !== undefined) return this.latest = known
    if (task.exit !== undefined) return undefined
    const { clock } = task.loop
    const life = new Life(
      "task",
      id,
      loopIdOf(task.loop),
      clock,
      0,
      task.nameOrNumber,
      task.site,
      "inline",
      read(clock)
    )
    this.inline.push(life)
    this.tasks.add(life)
    return this.latest = life
  }

  /** The life of the task whose own fiber it is, or of a branch; undefined outside of tasks. */
  private lifeOf(fiber: AnyFiber): Life | undefined {
    const region = fiber.getRef(CurrentRegion)
    const task = taskIn(region)
    if (region === undefined || task === undefined) return undefined
    if (region.fiber !== fiber) return this.branches.get(fiber.id) ?? this.lifeOfBranch(fiber, task)
    return region.owner.root === task ? this.lifeOfTask(task) : this.lifeOf(region.owner.fiber!)
  }

  private lifeOfBranch(fiber: AnyFiber, task: AnyTask): Life | undefined {
    const parent = this.lifeOfTask(task)
    if (parent === undefined) return undefined
    const { clock, id, loop } = parent
    const number = ++parent.branchCount
    const life = new Life("branch", nextId(), loop, clock, id, number, undefined, "inline", read(clock))
    this.branches.set(fiber.id, life)
    this.inline.push(life)
    ;(parent.branches ??= new Set()).add(life)
    fiber.addObserver((exit) => {
      if (this.stoppedAt === undefined) guard(this, () => this.branchEnded(fiber, life, parent, exit))
    })
    return life
  }

  private branchEnded(fiber: AnyFiber, life: Life, parent: Life, exit: Exit.Exit<unknown, unknown>): void {
    this.branches.delete(fiber.id)
    if (life.state === "over") return
    this.close(life, outcomeOf(exit), errorOf(exit))
    const { branches } = parent
    // Its task is over and did not wait for it.
    if (branches === undefined) return
    branches.delete(life)
    // Effect resumes it now, if it waited for that.
    if (branches.size === 0 && parent.state === "between") this.goOn(parent)
  }

  /** Who causes the current event: the running fiber, or else the owner of the step. 0: nobody that is shown. */
  private get current(): number {
    const step = observer?.step
    const fiber = Fiber.getCurrent() ?? step?.fiber
    if (fiber !== undefined) return this.lifeOf(fiber)?.id ?? 0
    const owner = step?.owner
    return owner instanceof TaskImpl ? idOf(owner) : 0
  }

  // --------------------------------------------------------------------------------------------------------- what it does

  /** Writes what it did until now, which is over. */
  private write(life: Life, now: number, step?: Step): void {
    const { id, since, state } = life
    life.since = now
    switch (state) {
      case "ready":
        if (now > since) this.ring.write(Ring.ready, id, since, now, undefined, 0, 0)
        break
      case "wait":
        this.ring.write(Ring.wait, id, since, now, life.what, life.heldBy, life.wokenBy)
        break
      case "between":
        if (step?.what === "step") this.ring.write(Ring.ready, id, since, now, "yielded", 0, 0)
        else if (now > since) {
          this.ring.write(life.what === undefined ? Ring.outside : Ring.wait, id, since, now, life.what, 0, 0)
        }
        break
      default:
        this.ring.write(Ring.run, id, since, now, undefined, 0, 0)
    }
  }

  /** It goes on within somebody else's step, unless it runs already. */
  private goOn(life: Life): void {
    const { state } = life
    if (state === "run" || state === "inline" || state === "over") return
    this.write(life, read(life.clock))
    life.state = "inline"
    this.inline.push(life)
  }

  /** The step ends, and with it the runs within it. */
  private endInline(): void {
    for (const life of this.inline) if (life.state === "inline") this.pause(life, read(life.clock))
    this.inline.length = 0
  }

  /** A run ends. */
  private pause(life: Life, now: number): void {
    this.write(life, now)
    life.state = life.state === "inline" ? "between" : life.next
    if (life.state !== "between") return
    life.what = life.branches === undefined || life.branches.size === 0 ? undefined : "its branches"
  }

  private close(life: Life, outcome: Outcome | undefined, error: string | undefined): void {
    const now = read(life.clock)
    const { state } = life
    if (state !== "run" && state !== "inline") {
      this.write(life, now)
      life.state = "inline"
    }
    life.state = "over"
    life.error = error
    life.branches = undefined
    this.ring.writeEnd(life, life.since, now, outcome)
    life.since = now
  }

  // --------------------------------------------------------------------------------------------------------- a task's life

  created(task: AnyTask): void {
    const { loop, nameOrNumber, site } = task
    const { clock } = loop
    const id = idOf(task)
    const { current } = this
    const { latest } = this
    const creator = latest !== undefined && latest.id === current && latest.clock === clock ? latest : undefined
    const now = creator?.state === "run" ? creator.since : read(clock)
    this.tasks.add(new Life("task", id, loopIdOf(loop), clock, current, nameOrNumber, site, "ready", now))
  }

  started(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    if (life !== undefined) this.goOn(life)
  }

  ended(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    this.latest = undefined
    if (life === undefined) return
    this.tasks.delete(life.id)
    life.name = task.nameOrNumber
    if (life.branches !== undefined) { for (const branch of life.branches) this.close(branch, undefined, undefined) }
    const exit = task.exit!
    this.close(life, outcomeOf(exit), exit._tag === "Success" ? undefined : errorOf(exit))
  }

  cancelled(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    if (life === undefined) return
    const { current } = this
    const now = read(life.clock)
    this.ring.write(Ring.cancel, life.id, now, now, undefined, 0, current === life.id ? 0 : current)
  }

  // --------------------------------------------------------------------------------------------------------------- waiting

  parked(waiter: Waiting): void {
    const { fiber } = waiter
    const life = this.lifeOf(fiber)
    if (life === undefined) return
    const task = taskOf(fiber)!
    if (life.kind === "task") life.name = task.nameOrNumber
    const { sleeps } = waiter
    const holder = waiter.resource?.holder
    if (life.state !== "run") {
      if (life.runs !== several) this.look(life, fiber, task)
      const isUnderWay = life.state === "inline"
      this.goOn(life)
      this.write(life, isUnderWay ? read(life.clock) : life.since)
      life.state = "wait"
    }
    life.next = "wait"
    life.what = sleeps === undefined ? whatOf(waiter, task.loop) : sleeps / 1e6
    life.heldBy = holder === undefined ? 0 : idOf(holder as AnyTask)
    life.wokenBy = 0
  }

  woken(waiter: Waiting): void {
    this.release(waiter, true)
  }

  withdrawn(waiter: Waiting): void {
    this.release(waiter, false)
  }

  private release({ fiber }: Waiting, byWaker: boolean): void {
    const life = this.lifeOf(fiber)
    if (life === undefined) return
    if (life.state === "run" && life.next === "wait") life.next = "ready"
    if (life.state !== "wait") return
    const { current } = this
    if (byWaker && current !== life.id) life.wokenBy = current
    this.write(life, read(life.clock))
    life.state = "ready"
  }

  left({ fiber }: Waiting): void {
    const life = this.lifeOf(fiber)
    if (life !== undefined) this.goOn(life)
  }

  // ---------------------------------------------------------------------------------------------------------------- blocks

  opened(block: Block): void {
    const life = this.lifeOf(block.region.fiber!)
    if (life === undefined) return
    const { call, limit } = block
    const what = limit === undefined ? call : `${call} ${timeInWords(limit / 1e6)}`
    const open: Open = { life, since: read(life.clock), what }
    this.blocks.set(block, open)
    ;(life.blocks ??= new Set()).add(open)
  }

  closed(block: Block, outcome: Outcome): void {
    const open = this.blocks.get(block)
    if (open === undefined) return
    const { life, since, what } = open
    life.blocks!.delete(open)
    if (life.state !== "over") this.ring.write(Ring[outcome], life.id, since, read(life.clock), what, 0, 0)
  }

  // ----------------------------------------------------------------------------------------------------------------- steps

  /** The host may have been elsewhere. */
  ticked(): void {
    this.freshClock = undefined
  }

  stepBegan(step: Step): void {
    const outer = this.running.at(-1)
    if (outer?.state === "run") this.interrupt(outer)
    if (!isRun(step)) return
    const life = this.runnerOf(step)
    this.running.push(life)
    if (life === undefined) return
    const now = this.freshClock === life.clock && step.what !== "resumed" ? this.freshAt : read(life.clock)
    if (life.state === "wait" || life.state === "ready" && step.what === "step") {
      life.cutAt = now
      return
    }
    this.write(life, now, step)
    life.state = "run"
    life.next = "between"
  }

  /** Its run is interrupted by a step within it. */
  private interrupt(life: Life): void {
    const now = read(life.clock)
    if (now > life.since) this.write(life, now)
    this.freshClock = undefined
  }

  /** Whose run the step is; undefined if it is nobody's, or if that run is already under way. */
  private runnerOf(step: Step): Life | undefined {
    if (step instanceof TaskImpl) return this.lifeOfTask(step)
    const { fiber, owner } = step
    const isWaiter = step instanceof Waiter
    if (isWaiter && step.state === "over") return undefined
    const life = fiber === undefined
      ? owner instanceof TaskImpl ? this.lifeOfTask(owner) : undefined
      : this.lifeOf(fiber)
    if (life === undefined || life.state === "run" || life.state === "over") return undefined
    // It looks, and waits on.
    return isWaiter && life.state === "wait" ? undefined : life
  }

  stepEnded(step: Step): void {
    if (this.inline.length > 0) this.endInline()
    if (!isRun(step)) {
      if (step.what === "callback") this.freshClock = undefined
      return
    }
    const life = this.running.pop()
    if (life !== undefined) this.endRun(life, step)
    const outer = this.running.at(-1)
    if (outer?.state === "run") outer.since = read(outer.clock)
  }

  private endRun(life: Life, step: Step): void {
    const { clock, cutAt } = life
    // If it is over, its end was read just now.
    const now = life.state === "over" ? life.since : read(clock)
    if (this.running.length === 0) {
      this.freshClock = clock
      this.freshAt = now
    }
    if (cutAt >= 0) {
      life.cutAt = -1
      this.cut(life, cutAt, now)
    } else if (life.state === "run") {
      if (life.runs !== several) this.lookInto(life, step)
      this.pause(life, now)
    }
  }

  private lookInto(life: Life, step: Step): void {
    const fiber = step.fiber ?? (step.owner instanceof TaskImpl ? step.owner.fiber : undefined)
    const task = fiber === undefined ? undefined : taskOf(fiber)
    if (task !== undefined) this.look(life, fiber!, task)
  }

  private look(life: Life, fiber: AnyFiber, task: AnyTask): void {
    const runs = runsIn(fiber, task)
    life.runs = runs !== undefined && (life.runs === undefined || life.runs === runs) ? runs : several
  }

  /** A fiber that it forked ran while it waited, or was ready. */
  private cut(life: Life, from: number, to: number): void {
    const { heldBy, id, since, state, what } = life
    if (to <= from || since > from || state !== "wait" && state !== "ready") return
    if (from > since && state === "wait") this.ring.write(Ring.wait, id, since, from, what, heldBy, 0)
    else if (from > since) this.ring.write(Ring.ready, id, since, from, undefined, 0, 0)
    this.ring.write(Ring.run, id, from, to, undefined, 0, 0)
    life.since = to
  }
}

const isRun = ({ what }: Step): boolean => what !== "internal" && what !== "timer" && what !== "callback"

/** To regions a task is only an interface; every task is of this class. */
const taskIn = (region: Region | undefined): AnyTask | undefined => region?.owner.task as AnyTask | undefined

/** The task that the fiber is part of. */
const taskOf = (fiber: AnyFiber): AnyTask | undefined => taskIn(fiber.getRef(CurrentRegion))

/** It was seen outside of any `Effect.fn`, or in several. */
const several = ""

/** The outermost `Effect.fn` that was entered since the task began; Effect has a frame more for where it is defined. */
const runsIn = (fiber: AnyFiber, task: AnyTask): string | undefined => {
  let frame = fiber.cache.stackFrame
  if (frame === undefined) return undefined
  const begun = Context.get(task.services, References.CurrentStackFrame)
  while (frame !== undefined && frame !== begun && frame.parent !== begun) frame = frame.parent
  return frame === begun ? undefined : frame?.name.replace(/ \(definition\)$/, "")
}
