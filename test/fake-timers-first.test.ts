/** Fake timers that are there before Effect and the library are loaded, as where a test runner sets them for every file. */
import { describe, expect, it, vi } from "vitest"
import { observeEffects, observeOurs, programs } from "./support/besideEffect.ts"

vi.hoisted(() => vi.useFakeTimers())

const drives = {
  advanceTimersByTimeAsync: () => vi.advanceTimersByTimeAsync(6 * 3_600_000),
  runAllTimersAsync: () => vi.runAllTimersAsync()
}

describe.each(Object.entries(drives))("%s", (_, drive) => {
  it.each(Object.keys(programs))("%s", async (name) => {
    const expected = await observeEffects(name, drive)
    expect(await observeOurs(name, drive)).toEqual(expected)
  })
})
