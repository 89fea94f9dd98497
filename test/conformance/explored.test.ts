/** The written order under `Explore` is the order: every scenario with a main of its own, through `Explore.run`. */
import { Explore, VirtualLoop } from "effect-asyncio/testing"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { expect, it } from "vitest"
import { format } from "./format.ts"
import type { Main } from "./scenario.ts"
import { type Line, readCases } from "./suite.ts"

const { cases } = await readCases()

const explored = async (main: Main) => {
  const trace: Array<Line> = []
  let exit: Exit.Exit<unknown, unknown> | undefined
  let end: number | undefined
  const program = Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const context = fiber.context
    const time = () => Math.round(clock.currentTimeMillisUnsafe() * 1e3) / 1e6
    const advance = (seconds: number) =>
      Effect.runSyncWith(context)(VirtualLoop.advance(Duration.seconds(seconds)) as Effect.Effect<void>)
    const log = (...parts: ReadonlyArray<unknown>) => {
      if (end === undefined) trace.push([time(), parts.map(format).join(" ")])
    }
    const close = Effect.withFiber((fiber) => {
      fiber.currentDispatcher.scheduleTask(() => end = time(), Number.MAX_SAFE_INTEGER)
      return Effect.void
    })
    return Effect.onExit(Effect.suspend(() => main(log, { time, advance })), (ended) => {
      exit = ended
      return close
    })
  })
  const { failure } = await Effect.runPromise(Effect.provide(Explore.run(program), Logger.layer([])))
  const outcome = Option.getOrUndefined(failure)?.kind === "deadlock"
    ? "deadlock"
    : exit?._tag === "Failure"
    ? `raised ${format(exit.cause)}`
    : "ok"
  return { outcome, trace }
}

const mains = cases.flatMap(({ name, scenario, trace }) =>
  typeof scenario === "function" && trace !== undefined ? [[name, scenario, trace] as const] : []
)

it.each(mains)("%s", async (_, main, { outcome, trace }) => {
  expect(await explored(main)).toEqual({ outcome, trace: trace.map(([time, text]) => [time, text]) })
})
