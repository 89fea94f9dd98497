/** The options of a check, checked and with their defaults. */
import type * as Duration from "effect/Duration"
import * as check from "../../internal/host/check.ts"
import type { Options, Strategy, Vary } from "../Explore.ts"

export interface Settings {
  readonly runs: number
  /** In milliseconds. */
  readonly timeLimit: number
  readonly seed: number
  readonly time: boolean
  readonly latency: boolean
  readonly faults: boolean
  readonly choices: boolean
  readonly order: boolean
  readonly operations: boolean
  readonly cancels: boolean
  readonly interrupts: boolean
  /** Whether a task of this name may be cancelled. */
  readonly isTarget: (name: string) => boolean
  readonly strategy: Strategy
  /** In nanoseconds. */
  readonly pause: number
  readonly leaks: boolean
  readonly outside: boolean
  readonly maxTicks: number
  readonly shrinkRuns: number
  readonly replay: string | undefined
  /** What was given. */
  readonly options: Options
}

const count = (least: number) =>
  check.kind(
    (value) => Number.isInteger(value) && (value as number) >= least,
    `a whole number from ${least} on`
  )

const isPart = (strategy: object, name: string, is: (value: unknown) => boolean): boolean =>
  name in strategy && Object.keys(strategy).length === 1 && is((strategy as Record<string, unknown>)[name])

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1

const strategy = check.kind(
  (value) =>
    value === "mixed" || value === "single" ||
    typeof value === "object" && value !== null && (
        isPart(value, "bounded", isCount) || isPart(value, "pct", isCount) ||
        isPart(value, "random", (p) => typeof p === "number" && p > 0 && p <= 1)
      ),
  "\"mixed\", \"single\", { bounded: k }, { pct: d } or { random: p }"
)

const checkVary = check.options<Vary>({
  time: check.boolean,
  latency: check.boolean,
  faults: check.boolean,
  choices: check.boolean,
  order: check.boolean,
  cancel: check.kind((value) => typeof value === "boolean" || typeof value === "function", "a boolean or a function"),
  how: check.kind(
    (value) => value === "cancel" || value === "interrupt" || value === "both",
    "\"cancel\", \"interrupt\" or \"both\""
  ),
  operations: check.boolean
})

const checkOptions = check.options<Options>({
  // Two are the written order, to see that it is the same each time.
  runs: count(3),
  timeLimit: check.duration,
  seed: count(0),
  vary: (call, _, value) => checkVary(call, value),
  strategy,
  pause: check.duration,
  leaks: check.boolean,
  outside: check.boolean,
  maxTicks: count(1),
  shrinkRuns: count(0),
  replay: check.string
})

const nanos = (call: string, what: string, input: Duration.Input): number => {
  const nanos = check.nanos(call, input, what)
  return nanos >= 0 ? nanos : check.illegal(call, what, input, "not negative")
}

const finite = (call: string, what: string, input: Duration.Input): number => {
  const found = nanos(call, what, input)
  return found < Infinity ? found : check.illegal(call, what, input, "finite")
}

export const settingsOf = (call: string, options: Options = {}): Settings => {
  checkOptions(call, options)
  const vary = options.vary ?? {}
  const cancel = vary.cancel ?? false
  const how = vary.how ?? "cancel"
  return {
    runs: options.runs ?? 500,
    timeLimit: nanos(call, "timeLimit", options.timeLimit ?? "3 seconds") / 1e6,
    seed: options.seed ?? 1,
    time: vary.time ?? true,
    latency: vary.latency ?? true,
    faults: vary.faults ?? true,
    choices: vary.choices ?? true,
    order: vary.order ?? false,
    operations: vary.operations ?? false,
    cancels: cancel !== false && how !== "interrupt",
    interrupts: cancel !== false && how !== "cancel",
    isTarget: typeof cancel === "function" ? cancel : () => true,
    strategy: options.strategy ?? "mixed",
    pause: finite(call, "pause", options.pause ?? "50 millis"),
    leaks: options.leaks ?? true,
    outside: options.outside ?? false,
    maxTicks: options.maxTicks ?? 10_000,
    shrinkRuns: options.shrinkRuns ?? 2000,
    replay: options.replay,
    options
  }
}
