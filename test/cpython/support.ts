/**
 * What the ports of CPython's own tests share. A port tells the meaning of one of those tests, or of several, in our words:
 * a program, and what it gives. Where a test's asserts speak of order, the program writes lines (`logged` of
 * `support/loops.ts`). What is expected is what CPython does. It runs on the virtual loop; a failure that nobody looked at
 * fails it.
 */
import { it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import type { EventLoop, Task } from "effect-asyncio"
import { expect } from "vitest"
import { onVirtual, type Program } from "../support/loops.ts"

/** The options of tasks that may be eager ones. */
export type How = Pick<Task.Options, "eager">

const check = <A>(title: string, program: Program<A>, expected: A): void =>
  it.live(title, () => Effect.map(onVirtual(program), (value) => expect(value).toEqual(expected)))

/** `names`: the CPython tests that this is, as in the ledger; several where one program has the meaning of all. */
export const port = <A>(names: string | ReadonlyArray<string>, program: Program<A>, expected: A): void =>
  check([names].flat().join(", "), program, expected)

/** With tasks that start later, then with eager ones; what comes out has to be the same. */
export const portBoth = <A>(
  names: string | ReadonlyArray<string>,
  program: (how: How) => Program<A>,
  expected: A
): void => {
  port(names, program({ eager: false }), expected)
  check(`${[names].flat().join(", ")}, eager`, program({ eager: true }), expected)
}

/** How it ends: with its value, with all its failures, errors by their names, or "cancelled". */
export const endOf = (
  program: Effect.Effect<unknown, unknown, EventLoop.EventLoop>
): Effect.Effect<unknown, never, EventLoop.EventLoop> =>
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
