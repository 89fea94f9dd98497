/**
 * A program's failures as text: all of them, each with its cause, its fields and the program's own lines of its stack.
 */
import * as Cause from "effect/Cause"
import * as Runtime from "effect/Runtime"
import { inspect } from "node:util"
import { coloured, type Ink, plain } from "../insight/drawing/ink.ts"
import { format } from "../internal/host/printing.ts"
import { programFrames } from "./frames.ts"

/** An error or any other value, and the stack with which it arrived. */
interface Failure {
  readonly error: unknown
  readonly frames: ReadonlyArray<string>
}

/** What has to be reported: a failure for each reason that is not an interrupt. */
export const failuresOf = (cause: Cause.Cause<unknown>): ReadonlyArray<Failure> => {
  // They have the frames of the Effect.fns that each came through.
  const pretty = attempt(() => Cause.prettyErrors(cause), [])
  return cause.reasons.filter((reason) => reason._tag !== "Interrupt")
    .map((reason, i) => ({
      error: reason._tag === "Die" ? reason.defect : reason.error,
      frames: framesOf(pretty[i])
    }))
    .filter(({ error }) => attempt(() => Runtime.getErrorReported(error), true))
}

export const exitCodeOf = (cause: Cause.Cause<unknown>): number =>
  attempt(() => Runtime.getErrorExitCode(Cause.squash(cause)), 1)

/** A user's value may have a getter that throws; the failure has to be shown all the same. */
const attempt = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

export const inWords = (failures: ReadonlyArray<Failure>, color: boolean): string => {
  const writer = new Writer(color)
  return failures.length === 1
    ? writer.failure(failures[0]!)
    : `${failures.length} failures:${writer.list(failures.map((failure) => writer.failure(failure)))}`
}

class Writer {
  private readonly color: boolean
  private readonly ink: Ink
  // INVARIANT: the errors that have been written, or are being written: a cause may go in a circle.
  private readonly written = new Set<unknown>()

  constructor(color: boolean) {
    this.color = color
    this.ink = color ? coloured : plain
  }

  list(texts: ReadonlyArray<string>): string {
    return texts.map((text, i) => `\n  ${i + 1}. ${indented(text, 5)}`).join("")
  }

  failure({ error, frames }: Failure): string {
    const title = this.ink.bad(attempt(() => titleOf(error), "an error that can't be printed"))
    if (!(error instanceof Error)) return [title, ...frames.map(this.ink.quiet)].join("\n")
    if (this.written.has(error)) return title
    this.written.add(error)
    const lines = [title, ...frames.map(this.ink.quiet)].join("\n")
    return lines + attempt(() => this.fieldsOf(error), "") + attempt(() => this.partsOf(error), "")
  }

  private partsOf(error: Error): string {
    const parts = error instanceof AggregateError ? this.list(error.errors.map((part) => this.part(part))) : ""
    const cause = error.cause === undefined ? "" : `\n  caused by ${indented(this.part(error.cause), 2)}`
    return parts + cause
  }

  private part(error: unknown): string {
    return this.failure({ error, frames: framesOf(error) })
  }

  private fieldsOf(error: Error): string {
    const fields = Object.entries(error).filter(([key, value]) =>
      !told.has(key) && !key.startsWith("~") && value !== error.name
    )
    if (fields.length === 0) return ""
    return `\n  ${indented(inspect(Object.fromEntries(fields), { colors: this.color }), 2)}`
  }
}

/** Fields that are shown elsewhere; a tag that equals the name, and fields that start with ~, are not shown. */
const told = new Set(["name", "message", "stack", "cause", "errors"])

const titleOf = (error: unknown): string => {
  if (!(error instanceof Error)) return format(error)
  const { constructor, message, name } = error
  // A class that sets no name inherits Error's.
  const title = name === "Error" ? constructor.name : name
  return message === "" ? title : `${title}: ${message}`
}

const indented = (text: string, by: number): string => text.replaceAll("\n", `\n${" ".repeat(by)}`)

/** The lines of its stack that belong to the program. */
const framesOf = (error: unknown): ReadonlyArray<string> =>
  programFrames(error instanceof Error ? attempt(() => String(error.stack), "") : "")
