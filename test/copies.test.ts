import { expect, it } from "@effect/vitest"
import { EventLoop } from "effect-asyncio"
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { x } from "tinyexec"
import { version } from "../src/internal/host/version.ts"
import { CurrentRegion } from "../src/internal/waiting/Region.ts"

const root = join(import.meta.dirname, "..")

it("the shared keys have the package's version", () => {
  expect([EventLoop.EventLoop.key, CurrentRegion.key]).toEqual([
    `effect-asyncio@${version}/EventLoop`,
    `effect-asyncio@${version}/CurrentRegion`
  ])
  expect(version).toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version)
})

it("no other key is shared, but the marks of a cancellation: that it is one, and its message, which is text", () => {
  const files = globSync("**/*.ts", { cwd: join(root, "src") })
  const sources = files.map((file) => readFileSync(join(root, "src", file), "utf8")).join("")
  const keys = Array.from(sources.matchAll(/Context\.\w+[^\n]*\("(effect-asyncio[^"]*)"/g), ([, key]) => key)
  expect(keys).toEqual(["effect-asyncio/CancelMessage", "effect-asyncio/Cancelled"])
})

it("two copies in one process say so, of one version and of two", async () => {
  const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-"))
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction")
    for (const copy of ["second", "other"]) cpSync(join(root, "src"), join(folder, copy), { recursive: true })
    writeFileSync(join(folder, "other/internal/version.ts"), `export const version = "999.0.0"\n`)
    const modules = [
      join(root, "src/index.ts"),
      join(folder, "second/index.ts"),
      join(folder, "other/index.ts"),
      join(root, "src/testing/index.ts")
    ]
    const { exitCode, stderr, stdout } = await x(process.execPath, [join(root, "test/support/copies.ts"), ...modules])
    expect([exitCode, stderr]).toEqual([0, ""])
    const another = "belongs to another copy of effect-asyncio (npm ls effect-asyncio)"
    const task = "<Task pending name='theirs' waiting for a timer>"
    const expected = (name: string): Record<string, unknown> => ({
      [`${name}: isTask`]: false,
      [`${name}: gather of a task`]: `IllegalArgumentError: gather: item 0, ${task}, ${another}`,
      [`${name}: gather of a lone task`]:
        `IllegalArgumentError: gather: the argument is ${task}, expected a collection of awaitables, not a lone one: put it in brackets`,
      [`${name}: Task.join of a task`]: `IllegalArgumentError: Future.join: the future, ${task}, ${another}`,
      [`${name}: Lock.acquire of a lock`]: `IllegalArgumentError: Lock.acquire: the lock, …, ${another}`,
      [`${name}: Condition.make on a lock`]: `IllegalArgumentError: Lock.acquire: the lock, …, ${another}`,
      [`${name}: createTask on a loop`]: `RuntimeError: createTask: the event loop here ${another}`,
      [`${name}: a region in a region`]: `RuntimeError: timeout: the event loop here ${another}`,
      [`${name}: a lock of its own, without a loop`]: "held"
    })
    expect(JSON.parse(stdout)).toEqual({
      ...expected("the same version"),
      ...expected("another version"),
      "a task awaited by its own copy": "value"
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
