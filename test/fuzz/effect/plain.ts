/** Programs in plain Effect: no part of this library has a hand in them, but for the virtual clock. */
import { Cause, Clock, Context, Deferred, Effect, Exit, Fiber, Latch, Queue, Scheduler, Semaphore } from "effect"
import { VirtualClock } from "../../../src/testing/VirtualClock.ts"
import { all, broken, type Handle, Interpreter, outcome, type Run, type World } from "./interpret.ts"
import { futures, type Program } from "./program.ts"

/** Effect's own scheduler, on turns that the test gives, and a clock that jumps when there are none to give. */
class Host {
  readonly clock = new VirtualClock()
  private turns: Array<() => void> = []
  private readonly scheduler: Scheduler.Scheduler = new Scheduler.MixedScheduler("async", (turn) => {
    this.turns.push(turn)
    return () => void (this.turns = this.turns.filter((other) => other !== turn))
  })
  private readonly context = Context.make(Scheduler.Scheduler, this.scheduler).pipe(
    Context.add(Clock.Clock, this.clock as Clock.Clock)
  )

  /** Runs it until it is over. */
  run<A>(effect: Effect.Effect<A>): A {
    const fiber = Effect.runForkWith(this.context)(effect)
    for (;;) {
      for (let n = 0; this.turns.length > 0; n++) {
        if (n > 10_000) throw new Error("plain Effect spins")
        const turns = this.turns
        this.turns = []
        for (const turn of turns) turn()
      }
      const exit = fiber.pollUnsafe()
      if (exit?._tag === "Success") return exit.value
      const { next } = this.clock
      if (exit !== undefined || next === undefined) throw new Error(`plain Effect can't go on: ${exit}`)
      this.clock.nanos = next
      this.clock.wakeDue()
    }
  }
}

/** What the failure of which would be reported, if nobody sees it. */
export class Watched implements Handle<never> {
  readonly name: string
  exit: Exit.Exit<unknown, unknown> | undefined = undefined
  isSeen = false
  /** How it ends, for one who only waits. */
  readonly ended: Effect.Effect<Exit.Exit<unknown, unknown>>
  readonly await: Effect.Effect<Exit.Exit<unknown, unknown>>
  readonly shield: Run<never>
  join: Run<never>
  readonly cancel: Effect.Effect<unknown>
  readonly interrupt: Effect.Effect<unknown>

  constructor(name: string, ended: Effect.Effect<Exit.Exit<unknown, unknown>>, interrupt: Effect.Effect<unknown>) {
    this.name = name
    this.ended = ended
    this.interrupt = interrupt
    this.cancel = Effect.suspend(() => {
      if (!this.isDone()) return interrupt
      this.isSeen = true
      return Effect.void
    })
    this.await = Effect.tap(ended, Effect.sync(() => void (this.isSeen = true)))
    this.shield = Effect.flatMap(this.await, (exit) => exit)
    this.join = Effect.onInterrupt(this.shield, () => Effect.andThen(this.cancel, Effect.asVoid(this.await)))
  }

  readonly isDone = () => this.exit !== undefined

  get isUnseen(): boolean {
    return !this.isSeen && this.exit?._tag === "Failure" && !Cause.hasInterruptsOnly(this.exit.cause)
  }
}

export class PlainWorld implements World<never> {
  readonly watched: Array<Watched> = []
  readonly queues
  private readonly latch = Latch.makeUnsafe()

  constructor(queues: Queues) {
    this.queues = { bounded: operationsOf(queues.bounded), unbounded: operationsOf(queues.unbounded) }
  }

  sleep(millis: number): Effect.Effect<void> {
    return Effect.sleep(millis)
  }
  gather(children: ReadonlyArray<Run<never>>, limit: number | undefined, exits: boolean): Run<never> {
    return all(children, limit, exits)
  }
  group(body: Run<never>, tasks: ReadonlyArray<Run<never>>, begun: (stop: Effect.Effect<unknown>) => void): Run<never> {
    return Effect.suspend(() => {
      const stopped = Deferred.makeUnsafe<unknown>()
      begun(Deferred.succeed(stopped, undefined))
      return this.untilStopped(body, tasks, Deferred.await(stopped))
    })
  }
  /** Gives what the body gave, also where it was stopped after that; what broke comes out, as of `all` alone. */
  untilStopped(body: Run<never>, tasks: ReadonlyArray<Run<never>>, stopped: Run<never>): Run<never> {
    let given: unknown
    let ended: Exit.Exit<unknown, unknown> = Exit.void
    const noted = Effect.tap(body, (value) => Effect.sync(() => void (given = value)))
    const everything = Effect.onExit(
      all([noted, ...tasks], undefined, false),
      (exit) => Effect.sync(() => void (ended = exit))
    )
    const raced = Effect.onExit(Effect.raceAllFirst([everything, stopped]), () => Effect.suspend(() => broken(ended)))
    return Effect.map(raced, () => given)
  }
  wait(children: ReadonlyArray<Run<never>>): Run<never> {
    return Effect.raceAllFirst(children)
  }
  timeout(body: Run<never>, millis: number): Run<never> {
    return Effect.timeout(body, millis)
  }
  waitFor(body: Run<never>, millis: number): Run<never> {
    return this.timeout(body, millis)
  }
  /** In a fiber of its own, as it is in a region: what it forks ends with it. */
  passOn(body: Run<never>): Run<never> {
    return Effect.raceAllFirst([body])
  }

  createTask(body: Run<never>, name: string, eager: boolean): Effect.Effect<Watched> {
    return Effect.map(Effect.forkDetach(body, { startImmediately: eager }), (fiber) => {
      const task = new Watched(name, Fiber.await(fiber), Effect.sync(() => fiber.interruptUnsafe()))
      this.watched.push(task)
      fiber.addObserver((exit) => void (task.exit = exit))
      return task
    })
  }

  /** All are joined before the first of them can fail, and count as seen. */
  gatherOf(handles: ReadonlyArray<Handle<never>>): Run<never> {
    const joined = handles.map((handle) => {
      const join = Effect.andThen(Effect.yieldNow, handle.join)
      if (!(handle instanceof Watched)) return join
      handle.isSeen = true
      return Effect.onInterrupt(join, () => Effect.asVoid(Effect.andThen(handle.cancel, handle.await)))
    })
    return this.gather(joined, undefined, false)
  }
  waitOf(handles: ReadonlyArray<Handle<never>>, first: boolean): Run<never> {
    const ends = handles.map((handle) => handle instanceof Watched ? handle.ended : handle.await)
    return first ? Effect.raceAllFirst(ends) : all(ends, undefined, false)
  }

  readonly hold = {
    lock: Semaphore.makeUnsafe(1).withPermit,
    semaphore: Semaphore.makeUnsafe(2).withPermit
  }

  readonly event = { wait: this.latch.await, set: this.latch.open, clear: this.latch.close }

  private readonly futures = new Map<string, ReturnType<PlainWorld["makeFuture"]>>(
    futures.map((name) => [name, this.makeFuture(name)])
  )
  future(name: string) {
    return this.futures.get(name)!
  }

  private makeFuture(name: string) {
    const deferred = Deferred.makeUnsafe<unknown, unknown>()
    const complete = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.map(Deferred.done(deferred, exit), (first) => {
        if (first) watched.exit = exit
        return ""
      })
    const watched = new Watched(name, Effect.exit(Deferred.await(deferred)), complete(Exit.interrupt()))
    this.watched.push(watched)
    return Object.assign(watched, {
      succeed: (value: string) => complete(Exit.succeed(value)),
      fail: (value: string) => complete(Exit.fail(value))
    })
  }
}

type Queues = Effect.Success<typeof makeQueues>

const makeQueues = Effect.all({
  bounded: Queue.bounded<string, string>(1),
  unbounded: Queue.unbounded<string, string>()
})

const operationsOf = (queue: Queue.Queue<string, string>) => ({
  put: (item: string) =>
    Effect.flatMap(Queue.offer(queue, item), (taken) => taken ? Effect.succeed("") : Effect.fail("shutdown")),
  get: Queue.take(queue),
  shutdown: Effect.as(Queue.fail(queue, "shutdown"), "")
})

/** What the program does: its lines, in order of time and then of the alphabet. */
export const runPlain = (
  program: Program,
  makeWorld: (queues: Queues) => PlainWorld = (queues) => new PlainWorld(queues)
): ReadonlyArray<string> =>
  new Host().run(Effect.flatMap(makeQueues, (queues) => {
    const world = makeWorld(queues)
    const interpreter = new Interpreter<never>(world)
    const unseen = () => world.watched.filter((watched) => watched.isUnseen).map(({ name }) => name)
    return Effect.map(interpreter.main(program), () => outcome(interpreter.lines, unseen()))
  }))
