/**
 * The documented differences from plain Effect, by name: docs/cancellation.md has the table.
 *
 * Plain Effect, with the library's ways in some places. What this library does has to be just that.
 */
import { Cause, Deferred, Effect, Exit, Fiber, Option } from "effect"
import { all, broken, type Run } from "./interpret.ts"
import { PlainWorld, runPlain, type Watched } from "./plain.ts"
import type { Program } from "./program.ts"

export const differences = [
  "children begin interruptible",
  "a cancelled task is no failure of its group",
  "a group's tasks are cancelled when its body has ended",
  "a group with a failure fails first, its cancellation comes at the next suspension",
  "what fails after the deadline comes out",
  "what breaks comes out beside a cancellation",
  "gather fails with the first failure alone"
] as const

export type Difference = typeof differences[number]

type Change = (effect: Run<never>) => Run<never>

class DocumentedWorld extends PlainWorld {
  private readonly known: ReadonlySet<Difference>

  constructor(queues: ConstructorParameters<typeof PlainWorld>[0], known: ReadonlySet<Difference>) {
    super(queues)
    this.known = known
  }

  private change(difference: Difference, change: Change): Change {
    return this.known.has(difference) ? change : (effect) => effect
  }

  private readonly interruptible: Change = (child) =>
    this.change("children begin interruptible", Effect.interruptible)(child)

  override gather(children: ReadonlyArray<Run<never>>, limit: number | undefined, exits: boolean): Run<never> {
    return Effect.suspend(() => {
      // Of an exit that is a value, only what broke when it was cancelled: the value has nobody to go to then.
      let first: Exit.Exit<unknown, unknown> | undefined
      const noted = (child: Run<never>): Run<never> =>
        atEnd(child, (exit, fiber) => {
          if (exit._tag === "Success" || isCancelled(exit)) return
          if (!exits || isInterrupted(fiber)) first ??= exit
        })
      return this.change("gather fails with the first failure alone", onExitOf((exit) => first ?? exit))(
        super.gather(
          children.map((child) => noted(this.interruptible(child))).map((child) => exits ? apart(child) : child),
          limit,
          exits
        )
      )
    })
  }

  override untilStopped(body: Run<never>, tasks: ReadonlyArray<Run<never>>, stopped: Run<never>): Run<never> {
    const alone = this.change(
      "a cancelled task is no failure of its group",
      onExitOf((exit, fiber) => isCancelled(exit) && !isInterrupted(fiber) ? Effect.void : exit)
    )
    const children = tasks.map((task) => alone(this.interruptible(task)))
    const breaks = this.known.has("a group with a failure fails first, its cancellation comes at the next suspension")
      ? failFirst
      : failBeside
    return breaks(
      this.known.has("a group's tasks are cancelled when its body has ended")
        ? bodyFirst(body, children, stopped)
        : super.untilStopped(this.interruptible(body), children, stopped)
    )
  }

  override timeout(body: Run<never>, millis: number): Run<never> {
    return this.noting((noted, broke) => {
      const late = this.change("what fails after the deadline comes out", (timedOut) => Effect.andThen(broke, timedOut))
      return Effect.flatMap(
        Effect.timeoutOption(noted(body), millis),
        Option.match({ onNone: () => late(Effect.fail(new Cause.TimeoutError())), onSome: Effect.succeed })
      )
    })
  }

  override passOn(body: Run<never>): Run<never> {
    return this.noting((noted) => super.passOn(noted(body)))
  }

  override createTask(body: Run<never>, name: string, eager: boolean): Effect.Effect<Watched> {
    return Effect.tap(super.createTask(body, name, eager), (task) =>
      Effect.sync(() => {
        const end = Effect.flatMap(Effect.andThen(task.cancel, task.await), broken)
        task.join = this.change("what breaks comes out beside a cancellation", () =>
          Effect.onInterrupt(task.shield, () => end))(task.join)
      }))
  }

  /**
   * Notes how something ends; what broke comes out beside a cancellation of what is around it. What was put off in it is
   * put off around it.
   */
  private noting(run: (noted: Change, broke: Effect.Effect<void, unknown>) => Run<never>): Run<never> {
    return Effect.suspend(() => {
      let ended: Exit.Exit<unknown, unknown> = Exit.void
      let isPutOff = false
      const noted: Change = (body) =>
        atEnd(body, (exit, fiber) => {
          ended = exit
          isPutOff = putOff.has(fiber) && !isInterrupted(fiber)
        })
      const broke = Effect.suspend(() => broken(ended))
      const beside = this.change("what breaks comes out beside a cancellation", Effect.onInterrupt(() => broke))
      return onExitOf((exit, fiber) => {
        if (!isPutOff || !isInterrupted(fiber)) return exit
        interruptLater(fiber)
        return broke
      })(beside(run(noted, broke)))
    })
  }
}

/** Tells how the fiber that this is run by has ended: what Effect loses on the way is lost. */
const atEnd = (
  effect: Run<never>,
  tell: (exit: Exit.Exit<unknown, unknown>, fiber: Fiber.Fiber<unknown, unknown>) => void
): Run<never> =>
  Effect.withFiber((fiber) => {
    fiber.addObserver((exit) => tell(exit, fiber))
    return effect
  })

/** In a fiber of its own, as a task is. */
const apart = (child: Run<never>): Run<never> =>
  Effect.map(all([child], undefined, false), (values) => (values as ReadonlyArray<unknown>)[0])

/**
 * Puts something in the place of an exit, that of an interruption too. A handler that an interruption passes by would drop
 * the failures that come with it, so there is none.
 */
const onExitOf = (
  change: (exit: Exit.Exit<unknown, unknown>, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<unknown, unknown>
): Change =>
(effect) =>
  Effect.withFiber((fiber) =>
    Effect.uninterruptibleMask((restore) => Effect.flatMap(Effect.exit(restore(effect)), (exit) => change(exit, fiber)))
  )

const isCancelled = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

/** Effect keeps these on a fiber, and leaves them out of the public type. */
interface Interrupted {
  _interruptedCause: Cause.Cause<never> | undefined
  readonly interruptible: boolean
}

const isInterrupted = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  (fiber as unknown as Interrupted)._interruptedCause !== undefined

const isInterruptible = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  (fiber as unknown as Interrupted).interruptible

/** Fibers whose interruption is put off. */
const putOff = new WeakSet<Fiber.Fiber<unknown, unknown>>()

/** What no Effect program can do: its interruption is put off. */
const interruptLater = (fiber: Fiber.Fiber<unknown, unknown>): void => {
  ;(fiber as unknown as Interrupted)._interruptedCause = undefined
  putOff.add(fiber)
  fiber.currentDispatcher.scheduleTask(() => fiber.interruptUnsafe(), 0)
}

/** A group that breaks, where an interruption has reached it: in an uninterruptible part none does. */
const onBroken = (
  interrupted: (
    fiber: Fiber.Fiber<unknown, unknown>,
    broke: Effect.Effect<void, unknown>
  ) => Effect.Effect<void, unknown>
): Change =>
(group) =>
  Effect.withFiber((fiber) => {
    const isReached = isInterruptible(fiber)
    return onExitOf((exit) => {
      if (exit._tag === "Success" || isCancelled(exit)) return exit
      return isReached && isInterrupted(fiber) ? interrupted(fiber, broken(exit)) : broken(exit)
    })(group)
  })

const failFirst = onBroken((fiber, broke) => {
  interruptLater(fiber)
  return broke
})

/** As out of a finalizer. */
const failBeside = onBroken((_, broke) => Effect.onExit(Effect.interrupt, () => broke))

/** The group that cancels its tasks once its body has ended. All that broke comes out, what broke in the body last. */
const bodyFirst = (body: Run<never>, tasks: ReadonlyArray<Run<never>>, stopped: Run<never>): Run<never> =>
  Effect.suspend(() => {
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    const failed = Deferred.makeUnsafe<unknown, unknown>()
    const task: Change = (task) =>
      atEnd(task, (exit) => {
        exits.push(exit)
        if (exit._tag === "Failure") Deferred.doneUnsafe(failed, exit)
      })
    let ended: Exit.Exit<unknown, unknown> = Exit.void
    const noted = atEnd(body, (exit) => void (ended = exit))
    const outcome = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.andThen(
        broken(...exits, ended),
        Effect.flatMap(exit, () => ended._tag === "Success" ? ended : Effect.void)
      )
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        Effect.forkDetach(Effect.raceAllFirst([all(tasks.map(task), undefined, false), stopped])),
        (others) =>
          Effect.raceAllFirst([noted, Deferred.await(failed), stopped]).pipe(
            Effect.andThen(Fiber.join(others)),
            restore,
            Effect.exit,
            Effect.tap(Fiber.interrupt(others)),
            Effect.flatMap(outcome)
          )
      )
    )
  })

/** What the program does in plain Effect but for these differences. */
export const runDocumented = (program: Program, known: Iterable<Difference> = differences): ReadonlyArray<string> =>
  runPlain(program, (queues) => new DocumentedWorld(queues, new Set(known)))

/**
 * The documented differences that a run of this library shows: none if it is what plain Effect does. Undefined if it is
 * not what is documented.
 */
export const explain = (program: Program, ours: ReadonlyArray<string>): ReadonlyArray<Difference> | undefined => {
  const lines = JSON.stringify(ours)
  const gives = (known: ReadonlyArray<Difference>) => JSON.stringify(runDocumented(program, known)) === lines
  const documented = [differences, whereEffectInterrupts].find(gives)
  if (documented === undefined) return undefined
  if (JSON.stringify(runPlain(program)) === lines) return []
  return documented.reduce((shown: ReadonlyArray<Difference>, difference) => {
    const fewer = shown.filter((other) => other !== difference)
    return gives(fewer) ? fewer : shown
  }, documented)
}

/** Only a request can be put off. */
const whereEffectInterrupts = differences.filter(
  (difference) => difference !== "a group with a failure fails first, its cancellation comes at the next suspension"
)
