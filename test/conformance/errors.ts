/**
 * Python's own errors, for programs that raise them. `asyncio`'s errors have counterparts in `effect-asyncio`
 * (`TimeoutError` is Effect's `Cause.TimeoutError`, `CancelledError` an interrupt `Cause`).
 */
import * as Data from "effect/Data"

abstract class PythonError<Tag extends string> extends Data.Error<{ readonly arg: unknown }> {
  abstract readonly _tag: Tag
  constructor(arg?: unknown) {
    super({ arg })
  }
  override get message(): string {
    return this.arg === undefined ? "" : String(this.arg)
  }
}

export class ValueError extends PythonError<"ValueError"> {
  readonly _tag = "ValueError"
}
export class KeyError extends PythonError<"KeyError"> {
  readonly _tag = "KeyError"
}
export class ZeroDivisionError extends PythonError<"ZeroDivisionError"> {
  readonly _tag = "ZeroDivisionError"
}
