/** Finds things in a timeline that are seldom intended. */
import type * as Duration from "effect/Duration"
import * as check from "../internal/host/check.ts"
import { timeInWords } from "../internal/host/words.ts"
import { checkTimeline } from "./inputs.ts"
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
   * - `holds-the-loop`: one step took so long that nothing else could run
   * - `sleeps-with-lock`: it slept while others waited for a lock that it held
   * - `spins`: it yields again and again and does nothing else, as if polling
   */
  readonly rule: "holds-the-loop" | "sleeps-with-lock" | "spins"
  /** The id of the task. */
  readonly task: number
  /** What was found, in a sentence, with names and places. */
  readonly message: string
}

/**
 * Options of `lint`.
 *
 * @category models
 * @since 0.2.0
 */
export interface LintOptions {
  /** A step this long or longer holds the loop. Default: 100 ms, as asyncio's `slow_callback_duration`. */
  readonly slow?: Duration.Input | undefined
}

const checkOptions = check.options<LintOptions>({ slow: check.duration })

/** A number for reading, not for calculating. */
const rounded = (millis: number): string =>
  timeInWords(
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

/** Fewer may be a hand-over, or a loop that works and is fair to others. */
const manyYields = 100
/** Which share of its steps that has to be. */
const mostly = 0.9
/** A step of so many milliseconds does work: a long computation should yield in between. */
const work = 1

const spins = (row: Row): ReadonlyArray<Finding> => {
  const runs = row.spans.filter(({ kind }) => kind === "run")
  const steps = runs.length
  const yields = row.spans.filter(({ kind, what }) => kind === "ready" && what === "yielded").length
  const working = runs.filter(({ from, to }) => to - from >= work).length
  if (yields < manyYields || yields - working < mostly * steps) return []
  const message = `${nameOf(row)} yielded in ${yields} of its ${steps} steps: does it poll?${placeOf(row)}`
  return [{ rule: "spins", task: row.id, message }]
}

const isSleep = ({ kind, what }: Span): boolean => kind === "wait" && what !== undefined && what.startsWith("sleep ")

interface Wait {
  readonly row: Row
  readonly span: Span
}

/** A period in which the same task had the lock, which is certain only while somebody waits for it. */
interface Tenure {
  readonly holder: number
  readonly from: number
  readonly to: number
}

interface Lock {
  readonly name: string
  // INVARIANT: those of a row stand together.
  readonly waits: ReadonlyArray<Wait>
  readonly tenures: ReadonlyMap<number, ReadonlyArray<Tenure>>
}

/** A waiter shows who has the lock when its wait begins, and has the lock itself from its wake on. */
const tenuresOf = (waits: ReadonlyArray<Wait>): ReadonlyArray<Tenure> => {
  const evidence = waits.flatMap(({ row: { id }, span: { from, heldBy, to, wokenBy } }) => [
    { at: from, holder: heldBy!, giver: undefined },
    ...(wokenBy === undefined ? [] : [{ at: to, holder: id, giver: wokenBy }])
  ])
  const moments = Array.from(Map.groupBy(evidence, ({ at }) => at)).toSorted(([a], [b]) => a - b)
  return moments.map(([from, all], i) => {
    const given = all.filter(({ giver }) => giver !== undefined)
    const givers = new Set(given.map(({ giver }) => giver))
    // A lock may go through several hands in one moment.
    const { holder } = given.find(({ holder }) => !givers.has(holder)) ?? given[0] ?? all[0]!
    return { holder, from, to: moments[i + 1]?.[0] ?? Infinity }
  })
}

const locksOf = ({ tasks }: Timeline): ReadonlyArray<Lock> => {
  const waits = tasks.flatMap((row) =>
    row.spans.filter(({ heldBy, kind }) => kind === "wait" && heldBy !== undefined).map((span): Wait => ({ row, span }))
  )
  return Array.from(Map.groupBy(waits, ({ row: { loop }, span: { what } }) => `${loop} ${what}`).values(), (waits) => ({
    name: waits[0]!.span.what!,
    waits,
    tenures: Map.groupBy(tenuresOf(waits), ({ holder }) => holder)
  }))
}

/** Those that waited for the lock while its holder slept. */
const waitersDuring = (
  sleep: Span,
  tenures: ReadonlyArray<Tenure>,
  waits: ReadonlyArray<Wait>
): ReadonlyArray<Row> => {
  const asleep = tenures
    .map(({ from, to }) => ({ from: Math.max(from, sleep.from), to: Math.min(to, sleep.to) }))
    .filter(({ from, to }) => from < to)
  const waiters: Array<Row> = []
  if (asleep.length === 0) return waiters
  for (const { row, span } of waits) {
    if (row === waiters.at(-1)) continue
    if (asleep.some(({ from, to }) => span.from < to && span.to > from)) waiters.push(row)
  }
  return waiters
}

const sleepWith = (row: Row, { name, tenures, waits }: Lock): Finding | undefined => {
  const own = tenures.get(row.id)
  if (own === undefined) return undefined
  const longestFirst = row.spans.filter(isSleep).toSorted((a, b) => b.to - b.from - (a.to - a.from))
  for (const sleep of longestFirst) {
    const waiters = waitersDuring(sleep, own, waits)
    if (waiters.length === 0) continue
    const names = waiters.slice(0, waiters.length > 3 ? 2 : 3).map(nameOf).join(", ")
    const more = waiters.length > 3 ? ` and ${waiters.length - 2} more` : ""
    const length = sleep.what!.replace("sleep ", "")
    const message = `${nameOf(row)} sleeps for ${length} while it holds ${name}, for which ${names}${more} ${
      waiters.length === 1 ? "waits" : "wait"
    }${placeOf(row)}`
    return { rule: "sleeps-with-lock", task: row.id, message }
  }
  return undefined
}

/** One finding for each holder and lock. */
const sleepsWithLock = (row: Row, locks: ReadonlyArray<Lock>): ReadonlyArray<Finding> =>
  locks.map((lock) => sleepWith(row, lock)).filter((finding) => finding !== undefined)

/**
 * Finds things in a timeline that are seldom intended: a step that holds the loop, a lock held while asleep, a task
 * that polls.
 *
 * **When to use**
 *
 * Use on the recording of a load test, or in a test: `expect(Insight.lint(timeline)).toEqual([])`.
 *
 * **Details**
 *
 * It knows only what was recorded. A lock held while sleeping is found only if others waited for it meanwhile, which is
 * when it hurts. A task spins if it yielded 100 times, in nine out of ten of its steps, each shorter than 1 ms. On a
 * clock that stands still during a step, such as the virtual one, no step takes long, so work between yields can't be
 * told from polling. O(n log n) in the spans, and for a lock O(sleeps of its holders · waits for it). asyncio's `debug`
 * mode reports only the first of these.
 *
 * **Example** (A lock held while asleep)
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
 * finding?.message.split(" (created")[0] // => 'a sleeps for 2 s while it holds Lock "db", for which b waits'
 * ```
 *
 * @category linting
 * @since 0.2.0
 */
export const lint = (timeline: Timeline, options?: LintOptions): ReadonlyArray<Finding> => {
  checkTimeline("lint", timeline)
  checkOptions("lint", options)
  const slow = check.nanos("lint", options?.slow ?? "100 millis") / 1e6
  const locks = locksOf(timeline)
  return timeline.tasks.flatMap((row) => [
    ...holdsTheLoop(row, slow),
    ...sleepsWithLock(row, locks),
    ...spins(row)
  ])
}
