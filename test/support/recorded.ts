/** What the tests of recordings share. */
import { Effect } from "effect"
import { record, type RecorderOptions, type Row, type Timeline } from "effect-asyncio/insight"
import { onVirtual, type Program } from "./loops.ts"

/** What a program does on the virtual loop, however it ends. */
export const recorded = (program: Program, options?: RecorderOptions): Effect.Effect<Timeline> =>
  Effect.map(record(onVirtual(program), options), ([, timeline]) => timeline)

export const rowOf = ({ tasks }: Timeline, name: string): Row => {
  const found = tasks.find((row) => row.name === name)
  if (found === undefined) throw new Error(`no row ${name} among ${tasks.map((row) => row.name).join(", ")}`)
  return found
}

/** A row's spans, but for its runs: `0 to 3000: wait sleep 3 s`. */
export const spansOf = (timeline: Timeline, name: string): ReadonlyArray<string> =>
  rowOf(timeline, name).spans.filter(({ kind }) => kind !== "run").map(
    ({ from, heldBy, kind, outcome, to, what, wokenBy }) => {
      const nameOf = (id: number | undefined) => timeline.tasks.find((row) => row.id === id)?.name
      const parts = [
        `${from} to ${to}:`,
        kind,
        what,
        heldBy === undefined ? undefined : `held by ${nameOf(heldBy)}`,
        wokenBy === undefined ? undefined : `until ${nameOf(wokenBy)}`,
        outcome
      ]
      return parts.filter((part) => part !== undefined).join(" ")
    }
  )
