/**
 * The rules of Chrome's trace events, and of those who read them: ids are numbers (ray#27921), slices of a track nest
 * (perfetto#432), none has no length (speedscope), no async events (perfetto#60), arrows begin at a slice (trace-viewer#1088).
 */
import type { ChromeEvent, ChromeTrace } from "effect-asyncio/insight"

export const wrongIn = ({ traceEvents }: ChromeTrace): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const say = (what: string, event: ChromeEvent) => wrong.push(`${what}: ${JSON.stringify(event)}`)
  const near = 1e-4
  const slices = Map.groupBy(traceEvents.filter(({ ph }) => ph === "X"), ({ pid, tid }) => `${pid} ${tid}`)
  for (const event of traceEvents) {
    const { dur = 0, id, ph, pid, tid, ts } = event
    if (!Number.isInteger(pid) || !Number.isInteger(tid)) say("an id is no number", event)
    if (!["X", "i", "s", "f", "M"].includes(ph)) say("an event of another kind", event)
    if (ph !== "M" && !Number.isFinite(ts)) say("no time", event)
    if (ph === "X" && !(dur > 0)) say("a slice without a length", event)
    if (ph !== "s" && ph !== "f") continue
    if (!Number.isInteger(id)) say("an arrow without an id", event)
    const around = slices.get(`${pid} ${tid}`)?.some((slice) => slice.ts! <= ts! && ts! < slice.ts! + slice.dur!)
    if (around !== true) say("an arrow's end in no slice", event)
  }
  for (const track of slices.values()) {
    const open: Array<number> = []
    let last = -Infinity
    for (const event of track) {
      const { dur, ts } = event
      if (ts! < last) say("not in order", event)
      last = ts!
      while (open.length > 0 && open.at(-1)! <= ts! + near) open.pop()
      if (open.length > 0 && ts! + dur! > open.at(-1)! + near) say("overlaps", event)
      open.push(ts! + dur!)
    }
  }
  const arrows = Map.groupBy(traceEvents.filter(({ id }) => id !== undefined), ({ id }) => id)
  for (const [, ends] of arrows) {
    if (ends.map(({ ph }) => ph).join("") !== "sf") say("half an arrow", ends[0]!)
    else if (ends[0]!.ts! > ends[1]!.ts!) say("an arrow that goes back", ends[0]!)
  }
  return wrong
}
