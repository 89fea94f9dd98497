/**
 * What a worker is: a thread of this process, or a process. Both run a module; they differ in how they start, end and
 * are held.
 */
import * as Predicate from "effect/Predicate"
import { type ChildProcess, fork } from "node:child_process"
import type { Socket } from "node:net"
import { Worker } from "node:worker_threads"
import { format } from "../../internal/host/printing.ts"

export interface Settings {
  readonly module: URL
  /** Node's flags for the worker; undefined: those of this process. */
  readonly execArgv: ReadonlyArray<string> | undefined
  /** In MiB; undefined: Node's own. */
  readonly heapLimit: number | undefined
  /** In milliseconds. */
  readonly grace: number
}

/** How a worker ended, in words; its exit code; and what it threw, if that is known. */
export interface End {
  readonly reason: string
  readonly code?: number | null
  readonly thrown?: unknown
}

/** The last argument of every worker, by which it differs from a thread or child that somebody else started. */
const mark = "effect-asyncio-worker"

/** Whether a pool has started this thread or process. */
export const isWorker = (): boolean => process.argv.at(-1) === mark

export interface Host {
  /** "thread 3", "process 4711": as Node and the system call it. */
  readonly name: string
  readonly worker: Worker | ChildProcess
  readonly kill: () => void
  /** While it has something to do, and only then, it keeps this process alive. */
  readonly hold: () => void
  readonly release: () => void
}

/** Starts a worker; `ended` is called once, later. */
export type Launch = (settings: Settings, ended: (end: End) => void) => Host

/** This process's flags, without the program of `node -e`, which each child would run, too. */
const ownFlags = (): ReadonlyArray<string> =>
  process.execArgv.filter((flag, at, all) => !program.has(flag.split("=")[0]!) && !program.has(all[at - 1]!))

const isEvaluated = () => ownFlags().length < process.execArgv.length

const program = new Set(["-e", "-p", "-pe", "--eval", "--print", "--input-type"])

export const launchThread: Launch = ({ heapLimit, module, ...settings }, ended) => {
  const { execArgv = isEvaluated() ? ownFlags() : undefined } = settings
  const worker = new Worker(module, {
    argv: [mark],
    // Flags that only a process can have are refused if named, but not if inherited.
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    ...(heapLimit === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapLimit } })
  })
  const name = `thread ${worker.threadId}`
  let error: { readonly thrown: unknown } | undefined
  worker.on("error", (thrown) => {
    error = { thrown }
  })
  worker.on("exit", (code) =>
    ended(
      error === undefined
        ? { reason: `${name} exited with code ${code}`, code }
        : { reason: `${name} ${whyOf(error.thrown, heapLimit)}`, thrown: error.thrown }
    ))
  return {
    name,
    worker,
    kill: () => void worker.terminate(),
    hold: () => worker.ref(),
    release: () => worker.unref()
  }
}

const whyOf = (thrown: unknown, heapLimit: number | undefined): string =>
  Predicate.hasProperty(thrown, "code") && thrown.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? `ran out of memory${limitOf(heapLimit)}`
    : `threw ${inWords(thrown)}`

/** An error that is not one of JavaScript's own comes from the thread with its fields only. */
const inWords = (thrown: unknown): string => {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
  if (!Predicate.hasProperty(thrown, "_tag")) return format(thrown)
  const message = Predicate.hasProperty(thrown, "message") ? thrown.message : ""
  return message === "" ? String(thrown._tag) : `${String(thrown._tag)}: ${String(message)}`
}

const limitOf = (heapLimit: number | undefined): string =>
  heapLimit === undefined ? "" : `; its limit is ${heapLimit} MiB`

/** The descriptor at which a child finds its lifeline: see `gaps.endWithParent`. */
export const lifelineFd = 4

export const launchProcess: Launch = ({ execArgv = ownFlags(), grace, heapLimit, module }, ended) => {
  const worker = fork(module, [mark], {
    execArgv: heapLimit === undefined ? [...execArgv] : [...execArgv, `--max-old-space-size=${heapLimit}`],
    // Bytes as bytes, Dates as Dates: the default is JSON.
    serialization: "advanced",
    // The terminal's input belongs to the parent.
    stdio: ["ignore", "inherit", "inherit", "ipc", "pipe"]
  })
  const name = worker.pid === undefined ? "a process" : `process ${worker.pid}`
  const lifeline = worker.stdio[lifelineFd] as Socket | undefined
  lifeline?.on("error", () => {}).write(`${grace}\n`)
  let isOver = false
  const end = (end: End) => {
    if (isOver) return
    isOver = true
    lifeline?.destroy()
    // What it sent before its end is read first, and its handle is closed.
    setImmediate(ended, end)
  }
  // It comes without an exit if there was no process at all.
  worker.on("error", (thrown) => {
    if (worker.pid === undefined) end({ reason: `${name} could not be started: ${thrown.message}`, thrown })
  })
  worker.on("exit", (code, signal) => {
    const why = signal === "SIGABRT" ? ` (out of memory, perhaps${limitOf(heapLimit)})` : ""
    end({ reason: `${name} ${signal === null ? `exited with code ${code}` : `was ended by ${signal}${why}`}`, code })
  })
  const setHeld = (held: boolean) => {
    const what = held ? "ref" : "unref"
    worker[what]()
    worker.channel?.[what]()
  }
  lifeline?.unref()
  return {
    name,
    worker,
    kill: () => void worker.kill("SIGKILL"),
    hold: () => setHeld(true),
    release: () => setHeld(false)
  }
}
