/**
 * A museum of races. Each is of a kind that many programs had, with the address of a report; each passes in the order in
 * which it is written, as its test would. `Explore.check` finds it, and finds nothing in its fixed twin.
 *
 * `npm run example races` shows all; `npm run example races lock-order` one, with the whole of the report.
 */
import { Console, Effect } from "effect"
import type * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { Explore } from "effect-asyncio/testing"
import * as cacheStampede from "./races/cache-stampede.ts"
import * as checkThenAct from "./races/check-then-act.ts"
import * as doubleCharge from "./races/double-charge.ts"
import * as doubleRelease from "./races/double-release.ts"
import * as gatherLeftovers from "./races/gather-leftovers.ts"
import * as lateBreak from "./races/late-break.ts"
import * as lockOrder from "./races/lock-order.ts"
import * as lostItem from "./races/lost-item.ts"
import * as lostPermit from "./races/lost-permit.ts"
import * as lostWakeup from "./races/lost-wakeup.ts"
import * as notifiedTooEarly from "./races/notified-too-early.ts"
import * as shutdownWhilePutting from "./races/shutdown-while-putting.ts"

interface Exhibit {
  readonly title: string
  readonly story: string
  /** The address of a report of the kind. */
  readonly report: string
  readonly race: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>
  readonly fixed: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>
}

export const exhibits: Readonly<Record<string, Exhibit>> = {
  "lost-wakeup": lostWakeup,
  "check-then-act": checkThenAct,
  "double-release": doubleRelease,
  "notified-too-early": notifiedTooEarly,
  "lost-item": lostItem,
  "gather-leftovers": gatherLeftovers,
  "lock-order": lockOrder,
  "late-break": lateBreak,
  "lost-permit": lostPermit,
  "cache-stampede": cacheStampede,
  "shutdown-while-putting": shutdownWhilePutting,
  "double-charge": doubleCharge
}

const show = Effect.fn("show")(function*(name: string, { fixed, race, report, story, title }: Exhibit, whole: boolean) {
  yield* Console.log(`\n== ${name}: ${title}\n${story}\nA report: ${report}`)
  const error = yield* Effect.flip(Explore.check(race))
  const [first] = error.message.split("\n")
  const brief = error._tag === "ScheduleError" ? [first, ...error.shrunk.map((one) => `  ${one}`)].join("\n") : first
  yield* Console.log(`\n${whole ? error.message : brief}`)
  const passed = yield* Explore.check(fixed, { strategy: "single" })
  yield* Console.log(`\nmended: ${passed.runs} schedules, and none fails`)
})

/** One race with its whole report, or all in brief. */
export const main = (name?: string) => {
  if (name === undefined) {
    return Effect.forEach(Object.entries(exhibits), ([key, exhibit]) => show(key, exhibit, false), { discard: true })
  }
  const exhibit = exhibits[name]
  return exhibit === undefined
    ? Console.log(`there is no race ${name}, but: ${Object.keys(exhibits).join(", ")}`)
    : show(name, exhibit, true)
}

if (import.meta.main) await runMain(main(process.argv[2]))
