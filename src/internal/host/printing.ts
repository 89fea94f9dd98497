/**
 * What messages, reports and prints say about values and about the library's own objects: `<Task finished name='Task-2'
 * result=1>`.
 *
 * A text is short, and making it never fails: what throws prints as `<unprintable>`. A value shows about `limit`
 * characters, `levels` levels deep, and no more of it is read than is shown: a million rows cost as much as a hundred.
 * (But JavaScript lists all keys of an object at once, and a user's `toString` costs what it costs.) A task or other
 * such object is shown once in a text, since what it holds may hold it again.
 *
 * Effect's `format` has no such bounds, nor do the `toString`s of Effect's own values, which call it; so those that
 * hold other values are read here.
 *
 * It has more than 150 lines of code: values and the library's own objects print inside each other.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Option from "effect/Option"
import { isDate } from "effect/Predicate"
import { getRedacted, isRedactable } from "effect/Redactable"
import * as Result from "effect/Result"

const limit = 300
const levels = 4
/** How many characters of a name are shown. */
const nameLimit = 80
const unprintable = "<unprintable>"

/** A text that is being made. */
interface Writing {
  /** The characters left for values. */
  left: number
  // INVARIANT: the objects around the value that is being read, outermost first.
  readonly around: Array<object>
  /** What has been shown already. */
  readonly shown: Set<Described>
}

// INVARIANT: defined while a text is being made. A user's `toString` may print a task in the middle of it: that is part
// of the same text.
let writing: Writing | undefined

const write = (part: (text: Writing) => string): string => {
  if (writing !== undefined) return part(writing)
  writing = { left: limit, around: [], shown: new Set() }
  try {
    return part(writing)
  } finally {
    writing = undefined
  }
}

/** Spends the characters of a piece; cuts off what does not fit. */
const spend = (text: Writing, piece: string): string => {
  const fits = oneLine(piece, text.left)
  text.left -= fits.length
  return fits
}

const cut = (piece: string, length: number): string =>
  piece.length <= length ? piece : `${piece.slice(0, Math.max(0, length - 1))}…`

export const oneLine = (piece: string, length = limit): string => cut(piece, length).replace(/\s*\n\s*/g, " ")

// -------------------------------------------------------------------------------------------------------------- values

/** A value as text. */
export const format = (value: unknown): string => write((text) => formatValue(text, value))

const formatValue = (text: Writing, value: unknown): string => {
  if (text.left <= 0) return "…"
  if (typeof value === "string") return spend(text, JSON.stringify(cut(value, text.left - 2)))
  if (typeof value === "bigint") return spend(text, `${value}n`)
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return spend(text, String(value))
  if (text.around.includes(value)) return spend(text, "[Circular]")
  const depth = text.around.push(value)
  const formatted = guarded(text, () => formatObject(text, value))
  text.around.length = depth - 1
  return formatted
}

const guarded = (text: Writing, part: () => string): string => {
  try {
    return part()
  } catch {
    return spend(text, unprintable)
  }
}

const formatObject = (text: Writing, value: object): string => {
  if (isRedactable(value)) return formatValue(text, getRedacted(value))
  if (isPrintable(value)) return printInside(text, value)
  if (value instanceof Error) return formatError(text, value)
  if (isDate(value)) return spend(text, Number.isNaN(value.valueOf()) ? "Invalid Date" : value.toISOString())
  const isTooDeep = text.around.length > levels
  if (Array.isArray(value)) return isTooDeep ? spend(text, "[…]") : `[${list(text, value, formatValue)}]`
  const contents = contentsOf(value)
  if (contents !== undefined) {
    const name = spend(text, contents[0])
    return `${name}(${isTooDeep ? spend(text, "…") : list(text, contents[1], formatValue)})`
  }
  if (Effect.isEffect(value)) return spend(text, "<Effect>")
  if (typeof value === "function") return spend(text, textOfFunction(value))
  const isList = isCollection(value)
  const written = isList ? undefined : textOf(value)
  if (written !== undefined) return spend(text, written)
  const name = spend(text, classOf(value))
  if (isTooDeep) return name + spend(text, "{…}")
  const members = isList
    ? `[${list(text, value, formatValue)}]`
    : `{${list(text, Object.keys(value), (text, key) => formatField(text, value, key))}}`
  return name === "" ? members : `${name}(${members})`
}

const list = <A>(text: Writing, items: Iterable<A>, show: (text: Writing, item: A) => string): string => {
  text.left -= 2 // the brackets around
  let all = ""
  for (const item of items) {
    if (all !== "") all += spend(text, ",")
    if (text.left <= 0) return `${all}…`
    all += show(text, item)
  }
  return all
}

const formatField = (text: Writing, value: object, key: string): string =>
  `${formatValue(text, key)}${spend(text, ":")}${
    guarded(text, () => formatValue(text, (value as Record<string, unknown>)[key]))
  }`

const formatError = (text: Writing, error: Error): string => {
  const name = guarded(text, () => spend(text, error.name))
  return `${name}(${guarded(text, () => error.message === "" ? "" : formatValue(text, error.message))})`
}

/** The name of its class; none for a plain object. Generators and modules have no class, but a tag. */
const classOf = (value: object): string => {
  const { constructor, [Symbol.toStringTag]: tag } = value as { readonly [Symbol.toStringTag]?: unknown } & object
  const name: unknown = constructor?.name || tag
  return typeof name === "string" && name !== "Object" ? name : ""
}

/** Without the source, which nobody wants to read in a message. A static member may be called `name`. */
const textOfFunction = (value: Function): string => {
  const what = isClass(value) ? "class" : "function"
  const name: unknown = value.name
  return typeof name === "string" && name !== "" ? `<${what} ${shortened(name)}>` : `<${what}>`
}

export const isClass = (value: Function): boolean => /^class\b/.test(Function.prototype.toString.call(value))

/** The contents of those of Effect's own values that can hold anything. */
const contentsOf = (value: object): readonly [name: string, contents: ReadonlyArray<unknown>] | undefined => {
  if (Exit.isExit(value)) return Exit.isSuccess(value) ? ["Success", [value.value]] : ["Failure", [value.cause]]
  if (Cause.isCause(value)) return ["Cause", [value.reasons]]
  if (Cause.isReason(value)) {
    if (Cause.isFailReason(value)) return ["Fail", [value.error]]
    return Cause.isDieReason(value) ? ["Die", [value.defect]] : ["Interrupt", [value.fiberId]]
  }
  if (Option.isOption(value)) return Option.isSome(value) ? ["some", [value.value]] : ["none", []]
  if (!Result.isResult(value)) return undefined
  return Result.isSuccess(value) ? ["success", [value.success]] : ["failure", [value.failure]]
}

/** JavaScript's collections, and Effect's. Iterating anything else may use it up. */
const isCollection = (value: object): value is Iterable<unknown> =>
  Symbol.iterator in value && !("~effect-asyncio/Future" in value) && // of another copy of this package
  (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || NodeInspectSymbol in value)

/** How its class says that it prints: `toString`. */
const textOf = (value: object): string | undefined => {
  if (typeof value.toString !== "function" || value.toString === Object.prototype.toString) return undefined
  const text = String(value)
  // The same for an object of another realm.
  return text.startsWith("[object ") ? undefined : text
}

// ------------------------------------------------------------------------------------------------------- things of ours

/** What is in a print, in order; undefined is left out. */
export type Words = ReadonlyArray<string | undefined>

interface Described {
  readonly kind: string
  readonly name?: string | undefined
  /** Its state, then whatever else there is to say; the name is put behind the state. */
  describe(): Words
}

/** An object of the library: prints in one line as what it is, by `String`, in Node's `inspect`, and in JSON. */
export abstract class Printable implements Described {
  abstract readonly kind: string
  abstract describe(): Words

  toString(): string {
    return print(this)
  }
  toJSON(): unknown {
    return { _id: this.kind, description: print(this) }
  }
  [NodeInspectSymbol](): unknown {
    return print(this)
  }

  // Equal only to itself. Effect would compare what it holds, which changes, and may be the whole program: as a key of
  // a HashMap, or in an error from which a cause is made.
  [Equal.symbol](that: unknown): boolean {
    return this === that
  }
  [Hash.symbol](): number {
    return Hash.random(this)
  }
}

const isPrintable = (value: object): value is Printable => value.toString === Printable.prototype.toString

const print = (self: Described): string =>
  write((text) => {
    const { kind } = self
    try {
      const name = self.name === undefined ? undefined : named("name", self.name)
      if (text.shown.has(self) || text.around.length > levels) return enclosed([kind, name, "…"])
      text.shown.add(self)
      const [state, ...rest] = self.describe()
      return enclosed([kind, state, name, ...rest])
    } catch {
      return enclosed([kind, unprintable])
    }
  })

const enclosed = (words: Words): string => `<${words.filter((word) => word !== undefined).join(" ")}>`

/** In a print inside another, the values have already spent their characters. */
const printInside = (text: Writing, self: Described): string => {
  const before = text.left
  const printed = print(self)
  text.left = Math.min(text.left, before - printed.length)
  return printed
}

export const shortened = (name: string): string => oneLine(name, nameLimit)

export const named = (what: string, name: string): string => `${what}='${shortened(name)}'`
