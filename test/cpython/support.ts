/**
 * What the ports of CPython's own tests share. A port tells the meaning of one of those tests, or of several, in our words:
 * a program, and what it gives. Where a test's asserts speak of order, the program writes lines (`logged` of
 * `support/loops.ts`). What is expected is what CPython does. It runs on the virtual loop; a failure that nobody looked at
 * fails it.
 */
import { it } from "@effect/vitest"
import { Cause, Effect, Exit, Option } from "effect"
import { createTask, EventLoop, Future, Task } from "effect-asyncio"
import { expect } from "vitest"
import { onVirtual, outcomeOf, type Program, ticks } from "../support/loops.ts"

/** The options of tasks that may be eager ones. */
export type How = Pick<Task.Options, "eager">

const check = (title: string, program: Program, expected: unknown): void =>
  it.live(title, () => Effect.map(onVirtual(program), (value) => expect(value).toEqual(expected)))

/** `names`: the CPython tests that this is, as in the ledger; several where one program has the meaning of all. */
export const port = (names: string | ReadonlyArray<string>, program: Program, expected: unknown): void =>
  check([names].flat().join(", "), program, expected)

/** With tasks that start later, then with eager ones; what comes out has to be the same. */
export const portBoth = (
  names: string | ReadonlyArray<string>,
  program: (how: How) => Program,
  expected: unknown
): void => {
  port(names, program({ eager: false }), expected)
  check(`${[names].flat().join(", ")}, eager`, program({ eager: true }), expected)
}

/** CPython's `test_utils.run_briefly`. */
export const briefly = ticks(2)

/** A task, once it waits. */
export const waiting = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.tap(createTask(effect), () => briefly)

/** Whether it is done, whether cancelled. */
export const state = (future: Future.Future<any, any>) => [Future.done(future), Future.cancelled(future)]

/** How an effect ends, in a word: its value, `fail …`, `die …`, or `cancelled`, with the message if it has one. */
export const ended = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<unknown, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const message = Exit.isFailure(exit) ? Task.cancelMessage(exit.cause) : Option.none()
    return Option.isSome(message) ? `cancelled: ${message.value}` : outcomeOf(exit)
  })

/** The name of the error that an effect ends with: a defect's, or a failure's. */
export const errorOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit
    return error instanceof Error ? error.name : `none, but ${String(error)}`
  })

/** What the exception handler has been told before the loop closes, and then. */
export const reported = (program: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
  Effect.suspend(() => {
    let before: ReadonlyArray<string> = []
    const messages: Array<string> = []
    const told = Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void messages.push(message)))
      yield* program
      yield* briefly
      before = messages.slice()
    })
    return Effect.map(onVirtual(told), () => [before, messages])
  })

/** How it ends: with its value, with all its failures, errors by their names, or "cancelled". */
export const endOf = (program: Program): Effect.Effect<unknown, never, EventLoop.EventLoop> =>
  Effect.map(Effect.exit(program), (exit) => {
    if (Exit.isSuccess(exit)) return exit.value
    const errors = exit.cause.reasons.flatMap((reason) =>
      Cause.isFailReason(reason) ? [reason.error] : Cause.isDieReason(reason) ? [reason.defect] : []
    )
    return errors.length === 0 ? "cancelled" : errors.map((error) => error instanceof Error ? error.name : error)
  })

/** Of what makes its own loops. */
export const portOutside = (name: string, program: () => Promise<unknown>, expected: unknown): void => {
  it(name, async () => expect(await program()).toEqual(expected))
}
