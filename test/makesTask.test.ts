/** `gather(xs.map((x) => createTask(f(x))))`: refused where a task is awaited, in words that say what to write. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { x } from "tinyexec"
import { defectOf, everywhere, ticks } from "./support/loops.ts"

const { createTask, ensureFuture, gather, Queue, sleep, Task, TaskGroup } = asyncio

describe("from untyped code it dies, and nothing starts", () => {
  const child = Effect.sync(() => assert.fail("started"))
  const makers: ReadonlyArray<readonly [string, (group: asyncio.TaskGroup.TaskGroup) => any]> = [
    ["createTask", () => createTask(child)],
    ["ensureFuture", () => ensureFuture(child)],
    ["group.createTask", (group) => group.createTask(child)]
  ]
  const verbs: ReadonlyArray<readonly [string, string, (maker: any) => Effect.Effect<unknown, unknown, any>]> = [
    ["gather", "item 1", (maker) => gather([Effect.void, maker])],
    ["gather", "item b", (maker) => gather({ a: Effect.void, b: maker })],
    ["wait", "item 0", (maker) => asyncio.wait(new Set([maker]))],
    ["asCompleted", "item 0", (maker) => Stream.runDrain(asyncio.asCompleted([maker]))],
    ["asCompletedEffects", "item 0", (maker) => asyncio.asCompletedEffects([maker])],
    ["waitFor", "the argument", (maker) => asyncio.waitFor(maker, "1 second")],
    ["shield", "the argument", (maker) => asyncio.shield(maker)],
    ["ensureFuture", "the argument", (maker) => ensureFuture(maker)]
  ]
  for (const [maker, make] of makers) {
    for (const [verb, what, call] of verbs) {
      everywhere(
        `${verb} of ${maker}: ${what}`,
        TaskGroup.run((group) =>
          Effect.gen(function*() {
            const defect = yield* defectOf(call(make(group)) as Effect.Effect<unknown, unknown>)
            expect(Cause.isIllegalArgumentError(defect)).toBe(true)
            expect(defect.message).toBe(
              `${verb}: ${what} is ${maker}(…), expected the effect in it, which becomes a task anyway, ` +
                `or the task: yield* ${maker}(…)`
            )
            yield* ticks(2)
          })
        )
      )
    }
  }
})

describe("elsewhere it is an effect as any other", () => {
  everywhere(
    "yield*, all, forEach, timeout, a task that makes a task",
    Effect.gen(function*() {
      const one = yield* createTask(Effect.succeed(1))
      const [two] = yield* Effect.all([createTask(Effect.succeed(2))])
      const [three] = yield* Effect.forEach([3], (n) => createTask(Effect.succeed(n)))
      const four = yield* asyncio.timeout("1 second", () => createTask(Effect.succeed(4)))
      const five = yield* yield* createTask(createTask(Effect.succeed(5)))
      return yield* gather([one, two!, three!, four, five])
    }),
    [1, 2, 3, 4, 5]
  )
  everywhere(
    "what comes of it is not marked, nor is an effect that happens to give a task",
    Effect.gen(function*() {
      const queue = yield* Queue.make<asyncio.Task.Task<number>>()
      yield* Queue.put(queue, yield* createTask(sleep(0, 1)))
      const made = Effect.map(createTask(sleep(0, 2)), (task) => task)
      const tasks = yield* gather([Queue.get(queue), made])
      return yield* gather(tasks.map((task) => Task.join(task)))
    }),
    [1, 2]
  )
})

it("the compiler says what to write", async () => {
  const root = join(import.meta.dirname, "..")
  const folder = mkdtempSync(join(root, ".compiled-"))
  const lines = [
    "gather(xs.map((x) => createTask(f(x))))",
    "gather([f(1), createTask(f(2))])",
    "gather({ a: f(1), b: createTask(f(2)) })",
    "wait(xs.map((x) => ensureFuture(f(x))))",
    "asCompleted(xs.map((x) => group.createTask(f(x))))",
    "waitFor(createTask(f(1)), \"1 second\")",
    "callSoon(() => f(1))",
    "wait(f(1))"
  ]
  const texts = [
    ...Array.from(
      { length: 6 },
      () => "give f(x) itself, of submit(job, x) toThread(job, x); or the task, yield* createTask(f(x))"
    ),
    "an Effect that a callback returns does not run",
    "a collection belongs here: put it in brackets"
  ]
  try {
    const names = "asCompleted, createTask, ensureFuture, EventLoop, gather, type TaskGroup, wait, waitFor"
    const head = [
      `import { ${names} } from "effect-asyncio"`,
      `import { Effect } from "effect"`,
      `declare const group: TaskGroup.TaskGroup`,
      `declare const f: (x: number) => Effect.Effect<number>`,
      `const { callSoon } = EventLoop, xs = [1]`
    ]
    writeFileSync(join(folder, "program.ts"), [...head, ...lines.map((line) => `void ${line}`)].join("\n"))
    writeFileSync(join(folder, "tsconfig.json"), `{ "extends": "../tsconfig.json", "include": ["program.ts"] }`)
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const { stdout } = await x(process.execPath, [tsc, "--project", folder, "--pretty", "false"])
    // An error a line, each with what it says down to its end.
    const errors = stdout.split(/^(?=\S)/m)
    expect(errors).toHaveLength(lines.length)
    for (const [i, text] of texts.entries()) {
      expect(errors[i]).toContain(`program.ts(${head.length + 1 + i},`)
      expect(errors[i]).toContain(text)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
