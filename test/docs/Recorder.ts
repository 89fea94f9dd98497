/**
 * What a running doc example reports to: it takes in what the program prints and checks every `// =>`. A mismatch is
 * noted, not thrown, for thrown inside an effect it would end the example somewhere else, or be caught there.
 */
import * as Equal from "effect/Equal"
import { format, inspect, isDeepStrictEqual } from "node:util"

export class Recorder {
  readonly failures: Array<string> = []
  private readonly file: string
  private readonly unreached: Set<number>
  private printed: Array<string> = []

  constructor(file: string, assertions: ReadonlyArray<number>) {
    this.file = file
    this.unreached = new Set(assertions)
  }

  print(...values: ReadonlyArray<unknown>): void {
    this.printed.push(...format(...values).split("\n"))
  }

  value(line: number, actual: unknown, expected: unknown): void {
    this.unreached.delete(line)
    // Structure first: `Equal` remembers what an array was when it saw it, and an example may let one grow.
    if (!isDeepStrictEqual(actual, expected) && !Equal.equals(actual, expected)) {
      this.fail(line, `expected ${inspect(expected)}, got ${inspect(actual)}`)
    }
  }

  text(line: number, expected: ReadonlyArray<string>): void {
    this.unreached.delete(line)
    const printed = this.printed
    this.printed = []
    if (!isDeepStrictEqual(printed, expected)) {
      this.fail(line, `expected this to be printed\n${expected.join("\n")}\nbut it was\n${printed.join("\n")}`)
    }
  }

  fail(line: number, message: string): void {
    this.failures.push(`${this.file}:${line}: ${message}`)
  }

  end(): ReadonlyArray<string> {
    this.unreached.forEach((line) => this.fail(line, "the program ended without coming here"))
    return this.failures
  }
}

/** The recorders of running examples, by the `file:line` of their fence. */
export const recorders = new Map<string, Recorder>()
