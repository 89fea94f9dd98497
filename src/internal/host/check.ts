/**
 * Checks arguments: those that no type can check, and all of them for callers without types. A wrong one dies with
 * `IllegalArgumentError`, which names the call, the value and what was expected; inside an effect, throwing it is a
 * defect.
 *
 * A kind checks one value, of an option or an argument. `self` makes the only way from a public type to the class
 * behind it, so that no public function can do without its check.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { format, isClass } from "./printing.ts"
import { withArticle } from "./words.ts"

export const illegal = (call: string, what: string, value: unknown, expected: string): never => {
  throw new Cause.IllegalArgumentError(`${call}: ${what} is ${format(value)}, expected ${expected}`)
}

/** Dies if the value is of another kind. */
export type Kind = (call: string, what: string, value: unknown) => void

/* @__NO_SIDE_EFFECTS__ */
export const kind = (is: (value: unknown) => boolean, expected: string): Kind => (call, what, value) => {
  if (!is(value)) illegal(call, what, value, expected)
}

export const string: Kind = kind(Predicate.isString, "a string")
export const boolean: Kind = kind(Predicate.isBoolean, "a boolean")
export const callback: Kind = kind(Predicate.isFunction, "a function")
export const effect: Kind = (call, what, value) => {
  if (!Effect.isEffect(value)) noEffect(call, what, value, "an Effect")
}
/** A function that gives an Effect; the usual mistake is to pass the Effect itself. */
export const body: Kind = kind(Predicate.isFunction, "a function that gives an Effect")
export const cause: Kind = kind(Cause.isCause, "a Cause")
export const signal: Kind = kind(
  (value) => Predicate.hasProperty(value, "aborted") && Predicate.hasProperty(value, "addEventListener"),
  "an AbortSignal"
)

/** For an argument that has to be an Effect; what was given is often one step away from one. */
export const noEffect = (call: string, what: string, value: unknown, expected: string): never =>
  illegal(call, what, value, expected + stepFrom(value))

const stepFrom = (value: unknown): string => {
  const tag = Object.prototype.toString.call(value)
  if (tag === "[object AsyncFunction]" || Predicate.isPromiseLike(value)) {
    return "; Effect.tryPromise makes one of a promise"
  }
  if (tag === "[object GeneratorFunction]" || tag === "[object Generator]") {
    return "; Effect.gen makes one of a generator function"
  }
  return typeof value === "function" && !isClass(value) ? "; did you mean to call it?" : ""
}

/** An Effect, or a generator: nothing of it has run yet. */
const isUnrun = (value: unknown): boolean =>
  Effect.isEffect(value) || Object.prototype.toString.call(value) === "[object Generator]"

/** The result of a plain callback. */
export const callbackResult: Kind = kind((value) => !isUnrun(value), "no Effect or generator, since nothing runs it")

/** The decision of a plain function: an Effect or a promise in its place would always be truthy. */
export const answer: Kind = kind(
  (value) => !isUnrun(value) && !Predicate.isPromiseLike(value),
  "a plain value, since nothing runs or awaits it"
)

/** The result of a function that has to give an Effect. */
export const given = <A>(call: string, what: string, result: A): A => {
  if (!Effect.isEffect(result)) effect(call, `the result of ${what}`, result)
  return result
}

/** Checked by its brand alone; its own module checks the rest. */
export const branded = (name: string): Kind =>
  kind((value) => Predicate.hasProperty(value, `~effect-asyncio/${name}`), withArticle(name))

/**
 * A kind for each option, all of them optional; `others` are shared with other calls. Anything else is refused, so that
 * no option is silently ignored. `path`: where the object is, if it is itself an option.
 */
/* @__NO_SIDE_EFFECTS__ */
export const options = <O, Others = {}>(
  kinds: { readonly [K in Exclude<keyof O, keyof Others>]-?: Kind },
  others?: { readonly [K in keyof Others]: Kind }
) => {
  const byName = new Map<string, Kind>(Object.entries({ ...others, ...kinds }))
  const names = Array.from(byName.keys())
  const expected = `an object with ${names.join(", ")} and nothing else`
  return (call: string, given: unknown, path?: string): void => {
    const what = path ?? "the options argument"
    if (given === undefined) return
    if (!isObject(given)) return illegal(call, what, given, expected)
    let some = false
    for (const name in given) {
      const kind = byName.get(name)
      // An AbortController has a signal, and inherits more than that.
      if (kind === undefined && Object.hasOwn(given, name)) noOption(call, path, name, given[name], names)
      if (kind === undefined) continue
      some = true
      if (given[name] !== undefined) kind(call, pathOf(path, name), given[name])
    }
    if (some || isPlain(given) || names.some((name) => name in given)) return
    illegal(call, what, given, expected)
  }
}

const pathOf = (path: string | undefined, name: string): string => path === undefined ? name : `${path}.${name}`

const noOption = (
  call: string,
  path: string | undefined,
  name: string,
  value: unknown,
  names: ReadonlyArray<string>
): never => {
  const near = names.find((other) => isNear(name.toLowerCase(), other.toLowerCase(), name.length < 5 ? 1 : 2))
  const hint = near === undefined ? "" : `; did you mean ${pathOf(path, near)}?`
  return illegal(call, pathOf(path, name), value, `no such option; the options are ${names.join(", ")}${hint}`)
}

/** Whether the texts differ by at most `edits` letters changed, added or left out. */
const isNear = (a: string, b: string, edits: number): boolean => {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const [restOfA, restOfB] = [a.slice(same), b.slice(same)]
  if (restOfA === "" || restOfB === "") return restOfA.length + restOfB.length <= edits
  const [nextOfA, nextOfB] = [restOfA.slice(1), restOfB.slice(1)]
  return edits > 0 && [[nextOfA, restOfB], [restOfA, nextOfB], [nextOfA, nextOfB]]
    .some(([a, b]) => isNear(a!, b!, edits - 1))
}

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null

/** An object with named parts, or an empty plain one; a promise or a Date, which has no parts, is neither. */
export const isNamed = (given: unknown): given is Readonly<Record<string, unknown>> =>
  isObject(given) && (Object.keys(given).length > 0 || isPlain(given))

export const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  // Or a plain object of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * The way from a public type to its class, for the functions of the module of that name. The caller types it, since
 * both may have type parameters.
 */
export const self = (
  name: string,
  Impl: abstract new(...args: any) => object,
  expected = withArticle(name)
): (call: string, value: any) => any => {
  const what = `the ${name.toLowerCase()}`
  return (call, value) => {
    if (value instanceof Impl) return value
    checkCopy(`${name}.${call}`, what, value, name)
    return illegal(`${name}.${call}`, what, value, expected)
  }
}

/** A value that has only the brand of the right kind comes from a second copy of this package. */
export const checkCopy = (call: string, what: string, value: unknown, name: string): void => {
  if (!Predicate.hasProperty(value, `~effect-asyncio/${name}`)) return
  throw new Cause.IllegalArgumentError(`${call}: ${what}, ${format(value)}, ${fromAnotherCopy}`)
}

export const fromAnotherCopy = "belongs to another copy of effect-asyncio (npm ls effect-asyncio)"

// ------------------------------------------------------------------------------------------------------ times and numbers

const aDuration =
  "a Duration or an input for one (a number of milliseconds, \"3 seconds\", { seconds: 3 } …), with no part NaN"

/**
 * A duration in nanoseconds. Effect reads NaN, and anything that it doesn't know, as zero; asyncio refuses it, and so
 * do we.
 */
export const nanos = (call: string, input: Duration.Input, what = "the duration"): number => {
  if (typeof input === "number") {
    return Number.isNaN(input) ? illegal(call, what, input, aDuration) : Math.round(input * 1e6)
  }
  const duration = Duration.fromInput(input)
  if (duration._tag === "None" || !isWhole(input)) return illegal(call, what, input, aDuration)
  return Math.round(Duration.toMillis(duration.value) * 1e6)
}

/** Whether every part of it is understood: an object may have unknown parts, or none. */
const isWhole = (input: Duration.Input): boolean => {
  if (typeof input !== "object" || Duration.isDuration(input)) return true
  if (isPair(input)) return !input.some(Number.isNaN)
  const parts = units.map((unit) => input[unit]).filter((part) => part !== undefined)
  return parts.length > 0 && parts.every((part) => typeof part === "number" && !Number.isNaN(part)) &&
    Object.keys(input).every((key) => units.includes(key as keyof Duration.DurationObject)) && !isOfTheCalendar(input)
}

const isPair = (input: object): input is readonly [number, number] => Array.isArray(input)

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] as const

/** A `Temporal.Duration` with months or years, which have no fixed length. */
const isOfTheCalendar = (input: object): boolean =>
  "months" in input && input.months !== 0 || "years" in input && input.years !== 0

export const duration: Kind = (call, what, value) => void nanos(call, value as Duration.Input, what)

/** A time of the loop's clock. */
export const seconds = (call: string, when: number): void => {
  if (typeof when !== "number" || Number.isNaN(when)) illegal(call, "the time", when, "seconds on the loop's clock")
}

export const wholeNumber = (call: string, what: string, value: number, least: number): void => {
  if (!Number.isInteger(value) || value < least) illegal(call, what, value, `a whole number of at least ${least}`)
}

/** `wholeNumber` as the kind of an option. */
/* @__NO_SIDE_EFFECTS__ */
export const count = (least: number): Kind => (call, what, value) => wholeNumber(call, what, value as number, least)

/** A queue's bound: in asyncio, 0 and negative numbers mean none. */
export const maxsize: Kind = kind((value) => Number.isInteger(value) || value === Infinity, "a whole number")
