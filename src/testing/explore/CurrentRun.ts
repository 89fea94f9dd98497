/** The run that a fiber is part of, which the program's `Explore` calls ask. It holds all state of a run. */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import { version } from "../../internal/host/version.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** What a schedule decides for the program, and what the program says about itself. */
export interface ProgramRun {
  /** In nanoseconds. */
  latency(fiber: AnyFiber, least: number, most: number): number
  /** Whether it strikes. */
  fault(fiber: AnyFiber): boolean
  /** An index of one of them. */
  choose(fiber: AnyFiber, values: ReadonlyArray<unknown>): number
  always(name: string, holds: () => boolean): void
  note(text: string): void
  readonly cancelled: ReadonlySet<string>
}

export const CurrentRun = Context.Reference<ProgramRun | undefined>(`effect-asyncio@${version}/CurrentRun`, {
  defaultValue: () => undefined
})
