/** The job server of the examples, from outside: no job that it has accepted is lost, whatever ends it. In real time. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeAll, expect, it } from "vitest"
import { makeFolder } from "../../scripts/workshop.ts"
import { bundle, endAll, Process } from "./processes.ts"

const file = join(makeFolder(), "jobs.sqlite")
afterEach(() => {
  endAll()
  rmSync(file, { force: true })
})

let program: string
beforeAll(async () => {
  program = (await bundle(["examples/real/job-server.ts"]))("job-server")
})

/** Listens when it comes back. */
const start = async () => {
  const server = await new Process([program, file, "0"]).prints("listens on")
  const [, left, address] = /(\d+) jobs left over, listens on (\S+)/.exec(server.out)!
  return { server, left: Number(left), address: address! }
}

/** How many jobs are in which state, as the disk has it. */
const states = (): Record<string, number> => {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
  const rows = db.prepare("SELECT state, count(*) AS n FROM jobs GROUP BY state").all()
  db.close()
  return Object.fromEntries(rows.map(({ n, state }) => [String(state), Number(n)]))
}

it("kill -9, then Ctrl-C, then to the end", async () => {
  const first = await start()
  const accepted = await Promise.all(
    Array.from({ length: 6 }, () => fetch(`${first.address}/jobs`, { method: "POST", body: "500" }))
  )
  expect(accepted.map(({ status }) => status)).toEqual(Array(6).fill(202))
  await first.server.kill("SIGKILL").end()
  const { accepted: open = 0, done = 0 } = states()
  expect(open + done).toBe(6)

  const second = await start()
  expect(second.left).toBe(open)
  const { code } = await second.server.kill("SIGINT").end()
  expect(code).toBe(130)
  // Those at work were finished, the others were left for the next start.
  const after = states()
  expect(after["done"]).toBeGreaterThanOrEqual(Math.min(6, done + 4))
  expect((after["done"] ?? 0) + (after["accepted"] ?? 0)).toBe(6)

  const third = await start()
  expect(third.left).toBe(after["accepted"] ?? 0)
  while (states()["done"] !== 6) await new Promise((resolve) => setTimeout(resolve, 50))
  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (id) => (await fetch(`${third.address}/jobs/${id}`)).json())
  )
  expect(answers).toEqual([1, 2, 3, 4, 5, 6].map((id) => ({ id, state: "done", result: "slept for 500 ms" })))
  await third.server.kill("SIGINT").end()
})

it("failures, deadlines, what is not there", async () => {
  const { address, server } = await start()
  const post = async (body: string): Promise<number> => {
    const response = await fetch(`${address}/jobs`, { method: "POST", body })
    return (await response.json() as { readonly id: number }).id
  }
  const ids = [await post("1"), await post("x"), await post("3000")]
  while (Object.values(states()).length === 0 || states()["accepted"] !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const found = await Promise.all(ids.map(async (id) => (await fetch(`${address}/jobs/${id}`)).json()))
  expect(found).toMatchObject([{ state: "done" }, { state: "failed", result: "no number: x" }, { state: "too late" }])
  expect((await fetch(`${address}/jobs/1000`)).status).toBe(404)
  await server.kill("SIGINT").end()
})
