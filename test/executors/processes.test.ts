/** What becomes of workers when their program is killed, interrupted, or done, and of a program whose workers run wild. */
import { expect, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { Child } from "../node/Child.ts"
import { pathOf } from "./bundled.ts"
import { execArgv } from "./pools.ts"

const long = 240_000

const start = (program: string) => new Child(pathOf("program"), [program], { cwd: import.meta.dirname })

/** The processes that have begun jobs. */
const workersOf = async (child: Child, count: number): Promise<ReadonlyArray<number>> => {
  await child.printed(new RegExp(Array.from({ length: count }, () => "begun: [^]*").join("")))
  return Array.from(child.output.matchAll(/on process (\d+)/g), ([, pid]) => Number(pid))
}

const isAlive = (pid: number): boolean => {
  const status = `/proc/${pid}/status`
  return existsSync(status) && !/State:\s+Z/.test(readFileSync(status, "utf8"))
}

it.skipIf(process.platform !== "linux")(
  "a program that is killed leaves no process, not one that computes",
  async () => {
    await using child = start("killed")
    const workers = await workersOf(child, 2)
    expect(workers.map(isAlive)).toEqual([true, true])
    child.kill("SIGKILL")
    while (workers.some(isAlive)) await sleep(20)
  },
  long
)

it("Ctrl-C, which a terminal sends to all, leaves the ending to the program", async () => {
  await using child = start("interrupted")
  const [worker] = await workersOf(child, 1)
  process.kill(worker!, "SIGINT")
  child.kill("SIGINT")
  expect(await child.ended()).toBe(130)
  expect(child.output).toMatch(/ended: true/)
  expect(child.output).not.toMatch(/WorkerLost/)
}, long)

it(
  "what workers print arrives; one that runs out of memory is lost alone; a pool that is left open keeps nothing up",
  async () => {
    await using child = start("left")
    expect(await child.ended()).toBe(0)
    for (const noun of ["thread", "process"]) {
      expect(child.output).toMatch(new RegExp(`INFO \\(#\\d+\\): hello\\s+\\{ worker: '${noun} \\d+' \\}`))
      expect(child.output).toMatch(new RegExp(`WorkerLost: ${noun} \\d+ .*memory.*; its limit is 24 MiB`))
    }
    expect(child.output.match(/nobody looks/g)).toHaveLength(2)
    expect(child.output).toMatch(/done/)
  },
  long
)

it("workers of a program that is given to Node as text do not run it, too", async () => {
  const text = `console.log("run"); await import(${JSON.stringify(pathToFileURL(pathOf("program")).href)})`
  const flags = ["--input-type=module", "--eval", text]
  await using child = new Child("--", ["program", "left"], { cwd: import.meta.dirname, flags })
  expect(await child.ended()).toBe(0)
  expect(child.output.match(/^run$/gm)).toHaveLength(1)
  expect(child.output).toMatch(/done/)
}, long)

it("a whole client, as its users write it", async () => {
  await using child = new Child(`${import.meta.dirname}/client/main.ts`, [], {
    cwd: import.meta.dirname,
    flags: execArgv
  })
  expect(await child.ended()).toBe(0)
  expect(child.output).toMatch(/one: '5',\s+sizes: \[ 2, 4, 6 \],\s+both: \[ '5', '5' \],\s+late: 2,\s+done: 1/)
}, long)
