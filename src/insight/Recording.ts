/**
 * Listens, and writes down what tasks do: what the spans of a timeline are made of.
 *
 * A span is written when it ends, into a ring; what is under way stands in the task's `Life`. So a recorder that has run for
 * a year takes what its ring takes, and a life for each task that is alive.
 *
 * Every event is told of the moment it happens in, by the clock of its task's loop. A task is `ready` until its step begins,
 * and then runs until that ends, whatever it began to wait for meanwhile; a step within its step, of another task, is taken
 * out of it. The observer tells of what goes through this library. Whom Effect resumes within another's step is met there
 * only when it waits again or ends: its run then has no length.
 *
 * O(1) for each event.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import { nowNanos } from "../internal/host/hostTime.ts"
import { format, oneLine } from "../internal/host/printing.ts"
import type { Step } from "../internal/kernel/Entry.ts"
import type { Block, Observer, Waiting } from "../internal/kernel/observer.ts"
import { isTaskImpl, type TaskImpl } from "../internal/task/task.ts"
import { isCancelled, outcomeOf } from "../internal/waiting/cancelled.ts"
import { withSteps } from "../internal/waiting/hostSteps.ts"
import { CurrentRegion } from "../internal/waiting/Region.ts"
import { Waiter } from "../internal/waiting/Waiter.ts"
import { milliseconds } from "./drawing/axis.ts"
import { idOf, loopIdOf, nextId, whatOf } from "./ids.ts"
import { Life, type Open } from "./Life.ts"
import type { Kind, Ring } from "./Ring.ts"
import type { Outcome } from "./Timeline.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>
type AnyTask = TaskImpl<unknown, unknown>

/** In milliseconds. */
const read = (clock: Clock.Clock): number => nowNanos(clock) / 1e6

const longestError = 60

const errorOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (exit._tag === "Success" || isCancelled(exit)) return undefined
  const error = Cause.squash(exit.cause)
  if (error instanceof Error) {
    return oneLine(error.name === "Error" && error.message !== "" ? error.message : error.name, longestError)
  }
  return oneLine(typeof error === "string" ? error : format(error), longestError)
}

export class Recording implements Observer {
  private readonly ring: Ring
  // INVARIANT: the lives that are not over, tasks by their ids, branches by their fibers' ids.
  private readonly tasks = new Map<number, Life>()
  private readonly branches = new Map<number, Life>()
  private readonly blocks = new WeakMap<Block, Open>()
  // INVARIANT: the steps under way, the innermost last, and whose run each is. `cutAt`: since when it is one of a fiber that
  // the task forked, while the task itself waits; NaN where it is not.
  private readonly steps: Array<Step> = []
  private readonly running: Array<Life | undefined> = []
  private readonly cutAt: Array<number> = []
  // INVARIANT: those that may be `inline`.
  private readonly inline: Array<Life> = []
  // INVARIANT: defined once nothing is told any more: the time by each clock.
  private stoppedAt: Map<Clock.Clock, number> | undefined = undefined

  constructor(ring: Ring) {
    this.ring = ring
    const fiber = Fiber.getCurrent()
    if (fiber !== undefined) this.lifeOf(fiber)
  }

  stop(): void {
    this.stoppedAt = new Map(this.lives.map(({ clock }) => [clock!, read(clock!)]))
  }

  /** Those that are not over. */
  get lives(): ReadonlyArray<Life> {
    return [...this.tasks.values(), ...this.branches.values()]
  }

  /** The time to which a life that is not over is known. */
  now({ clock }: Life): number {
    return this.stoppedAt?.get(clock!) ?? read(clock!)
  }

  /** Steps that the host resumes are seen by this alone. */
  readonly services = withSteps

  // ------------------------------------------------------------------------------------------------------------ who it is

  private lifeOfTask(task: AnyTask): Life | undefined {
    const known = this.tasks.get(idOf(task))
    if (known !== undefined || task.exit !== undefined) return known
    const { clock } = task.loop
    return this.begin(
      new Life("task", idOf(task), loopIdOf(task.loop), clock, 0, task.nameOrNumber, task.site, "inline", read(clock))
    )
  }

  private begin(life: Life): Life {
    this.tasks.set(life.id, life)
    if (life.state === "inline") this.inline.push(life)
    return life
  }

  /** The task's whose own fiber it is, or that of a branch; undefined outside of tasks. */
  private lifeOf(fiber: AnyFiber): Life | undefined {
    const region = fiber.getRef(CurrentRegion)
    const task = taskOf(fiber)
    if (region === undefined || task === undefined) return undefined
    if (region.fiber !== fiber) return this.branches.get(fiber.id) ?? this.lifeOfBranch(fiber, task)
    return region.owner.root === task ? this.lifeOfTask(task) : this.lifeOf(region.owner.fiber!)
  }

  private lifeOfBranch(fiber: AnyFiber, task: AnyTask): Life | undefined {
    const parent = this.lifeOfTask(task)
    if (parent === undefined) return undefined
    const { clock } = task.loop
    const number = ++parent.branchCount
    const life = new Life("branch", nextId(), parent.loop, clock, parent.id, number, undefined, "inline", read(clock))
    this.branches.set(fiber.id, life)
    this.inline.push(life)
    ;(parent.branches ??= new Set()).add(life)
    fiber.addObserver((exit) => {
      if (this.stoppedAt !== undefined || life.state === "over") return
      this.branches.delete(fiber.id)
      this.close(life, outcomeOf(exit), errorOf(exit))
      parent.branches!.delete(life)
      if (parent.branches!.size === 0 && parent.state === "between") this.goOn(parent, read(parent.clock!))
    })
    return life
  }

  /** Who does what happens now: the running fiber, or else whose step it is. 0: nobody that is shown. */
  private get current(): number {
    const step = this.steps.at(-1)
    const fiber = Fiber.getCurrent() ?? step?.fiber
    if (fiber !== undefined) return this.lifeOf(fiber)?.id ?? 0
    const owner = step?.owner
    return isTaskImpl(owner) ? idOf(owner) : 0
  }

  // --------------------------------------------------------------------------------------------------------- what it does

  /** What it did until now, and is over; but for the runs of steps under way. */
  private write(life: Life, now: number, step?: Step): void {
    const { since, state } = life
    switch (state) {
      case "ready":
        if (now > since) this.ring.write(life, "ready", since, now, undefined, 0, 0)
        break
      case "wait":
        this.ring.write(life, "wait", since, now, life.what, life.heldBy, life.wokenBy)
        break
      case "between":
        this.writeBetween(life, now, step)
        break
      default:
        this.ring.write(life, "run", since, now, undefined, 0, 0)
    }
    life.since = now
  }

  private writeBetween(life: Life, now: number, step: Step | undefined): void {
    const { since, what } = life
    if (step?.what === "step") this.ring.write(life, "ready", since, now, "yielded", 0, 0)
    else if (now > since) this.ring.write(life, what === undefined ? "outside" : "wait", since, now, what, 0, 0)
  }

  /** It goes on within somebody else's step, unless it runs already. */
  private goOn(life: Life, now: number): void {
    const { state } = life
    if (state === "run" || state === "inline" || state === "over") return
    this.write(life, now)
    life.state = "inline"
    this.inline.push(life)
  }

  /** What goes on within a step that ends does so no longer. */
  private endInline(): void {
    if (this.inline.length === 0) return
    for (const life of this.inline) if (life.state === "inline") this.pause(life, read(life.clock!))
    this.inline.length = 0
  }

  /** A run ends. */
  private pause(life: Life, now: number): void {
    this.write(life, now)
    life.state = life.state === "inline" ? "between" : life.next
    if (life.state === "between") {
      life.what = life.branches === undefined || life.branches.size === 0
        ? undefined
        : "its branches"
    }
  }

  // ------------------------------------------------------------------------------------------------------------ the events

  created(task: AnyTask): void {
    const { clock } = task.loop
    const id = idOf(task)
    const { current } = this
    const name = task.nameOrNumber
    this.begin(new Life("task", id, loopIdOf(task.loop), clock, current, name, task.site, "ready", read(clock)))
  }

  started(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    if (life !== undefined) this.goOn(life, read(life.clock!))
  }

  ended(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    const exit = task.exit!
    this.tasks.delete(idOf(task))
    if (life === undefined) return
    life.name = task.nameOrNumber
    for (const branch of life.branches ?? []) this.close(branch, undefined, undefined)
    // Of one that never began something is to be seen, too.
    if (life.state === "ready" && task.fiber === undefined) life.state = "wait"
    this.close(life, outcomeOf(exit), errorOf(exit))
  }

  private close(life: Life, outcome: Outcome | undefined, error: string | undefined): void {
    const now = read(life.clock!)
    this.goOn(life, now)
    this.write(life, now)
    life.state = "over"
    life.end = now
    life.outcome = outcome
    life.error = error
    life.clock = life.branches = undefined
  }

  cancelled(task: AnyTask): void {
    const life = this.lifeOfTask(task)
    if (life === undefined) return
    const { current } = this
    const now = read(life.clock!)
    this.ring.write(life, "cancel", now, now, undefined, 0, current === life.id ? 0 : current)
  }

  parked(waiter: Waiting): void {
    const { fiber } = waiter
    const life = this.lifeOf(fiber)
    if (life === undefined) return
    const task = taskOf(fiber)!
    if (life.kind === "task") life.name = task.nameOrNumber
    life.what = waiter.sleeps === undefined ? whatOf(waiter, task.loop) : waiter.sleeps / 1e6
    const holder = waiter.resource?.holder
    life.heldBy = holder === undefined ? 0 : idOf(holder as AnyTask)
    life.wokenBy = 0
    if (life.state === "run") {
      life.next = "wait"
      return
    }
    if (life.runs === undefined) life.runs = runsIn(fiber, task)
    const now = read(life.clock!)
    this.goOn(life, now)
    this.write(life, now)
    life.state = "wait"
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
    if (life.state === "run" && life.next === "wait") {
      life.next = "ready"
      return
    }
    if (life.state !== "wait") return
    if (byWaker) {
      const { current } = this
      if (current !== life.id) life.wokenBy = current
    }
    this.write(life, read(life.clock!))
    life.state = "ready"
  }

  left({ fiber }: Waiting): void {
    const life = this.lifeOf(fiber)
    if (life !== undefined) this.goOn(life, read(life.clock!))
  }

  opened(block: Block): void {
    const life = this.lifeOf(block.region.fiber!)
    if (life === undefined) return
    const { call, limit } = block
    const what = limit === undefined ? call : `${call} ${milliseconds(limit / 1e6)}`
    const open: Open = { life, since: read(life.clock!), what }
    this.blocks.set(block, open)
    ;(life.blocks ??= new Set()).add(open)
  }

  closed(block: Block, outcome: Outcome): void {
    const open = this.blocks.get(block)
    if (open === undefined) return
    const { life, since, what } = open
    life.blocks!.delete(open)
    if (life.clock !== undefined) this.ring.write(life, outcome, since, read(life.clock), what, 0, 0)
  }

  stepBegan(step: Step): void {
    this.steps.push(step)
    const life = this.runnerOf(step)
    this.running.push(life)
    if (life === undefined) return void this.cutAt.push(NaN)
    const now = read(life.clock!)
    const outer = this.running.at(-2)
    if (outer?.state === "run") this.interrupt(outer)
    if (life.state === "wait" || life.state === "ready" && step.what === "step") return void this.cutAt.push(now)
    this.cutAt.push(NaN)
    this.write(life, now, step)
    life.state = "run"
    life.next = "between"
  }

  /** Its run makes way for a step within it. */
  private interrupt(life: Life): void {
    const now = read(life.clock!)
    if (now > life.since) this.write(life, now)
  }

  /** Whose run it is; undefined where it is nobody's, or one that is under way already. */
  private runnerOf(step: Step): Life | undefined {
    if (step.what === "callback" || step.what === "timer" || step.what === "internal") return undefined
    if (step instanceof Waiter && step.state === "over") return undefined
    const { fiber, owner } = step
    const life = fiber === undefined ? isTaskImpl(owner) ? this.lifeOfTask(owner) : undefined : this.lifeOf(fiber)
    if (life === undefined || life.state === "run" || life.state === "over") return undefined
    // It looks, and waits on.
    return step instanceof Waiter && life.state === "wait" ? undefined : life
  }

  stepEnded(step: Step): void {
    this.steps.pop()
    const life = this.running.pop()
    const cutAt = this.cutAt.pop()
    this.endInline()
    if (life?.clock === undefined) return
    const now = read(life.clock)
    if (cutAt !== undefined && !Number.isNaN(cutAt)) this.cut(life, cutAt, now)
    else if (life.state === "run") {
      if (life.runs === undefined) this.lookInto(life, step)
      this.pause(life, now)
    }
    const outer = this.running.at(-1)
    if (outer?.state === "run") outer.since = read(outer.clock!)
  }

  private lookInto(life: Life, step: Step): void {
    const fiber = step.fiber ?? (isTaskImpl(step.owner) ? step.owner.fiber : undefined)
    const task = fiber === undefined ? undefined : taskOf(fiber)
    if (task !== undefined) life.runs = runsIn(fiber!, task)
  }

  /** A fiber that it forked ran while it waited, or was ready. */
  private cut(life: Life, from: number, to: number): void {
    const { state, what } = life
    if (to <= from || life.since > from || state !== "wait" && state !== "ready") return
    const kind: Kind = state
    if (from > life.since) {
      this.ring.write(life, kind, life.since, from, state === "wait" ? what : undefined, life.heldBy, 0)
    }
    this.ring.write(life, "run", from, to, undefined, 0, 0)
    life.since = to
  }
}

/** Whose part it is. Regions know their tasks by what they need of them; all are of this class. */
const taskOf = (fiber: AnyFiber): AnyTask | undefined => fiber.getRef(CurrentRegion)?.owner.task as AnyTask | undefined

/** The outermost `Effect.fn` that was entered since the task began; Effect has a frame more for where it is defined. */
const runsIn = (fiber: AnyFiber, task: AnyTask): string | undefined => {
  const begun = Context.get(task.services, References.CurrentStackFrame)
  let frame = fiber.cache.stackFrame
  while (frame !== undefined && frame !== begun && frame.parent !== begun) frame = frame.parent
  return frame === begun ? undefined : frame?.name.replace(/ \(definition\)$/, "")
}
