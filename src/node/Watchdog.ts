/**
 * Reports where the main thread is stuck while it is stuck.
 *
 * A separate thread counts how often it has looked since the main thread last moved: looks, not time, since a clock
 * goes on while a laptop sleeps. Then it makes V8 call a function in the middle of the running step: the inspector does
 * that, without a debugger, a port or a pause. The function gives the stack on which it was called, and what runs.
 */
import { url } from "node:inspector"
import { Worker } from "node:worker_threads"
import { programFrames } from "./frames.ts"

/** Where the thread finds the functions, by number. */
const key = "effect-asyncio/stuck"

const host: Record<symbol, Map<number, () => string> | undefined> = globalThis

// INVARIANT: how many there have been.
let watchdogs = 0

/** How many looks make up a limit. */
const looks = 4

interface Settings {
  readonly beats: Int32Array
  readonly looks: number
  readonly interval: number
  /** An expression that gives the place, or nothing while somebody debugs the program. */
  readonly place: string
  readonly pid: number
}

export class Watchdog {
  private readonly id = ++watchdogs
  private readonly beats = new Int32Array(new SharedArrayBuffer(4))
  private readonly heart: NodeJS.Timeout
  private readonly worker: Worker

  /** `limit` in milliseconds. */
  constructor(limit: number, describeRunning: () => string) {
    const interval = Math.min(Math.max(1, limit / looks), 2 ** 31 - 1)
    const places = host[Symbol.for(key)] ??= new Map()
    places.set(this.id, () => url() === undefined ? `${frames()}\n${describeRunning()}` : "")
    const place = `globalThis[Symbol.for("${key}")].get(${this.id})()`
    const workerData: Settings = { beats: this.beats, looks, interval, place, pid: process.pid }
    // Without the program's own flags, or the thread would load what the program loads first.
    this.worker = new Worker(`(${String(watch)})()`, { eval: true, execArgv: [], env: {}, workerData })
    this.worker.on("error", () => {}).unref()
    this.heart = setInterval(() => Atomics.add(this.beats, 0, 1), interval).unref()
  }

  stop(): void {
    clearInterval(this.heart)
    void this.worker.terminate()
    host[Symbol.for(key)]?.delete(this.id)
  }
}

/** The program's frames below, the innermost first. */
const frames = (): string => {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  const { stack = "" } = new Error()
  Error.stackTraceLimit = before
  return programFrames(stack).join("\n")
}

/** The thread's code: only its text gets there, so it uses no name from outside. */
const watch = (): void => {
  const { writeFileSync } = process.getBuiltinModule("node:fs")
  const { Session } = process.getBuiltinModule("node:inspector")
  const { workerData } = process.getBuiltinModule("node:worker_threads")
  const { beats, interval, looks, pid, place } = workerData as Settings
  let last = 0
  let moved = 0
  let missed = 0
  let told = false

  const tell = (text: string): void => {
    try {
      writeFileSync(2, `--- ${text}\n`)
    } catch {
      // Nobody is told if stderr is closed.
    }
  }
  const duration = (): string => `${Math.round(performance.now() - moved)} ms, process ${pid}`
  /** Unless the main thread has moved since that beat. */
  const tellStuck = (where: string, since: number): void => {
    if (Atomics.load(beats, 0) !== since) return
    told = true
    tell(`the loop has been stuck for ${duration()}, ${where}`)
  }
  const ask = (): void => {
    const asked = last
    const session = new Session()
    session.connectToMainThread()
    session.post("Runtime.evaluate", { expression: place, returnByValue: true }, (_, reply) => {
      session.disconnect()
      const found: unknown = reply?.result?.value
      // Late, if it was in a synchronous call first: then this is the caller.
      if (typeof found === "string" && found !== "") tellStuck(`in\n${found}`, asked)
    })
  }

  setInterval(() => {
    const beat = Atomics.load(beats, 0)
    // Before the first beat the program is still loading.
    if (beat !== last || beat === 0) {
      if (told) tell(`the loop goes on after ${duration()}`)
      last = beat
      moved = performance.now()
      missed = 0
      told = false
      return
    }
    missed++
    if (missed === looks) ask()
    if (missed === 2 * looks && !told) {
      tellStuck("and not in JavaScript: in a synchronous call, or a debugger holds it", last)
    }
  }, interval)
}
