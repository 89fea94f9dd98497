/** The options of a check, checked and with their defaults. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as check from "../../internal/host/check.ts"
import { format } from "../../internal/host/printing.ts"
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
    `a whole number of at least ${least}`
  )

const probability = check.kind(
  (value) => typeof value === "number" && value > 0 && value <= 1,
  "a probability above 0 and at most 1"
)

const strategies = check.options<{ bounded: number; pct: number; random: number }>({
  bounded: count(1),
  pct: count(1),
  random: probability
})

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const strategy: check.Kind = (call, what, value) => {
  const isName = value === "mixed" || value === "single"
  if (isObject(value)) strategies(call, value, what)
  if (isName || isObject(value) && Object.keys(value).length === 1) return
  check.illegal(call, what, value, "\"mixed\", \"single\", { bounded: k }, { pct: d } or { random: p }")
}

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
  // Two are the written order, to check that it is the same each time.
  runs: count(3),
  timeLimit: check.duration,
  seed: count(0),
  vary: (call, what, value) => checkVary(call, value, what),
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

/** The author's decision about a task; dies if there is none. */
const picked = (call: string, cancel: (name: string) => boolean, name: string): boolean => {
  const what = `vary.cancel of ${format(name)}`
  let answer: boolean
  try {
    answer = cancel(name)
  } catch (thrown) {
    throw new Cause.IllegalArgumentError(
      `${call}: ${what} threw ${format(thrown)}, expected true or false: whether a task of that name may be cancelled`
    )
  }
  check.boolean(call, what, answer)
  return answer
}

export const settingsOf = (call: string, options: Options = {}): Settings => {
  checkOptions(call, options)
  const vary = options.vary ?? {}
  const cancel = vary.cancel ?? false
  if (vary.how !== undefined && vary.cancel === undefined) {
    check.illegal(call, "vary.how", vary.how, "vary.cancel beside it, which says who is cancelled")
  }
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
    isTarget: typeof cancel === "function" ? (name) => picked(call, cancel, name) : () => true,
    strategy: options.strategy ?? "mixed",
    pause: finite(call, "pause", options.pause ?? "50 millis"),
    leaks: options.leaks ?? true,
    outside: options.outside ?? false,
    maxTicks: options.maxTicks ?? 10_000,
    shrinkRuns: options.shrinkRuns ?? 2000,
    replay: options.replay?.trim(),
    options
  }
}
