/** What a job costs that does nothing, on two runners: the rows of a table. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { loadavg } from "node:os"
import type { Processes } from "./processes.ts"

/** Milliseconds of CPU that a process has taken; in ticks of 10. Only Linux tells. */
const cpuOf = (pid: number): number => {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")
  const [user, system] = fields.split(" ").slice(11, 13).map(Number)
  return (user! + system!) * 10
}

export const costs = async (processes: Processes): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const runners = [processes.runner(undefined), processes.runner(undefined)]
  await Promise.all(runners.map(processes.isUp))
  // Until both have their shards.
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  const rows = [["in flight", "jobs a second", "median", "CPU in the caller", "CPU in the runners", "load"]]
  for (const [inFlight, count] of [[1, 100], [16, 1_000], [256, 2_000]] as const) {
    const before = runners.map(({ pid }) => cpuOf(pid!))
    const caller = processes.start("bench", undefined, count, inFlight)
    const [{ all, cpu, median }] = await once(caller, "message")
    const after = runners.map(({ pid }) => cpuOf(pid!))
    const ofRunners = after.reduce((sum, cpu, index) => sum + cpu - before[index]!, 0)
    rows.push([
      String(inFlight),
      (count / all * 1_000).toFixed(0),
      `${median.toFixed(0)} ms`,
      `${(cpu / count).toFixed(1)} ms`,
      `${(ofRunners / (count + 20)).toFixed(1)} ms`,
      loadavg()[0]!.toFixed(1)
    ])
    await once(caller, "exit")
  }
  await processes.endAll()
  return rows
}
