/** The workloads, in the order of the tables. */
import { globSync } from "node:fs"
import { basename } from "node:path"
import type { Workload } from "./workload.ts"

const order = [
  "spawn",
  "spawn-yield",
  "yield",
  "gather-limit",
  "gather-semaphore",
  "wait-first",
  "as-completed",
  "queue-1-1",
  "queue-8-8",
  "lock-acquire",
  "lock-with",
  "free-semaphore",
  "free-event",
  "free-join",
  "free-queue",
  "lock-contended",
  "semaphore",
  "event",
  "timers",
  "cancel",
  "timeout",
  "timeouts",
  "nested",
  "pipeline-3",
  "server",
  "readme-p-limit",
  "readme-p-queue",
  "readme-async-sema",
  "readme-async-mutex",
  "explore",
  "heap",
  "import"
]

/** Those whose names begin in one of these ways; without any, all. */
export const rowsOf = (beginnings: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = globSync("workloads/*.ts", { cwd: import.meta.dirname }).map((path) => basename(path, ".ts"))
    .filter((name) => beginnings.length === 0 || beginnings.some((beginning) => name.startsWith(beginning)))
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
  if (names.length === 0) {
    throw new Error(`bench: no workload begins with ${beginnings.join(" or ")}: ${order.join(", ")}`)
  }
  return names
}

export const loadRow = async (name: string): Promise<Workload> => {
  const { workload } = await import(`./workloads/${name}.ts`) as { readonly workload: Workload }
  return workload
}
