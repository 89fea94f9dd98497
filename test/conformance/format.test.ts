import { Cause, Effect, Exit, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { describe, expect, it } from "vitest"
import { KeyError, ValueError, ZeroDivisionError } from "./errors.ts"
import { format, formatCancelled, formatGroup } from "./format.ts"

const cancelledWith = async (message?: string): Promise<Cause.Cause<unknown>> => {
  const runner = asyncio.Runner.make()
  const task = await runner.run(asyncio.createTask(asyncio.sleep("1 hour")))
  asyncio.Task.cancelUnsafe(task, { message })
  const exit = await runner.runExit(asyncio.Task.join(task))
  await runner.close()
  return Exit.isFailure(exit) ? exit.cause : Cause.empty
}

describe("format", () => {
  it.each<[value: unknown, text: string]>([
    [undefined, "none"],
    [null, "none"],
    [true, "true"],
    [false, "false"],
    ["as it is", "as it is"],
    ["", ""],
    [3, "3"],
    [0, "0"],
    [-0, "0"],
    [2.5, "2.5"],
    [1 / 3, "0.333333"],
    [0.1 + 0.2, "0.3"],
    [-1e-9, "0"],
    [1e-7, "0"],
    [1_000_000, "1000000"],
    [[], "[]"],
    [[1, "a", [undefined, true]], "[1, a, [none, true]]"],
    [Option.none(), "none"],
    [Option.some(7), "7"],
    [new ValueError("boom"), "ValueError(boom)"],
    [new ValueError(3), "ValueError(3)"],
    [new KeyError(), "KeyError"],
    [new ZeroDivisionError("division by zero"), "ZeroDivisionError(division by zero)"],
    [new TypeError("plain"), "TypeError(plain)"],
    [new Cause.TimeoutError("of Effect's own"), "TimeoutError"],
    [new Cause.IllegalArgumentError("of ours"), "IllegalArgumentError"],
    [KeyError, "KeyError"],
    [Exit.succeed([1, 2]), "[1, 2]"],
    [Exit.fail(new ValueError("x")), "ValueError(x)"],
    [Exit.die(new ValueError("thrown")), "ValueError(thrown)"],
    [Cause.interrupt(1), "CancelledError"],
    [Cause.combine(Cause.interrupt(1), Cause.interrupt(2)), "CancelledError"],
    [Cause.combine(Cause.interrupt(1), Cause.fail(new ValueError("x"))), "ValueError(x)"],
    [
      Cause.combine(Cause.fail(new ValueError(1)), Cause.die(new KeyError("body"))),
      "ExceptionGroup[ValueError(1), KeyError(body)]"
    ]
  ])("%o is %s", (value, text) => {
    expect(format(value)).toBe(text)
  })

  it("an error of ours by its name", async () => {
    const runner = asyncio.Runner.make()
    const exit = await runner.runExit(Effect.flatMap(asyncio.Future.make(), asyncio.Future.result))
    await runner.close()
    expect(format(exit)).toBe("InvalidStateError")
  })

  it("the message of a cancellation", async () => {
    expect(format(await cancelledWith())).toBe("CancelledError")
    expect(format(await cancelledWith("why"))).toBe("CancelledError(why)")
    expect(formatCancelled(Option.some("why"))).toBe("CancelledError(why)")
    expect(formatCancelled(Option.none())).toBe("CancelledError")
  })

  it("a group of one", () => {
    expect(formatGroup(Cause.fail(new KeyError("body")))).toBe("ExceptionGroup[KeyError(body)]")
  })

  it.each([{}, Symbol("s"), new Map(), 1n, Cause.empty])("throws for what has no text", (value) => {
    expect(() => format(value)).toThrow("log() cannot print")
  })
})
