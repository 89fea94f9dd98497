/**
 * Runs in which processes die: 200 jobs of 50 ms on two runners, four at a time on each. What dies, and when, a seed says; when
 * is a number of results that have come, so that a slow machine does the same.
 */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Database } from "../../../examples/real/cluster/postgres.ts"
import { isUp, type Processes } from "./processes.ts"

const count = 200
const millis = 50
/** Seconds. */
const limit = 240

const events = ["kill -9 of a runner", "kill -9 of the caller", "SIGTERM of a runner", "PostgreSQL restarts"] as const

export interface Rough {
  readonly seed: number
  readonly what: string
  /** Whether there was each result, in its place. */
  readonly ok: boolean
  readonly starts: number
  /** How many jobs were started more than once. */
  readonly again: number
  /** From the first death to the last result. */
  readonly seconds: number
}

/** `only`: the events; else those that the seed says. */
export const rough = async (
  processes: Processes,
  { order }: Database,
  seed: number,
  only?: ReadonlyArray<(typeof events)[number]>
): Promise<Rough> => {
  const random = randomOf(seed)
  const possible = events.filter((event) => event !== "PostgreSQL restarts" || order !== undefined)
  const chosen = only ?? possible.toSorted(() => random() - 0.5).slice(0, 2)
  const moments = chosen.map(() => 1 + Math.floor(random() * (count * 0.7))).toSorted((a, b) => a - b)
  const notes = join(processes.folder, `notes ${seed}`)
  writeFileSync(notes, "")
  const runners = [processes.runner(notes), processes.runner(notes)]
  await Promise.all(runners.map(isUp))

  let since: number | undefined
  let seen = 0
  let caller: ChildProcess
  const results = Promise.withResolvers<ReadonlyArray<number>>()
  const call = (): void => {
    const before = seen
    let own = 0
    caller = processes.start("caller", notes, count, millis, seed)
    caller.on("exit", (code) => code === 1 && results.resolve([]))
    caller.on("message", (said: { readonly number?: number; readonly results?: ReadonlyArray<number> }) => {
      if (said.results !== undefined) results.resolve(said.results)
      if (said.number === undefined) return
      // The second one first hears of what the first one has heard of.
      seen = Math.max(before, ++own)
      const due = moments.findIndex((moment) => moment <= seen)
      if (due === -1) return
      moments.splice(due, 1)
      void happen(chosen[chosen.length - moments.length - 1]!)
    })
  }
  const happen = async (event: (typeof events)[number]): Promise<void> => {
    since ??= performance.now()
    const place = random() < 0.5 ? 0 : 1
    switch (event) {
      case "kill -9 of the caller":
        caller.kill("SIGKILL")
        return call()
      case "PostgreSQL restarts":
        return order!("restart")
      default:
        runners[place]!.kill(event === "SIGTERM of a runner" ? "SIGTERM" : "SIGKILL")
        runners[place] = processes.runner(notes)
    }
  }
  call()
  const late = setTimeout(() => results.resolve([]), limit * 1_000)
  const got = await results.promise
  clearTimeout(late)
  const seconds = (performance.now() - (since ?? performance.now())) / 1_000
  await processes.endAll()
  const lines = readFileSync(notes, "utf8").split("\n").filter((line) => line.startsWith("start "))
  const again = lines.length - new Set(lines).size
  const ok = got.length === count && got.every((number, index) => number === index)
  return { seed, what: chosen.join(", "), ok, starts: lines.length, again, seconds }
}

/** Seconds from the loss of a runner, which is not replaced, to the last result of the jobs that were on both. */
export const takeover = async (processes: Processes, place: 0 | 1, signal: NodeJS.Signals): Promise<number> => {
  const seed = Math.floor(Math.random() * 1e9)
  const notes = join(processes.folder, `notes ${seed}`)
  writeFileSync(notes, "")
  const runners = [processes.runner(notes)]
  // The first one has the cluster's health check.
  await isUp(runners[0]!)
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  runners.push(processes.runner(notes))
  await isUp(runners[1]!)
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  const caller = processes.start("caller", notes, count, millis, seed)
  let killed = 0
  await new Promise<void>((resolve, reject) => {
    caller.on("message", (said: { readonly number?: number; readonly results?: unknown }) => {
      if (said.results !== undefined) resolve()
      if (said.number !== undefined && killed === 0) {
        killed = performance.now()
        runners[place]!.kill(signal)
      }
    })
    caller.on("exit", () => reject(new Error("the caller has ended")))
  })
  const seconds = (performance.now() - killed) / 1_000
  const ended = once(caller, "exit")
  await ended
  await processes.endAll()
  return seconds
}

const randomOf = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296
  return seed / 4_294_967_296
}
