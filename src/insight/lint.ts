/** What a timeline shows that is seldom meant. */
import type * as Duration from "effect/Duration"
import * as check from "../internal/host/check.ts"
import { milliseconds } from "./drawing/axis.ts"
import { nameOf } from "./rows.ts"
import type { Row, Span, Timeline } from "./Timeline.ts"

/**
 * What `lint` found.
 *
 * @category models
 * @since 0.2.0
 */
export interface Finding {
  /**
   * - `holds-the-loop`: one step took so long that nobody else could run
   * - `sleeps-with-lock`: it slept while others waited for a lock that it held
   * - `spins`: it yields again and again and does nothing else, as one that polls
   */
  readonly rule: "holds-the-loop" | "sleeps-with-lock" | "spins"
  /** The id of the task. */
  readonly task: number
  readonly message: string
}

/**
 * Options of `lint`.
 *
 * @category models
 * @since 0.2.0
 */
export interface LintOptions {
  /** From how long a step on it holds the loop. Default: 100 ms, as asyncio's `slow_callback_duration`. */
  readonly slow?: Duration.Input | undefined
}

const checkOptions = check.options<LintOptions>({ slow: check.duration })

/** A number that is read, not calculated with. */
const rounded = (millis: number): string =>
  milliseconds(
    millis < 10 ? Number(millis.toPrecision(2)) : millis < 1000 ? Math.round(millis) : Math.round(millis / 10) * 10
  )

const placeOf = ({ createdAt }: Row): string => createdAt === undefined ? "" : ` (created at ${createdAt})`

const holdsTheLoop = (row: Row, slow: number): ReadonlyArray<Finding> => {
  const lengths = row.spans.filter(({ kind }) => kind === "run").map(({ from, to }) => to - from)
  const slowest = lengths.reduce((most, length) => Math.max(most, length), 0)
  if (slowest < slow || slowest === 0) return []
  const times = lengths.filter((length) => length >= slow).length
  const more = times === 1
    ? ""
    : `, and ${times - 1} more ${times === 2 ? "time" : "times"} for ${rounded(slow)} or longer`
  const message = `${nameOf(row)} held the loop for ${rounded(slowest)}${more}${placeOf(row)}`
  return [{ rule: "holds-the-loop", task: row.id, message }]
}

/** Fewer may be a hand-over, or a fair loop that works. */
const manyYields = 100
/** The share of its steps. */
const mostly = 0.9

const spins = (row: Row): ReadonlyArray<Finding> => {
  const steps = row.spans.filter(({ kind }) => kind === "run").length
  const yields = row.spans.filter(({ kind, what }) => kind === "ready" && what === "yielded").length
  if (yields < manyYields || yields < mostly * steps) return []
  const message = `${nameOf(row)} yielded in ${yields} of its ${steps} steps: does it poll?${placeOf(row)}`
  return [{ rule: "spins", task: row.id, message }]
}

const isSleep = ({ kind, what }: Span): boolean => kind === "wait" && what !== undefined && what.startsWith("sleep ")

interface Held {
  readonly row: Row
  readonly wait: Span
}

/** One finding for each holder and lock. */
const sleepsWithLock = (row: Row, waits: ReadonlyArray<Held>): ReadonlyArray<Finding> =>
  Array.from(Map.groupBy(waits, ({ wait }) => wait.what!), ([lock, waits]): Finding | undefined => {
    const during = (sleep: Span) => waits.filter(({ wait }) => wait.from < sleep.to && wait.to > sleep.from)
    const sleeps = row.spans.filter(isSleep).map((sleep) => ({ sleep, others: during(sleep) }))
      .filter(({ others }) => others.length > 0)
    if (sleeps.length === 0) return undefined
    const longest = sleeps.reduce((a, b) => b.sleep.to - b.sleep.from > a.sleep.to - a.sleep.from ? b : a)
    const names = [...new Set(longest.others.map(({ row }) => nameOf(row)))]
    const shown = names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ")
    const waiting = names.length === 1 ? "waits" : "wait"
    const message = `${nameOf(row)}: ${longest.sleep.what} while it holds ${lock}, for which ${shown} ${waiting}${
      placeOf(row)
    }`
    return { rule: "sleeps-with-lock", task: row.id, message }
  }).filter((finding) => finding !== undefined)

/**
 * Finds in a timeline what is seldom meant: a step that holds the loop, a lock held in one's sleep, a task that polls.
 *
 * **When to use**
 *
 * Use on the recording of a load test, or in a test: `expect(Insight.lint(timeline)).toEqual([])`.
 *
 * **Details**
 *
 * It knows what was recorded, and no more. A lock held while sleeping is found only where others waited for it meanwhile, which
 * is when it hurts. A task spins that yielded 100 times and in nine of ten of its steps. On a clock that stands during a step,
 * as the virtual one, no step takes long. O(n log n) in the spans. Of these, asyncio's `debug` mode has the first.
 *
 * **Example** (A lock in one's sleep)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const main = Effect.gen(function*() {
 *   const db = Insight.named(yield* asyncio.Lock.make, "db")
 *   const save = asyncio.Lock.withLock(db, asyncio.sleep("2 seconds"))
 *   const tasks = [yield* asyncio.createTask(save, { name: "a" }), yield* asyncio.createTask(save, { name: "b" })]
 *   yield* asyncio.wait(tasks)
 * })
 *
 * const [, timeline] = await Effect.runPromise(VirtualLoop.run(main).pipe(Insight.record()))
 * const [finding] = Insight.lint(timeline)
 * finding?.rule // => "sleeps-with-lock"
 * finding?.message.split(" (created")[0] // => 'a: sleep 2 s while it holds Lock "db", for which b waits'
 * ```
 *
 * @category linting
 * @since 0.2.0
 */
export const lint = (timeline: Timeline, options?: LintOptions): ReadonlyArray<Finding> => {
  checkOptions("lint", options)
  const slow = check.nanos("lint", options?.slow ?? "100 millis") / 1e6
  const waits = timeline.tasks.flatMap((row) =>
    row.spans.flatMap((wait): Array<Held> => wait.kind === "wait" && wait.heldBy !== undefined ? [{ row, wait }] : [])
  )
  const byHolder = Map.groupBy(waits, ({ wait }) => wait.heldBy!)
  return timeline.tasks.flatMap((row) => [
    ...holdsTheLoop(row, slow),
    ...sleepsWithLock(row, byHolder.get(row.id) ?? []),
    ...spins(row)
  ])
}
