/**
 * What a program means, as far as it is the same in plain Effect and on this library. What differs is a `World`: the
 * counterparts of the two.
 *
 * Every statement has moments of its own: the clock's milliseconds modulo 1000 tell which statement, and which part of
 * it, goes on. Whoever waited for something shared, or got over a failure, goes on at a moment of its own, and shared
 * things change only at such a moment. So what happens within one moment has one cause, and its order does not matter.
 */
import { Cause, Clock, Effect, type Exit, Fiber, FiberSet, Scope, Stream } from "effect"
import { type Block, futures, type Program, type Statement } from "./program.ts"

export type Run<R> = Effect.Effect<unknown, unknown, R>

/** What a program has forked, or a future. */
export interface Handle<R> {
  /** Cancelled together with its waiter. */
  readonly join: Run<R>
  readonly shield: Run<R>
  readonly await: Effect.Effect<Exit.Exit<unknown, unknown>, never, R>
  /** Asks, and does not wait. */
  readonly cancel: Effect.Effect<unknown, never, R>
  /** The same by Effect's own means. */
  readonly interrupt: Effect.Effect<unknown, never, R>
  readonly isDone: () => boolean
}

export interface World<R> {
  readonly sleep: (millis: number) => Effect.Effect<void, never, R>
  readonly gather: (children: ReadonlyArray<Run<R>>, limit: number | undefined, exits: boolean) => Run<R>
  readonly group: (
    body: Run<R>,
    tasks: ReadonlyArray<Run<R>>,
    begun: (stop: Effect.Effect<unknown, never, R>) => void
  ) => Run<R>
  readonly wait: (children: ReadonlyArray<Run<R>>) => Run<R>
  readonly timeout: (body: Run<R>, millis: number) => Run<R>
  readonly waitFor: (body: Run<R>, millis: number) => Run<R>
  readonly passOn: (body: Run<R>) => Run<R>
  readonly createTask: (body: Run<R>, name: string, eager: boolean) => Effect.Effect<Handle<R>, never, R>
  readonly gatherOf: (handles: ReadonlyArray<Handle<R>>) => Run<R>
  readonly waitOf: (handles: ReadonlyArray<Handle<R>>, first: boolean) => Run<R>
  readonly hold: Readonly<Record<"lock" | "semaphore", (body: Run<R>) => Run<R>>>
  readonly event: Readonly<Record<"wait" | "set" | "clear", Run<R>>>
  readonly queues: Readonly<Record<"bounded" | "unbounded", Queue<R>>>
  readonly future: (name: string) => Handle<R> & Readonly<Record<"succeed" | "fail", (value: string) => Run<R>>>
}

interface Queue<R> {
  readonly put: (item: string) => Run<R>
  readonly get: Run<R>
  readonly shutdown: Run<R>
}

/** When what is left is ended, one after the other. Long after all sleeps of a program. */
const horizon = 1e8
/** How long each may take over it. A multiple of the moments' cycle, so that these are the moments of nobody. */
const patience = 1e6

const cycle = 1000
/** The moments of a statement: its own, one for each of its branches, and those of its parts. */
const parts = 8
const deadline = 5
const inside = 6
const after = 7

/** What is around a statement. */
interface Place<R> {
  readonly scope: Scope.Scope | undefined
  /** How the groups that are open end. */
  readonly stops: ReadonlyMap<string, Effect.Effect<unknown, never, R>>
}

export class Interpreter<R> {
  private readonly world: World<R>
  private readonly handles = new Map<string, Handle<R>>()
  /** What happened, and when. */
  readonly lines: Array<string> = []
  private isOver = false

  constructor(world: World<R>) {
    this.world = world
    for (const name of futures) this.handles.set(name, world.future(name))
  }

  /** Runs the program as the task `main`, then cancels what it has left behind. What even that does not end is left. */
  main(program: Program): Effect.Effect<void, never, R> {
    const forked = () => Array.from(this.handles).slice(futures.length)
    const { sleep } = this.world
    return Effect.gen({ self: this }, function*() {
      yield* this.task("main", this.block(program, { scope: undefined, stops: new Map() }), false)
      yield* sleep(horizon)
      for (const [_, handle] of forked()) {
        if (handle.isDone()) continue
        yield* handle.cancel
        yield* sleep(patience)
      }
      for (const [name, handle] of forked()) if (!handle.isDone()) yield* this.log(`left: ${name}`)
      this.isOver = true
    })
  }

  private log(text: string): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      if (!this.isOver) this.lines.push(`${fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()} ${text}`)
      return Effect.void
    })
  }

  /** How long until the next moment of this part of the statement that is `millis` away at least. */
  private until(fiber: Fiber.Fiber<unknown, unknown>, { id }: Statement, part: number, millis: number): number {
    const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    const first = now + millis + 1
    const own = id * parts + part
    return first + ((own - first) % cycle + cycle) % cycle - now
  }

  private settle(statement: Statement, part = 0, millis = 0): Effect.Effect<void, never, R> {
    return Effect.withFiber((fiber) => this.world.sleep(this.until(fiber, statement, part, millis)))
  }

  /** Does something with what is shared, at a moment of its own, and goes on at another, whatever came of it. */
  private shared(statement: Statement, effect: Run<R>): Run<R> {
    return this.settle(statement).pipe(
      Effect.andThen(Effect.exit(effect)),
      Effect.flatMap((exit) => Effect.andThen(this.settle(statement, after), exit))
    )
  }

  private block(block: Block, place: Place<R>, first = 0): Run<R> {
    if (first === block.length) return Effect.succeed("")
    const statement = this.statement(block[first]!, place)
    return first + 1 === block.length ? statement : Effect.flatMap(statement, () => this.block(block, place, first + 1))
  }

  private statement(statement: Statement, place: Place<R>): Run<R> {
    return Effect.tap(
      this.operation(statement, place),
      (value) => this.log(`${statement.id} ${statement.op}: ${JSON.stringify(value)}`)
    )
  }

  /** Logs how it ends. */
  private watched(name: string, body: Run<R>): Run<R> {
    return Effect.onExit(body, (exit) => this.log(`${name} ${describe(exit)}`))
  }

  /** What runs beside others: each begins at a moment of its own. */
  private branches(
    statement: Statement & { readonly blocks: ReadonlyArray<Block> },
    place: Place<R>
  ): Array<Run<R>> {
    return statement.blocks.map((block, i) =>
      Effect.andThen(
        this.settle(statement, i + 1),
        this.watched(`${statement.id}.${i + 1}`, this.block(block, place))
      )
    )
  }

  private task(name: string, body: Run<R>, eager: boolean): Effect.Effect<unknown, never, R> {
    return Effect.map(
      this.world.createTask(this.watched(name, body), name, eager),
      (handle) => void this.handles.set(name, handle)
    )
  }

  private handle(name: string, use: (handle: Handle<R>) => Run<R>): Run<R> {
    return Effect.suspend(() => {
      const handle = this.handles.get(name)
      return handle === undefined ? Effect.succeed("nobody") : use(handle)
    })
  }

  private operation(statement: Statement, place: Place<R>): Run<R> {
    const { world } = this
    const block = (block: Block) => this.block(block, place)
    const branches = (statement: Statement & { readonly blocks: ReadonlyArray<Block> }) =>
      this.branches(statement, place)
    const finalizer = (after: Block): Effect.Effect<void, unknown, R> => Effect.asVoid(block(after))
    switch (statement.op) {
      case "sleep": {
        const millis = statement.seconds * 1000
        if (statement.by === "asyncio") return this.settle(statement, 0, millis)
        return Effect.withFiber((fiber) => Effect.sleep(this.until(fiber, statement, 0, millis)))
      }
      case "fail":
        return Effect.fail(`fail ${statement.id}`)
      case "die":
        return Effect.die(`die ${statement.id}`)
      case "interrupt":
        return Effect.interrupt
      case "all": {
        const { exits = false, limit } = statement
        const children = branches(statement)
        const values = statement.by === "gather" ? world.gather(children, limit, exits) : all(children, limit, exits)
        return exits
          ? Effect.map(values, (exits) => (exits as Array<Exit.Exit<unknown, unknown>>).map(describe))
          : values
      }
      case "group":
        return Effect.suspend(() => {
          let end: Effect.Effect<unknown, never, R> = Effect.void
          const stops = new Map([...place.stops, [statement.name, Effect.suspend(() => end)]])
          const [body, ...tasks] = this.branches(statement, { ...place, stops })
          return world.group(body!, tasks, (stop) => end = stop)
        })
      case "stop":
        return this.shared(statement, Effect.as(place.stops.get(statement.name) ?? Effect.void, ""))
      case "race": {
        const children = branches(statement)
        if (statement.by === "wait") return world.wait(children)
        return statement.by === "success" ? Effect.raceAll(children) : Effect.raceAllFirst(children)
      }
      case "twins": {
        const twin = (n: number) =>
          Effect.tap(Effect.map(Effect.exit(block(statement.block)), describe), this.settle(statement, n))
        return Effect.map(Effect.all([twin(1), twin(2)], { concurrency: "unbounded" }), (outcomes) => outcomes.sort())
      }
      case "timeout":
        return Effect.withFiber((fiber) => {
          const millis = this.until(fiber, statement, deadline, statement.seconds * 1000)
          const body = block(statement.block)
          return statement.by === "effect" ? Effect.timeout(body, millis) : world[statement.by](body, millis)
        })
      case "passOn":
        return world.passOn(block(statement.block))
      case "catch": {
        const recovered = this.settle(statement, after)
        const handler = () => Effect.andThen(recovered, block(statement.after))
        const body = block(statement.block)
        if (statement.how === "failure") return Effect.catch(body, handler)
        if (statement.how === "cause") return Effect.catchCause(body, handler)
        return Effect.tap(Effect.map(Effect.exit(body), describe), recovered)
      }
      case "retry":
        return Effect.retry(block(statement.block), { times: statement.times })
      case "repeat":
        return Effect.repeat(block(statement.block), { times: statement.times })
      case "ensuring":
        return Effect.onExit(block(statement.block), () => finalizer(statement.after))
      case "onInterrupt":
        return Effect.onInterrupt(block(statement.block), () => finalizer(statement.after))
      case "acquire":
        return Effect.acquireUseRelease(
          block(statement.before),
          () => block(statement.block),
          () => finalizer(statement.after)
        )
      case "uninterruptible":
        return Effect.uninterruptible(block(statement.block))
      case "interruptible":
        return Effect.interruptible(block(statement.block))
      case "restore":
        return Effect.uninterruptibleMask((restore) =>
          Effect.andThen(block(statement.before), restore(block(statement.block)))
        )
      case "scoped":
        return Effect.scopedWith((scope) => this.block(statement.block, { ...place, scope }))
      case "finalizer":
        if (place.scope === undefined) return Effect.void
        return Effect.addFinalizer(() => Effect.orDie(finalizer(statement.after))).pipe(Scope.provide(place.scope))
      case "stream":
        return Stream.fromIterable(branches(statement)).pipe(
          Stream.mapEffect((branch) => branch, { concurrency: statement.limit }),
          Stream.runCollect
        )
      case "fiberSet":
        return Effect.scopedWith((scope) =>
          Effect.flatMap(
            Scope.provide(FiberSet.make<unknown, unknown>(), scope),
            (set) =>
              Effect.forEach(branches(statement), (branch) => FiberSet.run(set, branch)).pipe(
                Effect.andThen(Effect.raceFirst(FiberSet.join(set), FiberSet.awaitEmpty(set)))
              )
          )
        )
      case "fork":
        return Effect.andThen(this.fork(statement, place), this.settle(statement))
      case "join":
        return this.shared(
          statement,
          this.handle(
            statement.name,
            (handle) => statement.how === "await" ? Effect.map(handle.await, describe) : handle[statement.how]
          )
        )
      case "several":
        return this.shared(
          statement,
          Effect.suspend(() => {
            const handles = statement.names.flatMap((name) => this.handles.get(name) ?? [])
              .filter((handle) => !handle.isDone())
            if (handles.length === 0) return Effect.succeed("nobody")
            if (statement.how === "gather") return world.gatherOf(handles)
            return Effect.as(world.waitOf(handles, statement.how === "waitFirst"), "ended")
          })
        )
      case "cancel":
        return this.shared(
          statement,
          this.handle(statement.name, (handle) =>
            Effect.as(
              Effect.andThen(
                statement.how === "ask" ? handle.cancel : handle.interrupt,
                statement.wait ? handle.await : Effect.void
              ),
              "asked"
            ))
        )
      case "complete":
        return this.shared(statement, world.future(statement.name)[statement.how](`${statement.how} ${statement.id}`))
      case "hold":
        return Effect.andThen(
          this.settle(statement),
          world.hold[statement.what](Effect.andThen(this.settle(statement, inside), block(statement.block)))
        )
      case "event":
        return this.shared(statement, Effect.as(world.event[statement.how], statement.how))
      case "queue": {
        const queue = world.queues[statement.which]
        return this.shared(
          statement,
          statement.how === "put" ? queue.put(`item ${statement.id}`) : queue[statement.how]
        )
      }
    }
  }

  private fork(
    statement: Extract<Statement, { readonly op: "fork" }>,
    place: Place<R>
  ): Effect.Effect<unknown, never, R> {
    const { how, name } = statement
    const body = this.block(statement.block, place)
    if (how === "task") return this.task(name, body, statement.eager === true)
    const watched = this.watched(name, body)
    const fork = how === "child"
      // Effect loses what broke in an interrupted fiber when it has to wait for its children: so always, or never.
      ? Effect.forkChild(Effect.onExit(watched, () => this.settle(statement, after)))
      : how === "scoped" && place.scope !== undefined
      ? Effect.forkIn(watched, place.scope)
      : Effect.forkDetach(watched)
    return Effect.map(fork, (fiber) => void this.handles.set(name, handleOf(fiber)))
  }
}

/** All of them by Effect's own means. */
export const all = <R>(children: ReadonlyArray<Run<R>>, limit: number | undefined, exits: boolean): Run<R> =>
  Effect.all(exits ? children.map((child) => Effect.exit(child)) : children, { concurrency: limit ?? "unbounded" })

const handleOf = <R>(fiber: Fiber.Fiber<unknown, unknown>): Handle<R> => {
  const interrupt = Effect.sync(() => fiber.interruptUnsafe())
  return {
    join: Fiber.join(fiber),
    shield: Fiber.join(fiber),
    await: Fiber.await(fiber),
    cancel: interrupt,
    interrupt,
    isDone: () => fiber.pollUnsafe() !== undefined
  }
}

/** What broke, without the interrupts. */
export const broken = (...exits: ReadonlyArray<Exit.Exit<unknown, unknown>>): Effect.Effect<void, unknown> => {
  const reasons = exits.flatMap((exit) => exit._tag === "Failure" ? exit.cause.reasons : [])
    .filter((reason) => reason._tag !== "Interrupt")
  return reasons.length === 0 ? Effect.void : Effect.failCause(Cause.fromReasons(reasons))
}

/** What broke, or the value. Interrupts beside a failure are part of it. */
const describe = (exit: Exit.Exit<unknown, unknown>): string => {
  if (exit._tag === "Success") return `gave ${JSON.stringify(exit.value)}`
  const broke = exit.cause.reasons.flatMap((reason) =>
    reason._tag === "Fail" ? [nameOf(reason.error)] : reason._tag === "Die" ? [nameOf(reason.defect)] : []
  )
  return broke.length === 0 ? "interrupted" : `broke: ${Array.from(new Set(broke)).sort().join(", ")}`
}

const nameOf = (error: unknown): string =>
  Cause.isTimeoutError(error) ? "timeout" : error instanceof Error ? `${error.name}: ${error.message}` : String(error)

/**
 * All that is compared of a run: its lines in order, those of one moment in the alphabet's, and what was reported. Where a
 * part of it could not be ended, a loop that closes does what plain Effect has no counterpart for.
 */
export const outcome = (lines: ReadonlyArray<string>, reported: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...lines.map((line) => [Number.parseInt(line), line] as const)
    .sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1))
    .map(([_, line]) => line),
  ...lines.at(-1)?.includes(" left: ") === true ? [] : reported.map((name) => `reported: ${name}`).sort()
]
