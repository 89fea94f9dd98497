/**
 * Runs in which processes die: 200 jobs of 50 ms on two runners, four at a time on each. What dies, and when, a seed says; when
 * is a number of results that have come, so that a slow machine does the same.
 */
import type { ChildProcess } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Database } from "../../../examples/real/cluster/postgres.ts"
import type { Processes } from "./processes.ts"

const count = 200
const millis = 50
/** Seconds. */
const limit = 240

const events = ["kill -9 of a runner", "kill -9 of the caller", "SIGTERM of a runner", "PostgreSQL restarts"] as const

export interface Rough {
  readonly what: string
  /** Why there is not each result, in its place; undefined where there is. */
  readonly lost: string | undefined
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
  const run = processes.count++
  const notes = join(processes.folder, `notes ${run}`)
  writeFileSync(notes, "")
  const runners = [processes.runner(notes), processes.runner(notes)]
  await Promise.all(runners.map(processes.isUp))

  let since: number | undefined
  let seen = 0
  let caller: ChildProcess
  const outcome = Promise.withResolvers<string | undefined>()
  const call = (): void => {
    const before = seen
    let heard = 0
    const own = caller = processes.start("caller", notes, count, millis, run)
    caller.on("exit", (code, signal) => {
      if (signal !== "SIGKILL") outcome.resolve(`the caller has ended with ${code ?? signal}:\n${processes.said(own)}`)
    })
    caller.on("message", (said: { readonly number?: number; readonly results?: ReadonlyArray<number> }) => {
      if (said.results !== undefined) outcome.resolve(flaw(said.results))
      if (said.number === undefined) return
      // The second one first hears of what the first one has heard of.
      seen = Math.max(before, ++heard)
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
  const late = setTimeout(
    () => outcome.resolve(`${seen} of ${count} results after ${limit} seconds:\n${processes.said(caller)}`),
    limit * 1_000
  )
  const lost = await outcome.promise
  clearTimeout(late)
  const seconds = (performance.now() - (since ?? performance.now())) / 1_000
  await processes.endAll()
  const lines = readFileSync(notes, "utf8").split("\n").filter((line) => line.startsWith("start "))
  const again = lines.length - new Set(lines).size
  return { what: chosen.join(", "), lost, starts: lines.length, again, seconds }
}

const flaw = (results: ReadonlyArray<number>): string | undefined =>
  results.length === count && results.every((number, index) => number === index)
    ? undefined
    : `these results: ${results.join(" ")}`

/** Seconds from the loss of one of two runners, which is not replaced, to the last result of the jobs that were on both. */
export const takeover = async (processes: Processes, place: 0 | 1, signal: NodeJS.Signals): Promise<number> => {
  const runners = [processes.runner(undefined)]
  // The first one has the cluster's health check.
  await processes.isUp(runners[0]!)
  await sleep(5_000)
  runners.push(processes.runner(undefined))
  await processes.isUp(runners[1]!)
  await sleep(8_000)
  return secondsFrom(processes, () => runners[place]!.kill(signal))
}

/** The same from the loss of the only runner; another one starts at once. */
export const last = async (processes: Processes, same: boolean): Promise<number> => {
  const port = processes.freePort()
  const runner = processes.runner(undefined, port)
  await processes.isUp(runner)
  await sleep(8_000)
  return secondsFrom(processes, () => {
    runner.kill("SIGKILL")
    processes.runner(undefined, same ? port : processes.freePort())
  })
}

/** Seconds from what happens after the first result to the last one. */
const secondsFrom = async (processes: Processes, happen: () => void): Promise<number> => {
  const caller = processes.start("caller", undefined, count, millis, processes.count++)
  let since: number | undefined
  await new Promise<void>((resolve, reject) => {
    caller.on("message", (said: { readonly number?: number; readonly results?: unknown }) => {
      if (said.results !== undefined) resolve()
      if (said.number === undefined || since !== undefined) return
      since = performance.now()
      happen()
    })
    caller.on("exit", () => reject(new Error(`the caller has ended:\n${processes.said(caller)}`)))
  })
  const seconds = (performance.now() - since!) / 1_000
  await processes.endAll()
  return seconds
}

const randomOf = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296
  return seed / 4_294_967_296
}
