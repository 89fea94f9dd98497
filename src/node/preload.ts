/**
 * `node --import effect-asyncio/node/monitor app.js`: `monitor` without a line in the program, with its options from
 * the environment.
 *
 * Worker threads run their process's `--import`s too, but have no signals: there it does nothing.
 */
import type * as Duration from "effect/Duration"
import { env } from "node:process"
import { isMainThread } from "node:worker_threads"
import * as check from "../internal/host/check.ts"
import { monitor, type MonitorOptions } from "./monitor.ts"

type Kind<A> = (name: string, text: string) => A

const isNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text)

/** A plain number is milliseconds. */
const duration: Kind<Duration.Input> = (name, text) => {
  const input = (isNumber(text) ? Number(text) : text) as Duration.Input
  check.nanos(name, input, "its value")
  return input
}

const wholeNumber: Kind<number> = (name, text) => {
  if (!/^\d+$/.test(text)) check.illegal(name, "its value", text, "a whole number of at least 0")
  return Number(text)
}

const flag: Kind<boolean> = (name, text) =>
  text === "1" || text !== "0" && check.illegal(name, "its value", text, "1 or 0")

const read = <A>(name: string, kind: Kind<A>): A | undefined => {
  const text = env[`EFFECT_ASYNCIO_${name}`]
  return text === undefined || text === "" ? undefined : kind(`EFFECT_ASYNCIO_${name}`, text)
}

if (isMainThread) {
  const options: MonitorOptions = {
    // `monitor` knows which names there are.
    signal: read("SIGNAL", (_, text) => text as NodeJS.Signals),
    directory: read("DIR", (_, text) => text),
    capacity: read("EVENTS", wholeNumber),
    deadlocks: read("DEADLOCKS", duration),
    unseen: read("UNSEEN", flag),
    watchdog: read("WATCHDOG", duration)
  }
  monitor(options)
}
