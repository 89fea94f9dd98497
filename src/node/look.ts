/** A look into another process: its loops, and where its main thread is. */
import { execFileSync } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { constants } from "node:os"
import { basename } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { LoopInfo } from "../insight/snapshot.ts"
import { Inspector, listenerOn, Obstacle } from "./Inspector.ts"
import type { Stranger } from "./strangers.ts"

/** What a process says about itself. */
export interface Sight {
  readonly pid: number
  readonly cwd: string
  /** What its main thread is in the middle of. */
  readonly stack: string
  /** Whether a loop has ever been made there. */
  readonly isKnown: boolean
  readonly loops: ReadonlyArray<LoopInfo & { readonly home: string }>
  readonly strangers: ReadonlyArray<Stranger>
}

/** Milliseconds between two looks at the port. */
const pause = 20

/**
 * Opens the inspector of the process, asks, and closes it; one that was open stays open. `limit`: milliseconds for each
 * answer.
 */
export const look = async (pid: number, port: number, limit: number): Promise<Sight> => {
  // Closing an inspector waits for its sessions, and the one that waits would hold this one.
  if (pid === process.pid) throw new Obstacle("it is this very process, which can't look at itself")
  const listener = await listenerOn(port)
  const isOpen = listener !== "nobody"
  if (!isOpen) open(pid)
  const address = isOpen ? listener : await openedOn(port, limit)
  if (address === "somebody") throw new Obstacle(`port ${port}, where its inspector would be, is taken`)
  using inspector = await Inspector.connect(address.address, limit)
  const found = await inspector.evaluate("process.pid")
  if (found !== pid) {
    throw new Obstacle(`port ${port}, where its inspector would be, is taken by process ${String(found)}`)
  }
  try {
    return JSON.parse(String(await inspector.evaluate(`(${String(tell)})()`))) as Sight
  } finally {
    if (!isOpen) await inspector.close()
  }
}

// ---------------------------------------------------------------------------------------------------------- the process

const open = (pid: number): void => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    throw new Obstacle(
      isOfCode(error, "EPERM") ? "it belongs to another user, who alone may look at it" : "there is no such process"
    )
  }
  const obstacle = process.platform === "linux" ? obstacleOnLinux(pid) : obstacleElsewhere(pid)
  if (obstacle !== undefined) throw new Obstacle(obstacle)
  process.kill(pid, "SIGUSR1")
}

const isOfCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code

const isNode = (program: string): boolean => basename(program).startsWith("node")
const noNode = (program: string): string => `it runs ${program}, and only Node can be asked`
const isDeaf = "it does not listen to SIGUSR1, which opens Node's inspector: was it started with --disable-sigusr1?"

/** Why a process can't be sent SIGUSR1, which ends those that do not listen to it. */
const obstacleOnLinux = (pid: number): string | undefined => {
  try {
    const program = readlinkSync(`/proc/${pid}/exe`)
    if (!isNode(program)) return noNode(program)
    const caught = /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"
    return BigInt(`0x${caught}`) >> BigInt(constants.signals.SIGUSR1 - 1) & 1n ? undefined : isDeaf
  } catch (error) {
    return isOfCode(error, "ENOENT") ? "it has ended" : `what it runs can't be read: ${String(error)}`
  }
}

const obstacleElsewhere = (pid: number): string | undefined => {
  const ps = (column: string): string =>
    execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" })
  const program = ps("comm").trim()
  if (!isNode(program)) return noNode(program)
  return ps("args").includes("--disable-sigusr1") ? isDeaf : undefined
}

const openedOn = async (port: number, limit: number): Promise<"somebody" | { readonly address: string }> => {
  const end = performance.now() + limit
  for (;;) {
    const listener = await listenerOn(port)
    if (listener !== "nobody") return listener
    if (performance.now() > end) {
      throw new Obstacle(
        `its inspector did not open on port ${port} within ${
          Math.round(limit)
        } ms: it has a SIGUSR1 handler of its own, ` +
          "or another --inspect-port, or is stopped"
      )
    }
    await sleep(pause)
  }
}

// ----------------------------------------------------------------------------------------------------- in the process

/**
 * Runs in that process, in the middle of whatever it does: only its text gets there, so it uses no name from outside.
 */
const tell = (): string => {
  interface Entry {
    readonly loop: WeakRef<{ readonly allTasksUnsafe: () => ReadonlySet<unknown> }>
    readonly home: string
  }
  const host: Record<symbol, Set<Entry> | undefined> = globalThis
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  const { stack = "" } = new Error()
  Error.stackTraceLimit = before
  const entries = host[Symbol.for("effect-asyncio/loops")]
  const open = Array.from(entries ?? []).filter(({ loop }) => loop.deref() !== undefined)

  /** Uses the insight of the very copy that made them, which lies beside it. */
  const snapshotOf = (home: string): ReadonlyArray<object> => {
    const [, folder, ending] = /^(file:.*\/(?:dist|src)\/)internal\/.*(\.[jt]s)$/.exec(home) ?? []
    if (folder === undefined) return []
    try {
      const insight = new URL(`insight/index${ending}`, folder)
      const require = process.getBuiltinModule("node:module").createRequire(insight)
      return require(process.getBuiltinModule("node:url").fileURLToPath(insight)).snapshot()
    } catch {
      return []
    }
  }

  const loops: Array<object> = []
  const strangers: Array<object> = []
  for (const home of new Set(open.map(({ home }) => home))) {
    const own = open.filter((entry) => entry.home === home)
    const known = snapshotOf(home)
    if (known.length >= own.length) loops.push(...known.map((loop) => ({ ...loop, home })))
    else {
      strangers.push(...own.map(({ loop }) => ({
        home,
        tasks: Array.from(loop.deref()?.allTasksUnsafe() ?? [], String)
      })))
    }
  }
  return JSON.stringify({
    pid: process.pid,
    cwd: process.cwd(),
    stack,
    isKnown: entries !== undefined,
    loops,
    strangers
  })
}
