import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { Task, TaskGroup } from "effect-asyncio"
import { type Facts, verdict } from "../src/internal/parts/verdict.ts"
import { linear } from "./support/costs.ts"
import {
  cancelSoon,
  day,
  defectOf,
  everywhere,
  logged,
  messagesOf,
  outcome,
  outcomeOf,
  type Program,
  self,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

/** The failures and defects in a cause, in order. */
const failuresOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) =>
    Exit.isFailure(exit)
      ? exit.cause.reasons.map((reason) =>
        Cause.isFailReason(reason)
          ? reason.error
          : Cause.isDieReason(reason)
          ? `die ${String(reason.defect)}`
          : "interrupt"
      )
      : "value")

describe("TaskGroup", () => {
  timed(
    "ends when all of its tasks have ended, with the body's value",
    Effect.gen(function*() {
      const value = yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          const a = yield* group.createTask(sleep("1 second", 1), { name: "a" })
          yield* group.createTask(sleep("2 seconds"))
          return a
        })
      )
      return [value.name, yield* value, Math.round((yield* asyncio.EventLoop.time) % 3600)]
    }),
    ["a", 1, 2]
  )

  for (const first of ["the group", "the task"] as const) {
    everywhere(
      `asked by the group and by others, ${first} first, the block is cancelled for the others`,
      Effect.gen(function*() {
        let group!: TaskGroup.TaskGroup
        const lines: Array<string> = []
        const task = yield* createTask(Effect.gen(function*() {
          yield* TaskGroup.run((self) => {
            group = self
            return sleep("1 hour")
          })
          lines.push("went on")
        }))
        yield* ticks(2)
        const asks = [group.cancel, Task.cancel(task)]
        for (const ask of first === "the group" ? asks : asks.toReversed()) yield* ask
        yield* asyncio.wait([task])
        return [Task.cancelled(task), lines]
      }),
      [true, []]
    )
  }

  everywhere("an empty block takes no tick", TaskGroup.run(() => Effect.succeed("value")), "value")

  timed(
    "the first failure cancels the siblings and the body; all failures come out, in order of completion, the body's last",
    failuresOf(TaskGroup.run((group) =>
      Effect.gen(function*() {
        yield* group.createTask(
          Effect.onInterrupt(Effect.never, () => Effect.andThen(sleep("2 seconds"), Effect.fail("slow clean-up")))
        )
        yield* group.createTask(
          Effect.onInterrupt(Effect.never, () => Effect.andThen(sleep("1 second"), Effect.fail("clean-up")))
        )
        yield* group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("first")))
        return yield* Effect.onInterrupt(Effect.never, () => Effect.die("body"))
      })
    )),
    ["first", "clean-up", "slow clean-up", "die body"]
  )

  everywhere(
    "a body that fails cancels the tasks",
    logged((log) =>
      Effect.ignore(TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.onInterrupt(Effect.never, () => Effect.sync(() => log("cancelled"))))
          yield* ticks(2)
          return yield* Effect.fail("body")
        })
      ))
    ),
    ["cancelled"]
  )

  everywhere(
    "a task that is cancelled alone is no failure",
    Effect.gen(function*() {
      return yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          const task = yield* group.createTask(Effect.never)
          yield* ticks(2)
          yield* Task.cancel(task)
          return "value"
        })
      )
    }),
    "value"
  )

  timed(
    "cancelled from outside it cancels its tasks, waits for them and stays cancelled",
    Effect.gen(function*() {
      let cleaned = false
      const clean = Effect.andThen(sleep("1 second"), Effect.sync(() => void (cleaned = true)))
      const task = yield* createTask(
        TaskGroup.run((group) => group.createTask(Effect.onInterrupt(Effect.never, () => clean)))
      )
      yield* ticks(3)
      yield* cancelSoon(task)
      return [yield* outcome(Task.join(task)), cleaned, Task.cancelling(task)]
    }),
    ["cancelled", true, 1]
  )

  everywhere(
    "its tasks may add to it, also while it waits for them",
    logged((log) =>
      TaskGroup.run((group) =>
        group.createTask(Effect.gen(function*() {
          yield* ticks(3)
          yield* group.createTask(Effect.sync(() => log("added")))
        }))
      )
    ),
    ["added"]
  )

  everywhere(
    "group.cancel ends the block without an error; again, and after the end: nothing",
    Effect.gen(function*() {
      let group: TaskGroup.TaskGroup
      yield* TaskGroup.run((self) =>
        Effect.gen(function*() {
          group = self
          yield* self.createTask(Effect.never)
          yield* self.cancel
          yield* self.cancel
          yield* sleep("1 hour")
        })
      )
      yield* group!.cancel
      const current = yield* asyncio.currentTask
      return current._tag === "Some" ? Task.cancelling(current.value) : undefined
    }),
    0
  )

  everywhere(
    "nested: the inner failure goes through the outer group",
    failuresOf(TaskGroup.run((outer) =>
      Effect.gen(function*() {
        yield* outer.createTask(Effect.never)
        yield* TaskGroup.run((inner) => inner.createTask(Effect.fail("inner")))
      })
    )),
    ["inner"]
  )

  everywhere(
    "an inner group that is handled leaves the outer one alone",
    Effect.gen(function*() {
      return yield* TaskGroup.run((outer) =>
        Effect.gen(function*() {
          const task = yield* outer.createTask(Effect.as(ticks(6), "outer"))
          yield* Effect.ignore(TaskGroup.run((inner) => inner.createTask(Effect.fail("inner"))))
          return yield* task
        })
      )
    }),
    "outer"
  )

  everywhere(
    "an eager child is awaited by the block's task in its first step",
    Effect.gen(function*() {
      const awaiters = Effect.map(
        asyncio.currentTask,
        (task) => Option.isSome(task) ? Array.from(Task.awaitedBy(task.value), ({ name }) => name) : []
      )
      const block = TaskGroup.run((group) =>
        Effect.gen(function*() {
          const eager = yield* group.createTask(Effect.all([awaiters, Effect.andThen(ticks(1), awaiters)]), {
            eager: true
          })
          return [...yield* eager, Array.from(Task.awaitedBy(eager))]
        })
      )
      return yield* yield* createTask(block, { name: "parent" })
    }),
    [["parent"], ["parent"], []]
  )

  everywhere(
    "failures that came out are not reported",
    messagesOf(Effect.ignore(TaskGroup.run((group) => group.createTask(Effect.fail("no"))))),
    []
  )

  everywhere(
    "after the end, and while it shuts down, it takes no more",
    Effect.gen(function*() {
      let group: TaskGroup.TaskGroup
      yield* TaskGroup.run((self) => Effect.sync(() => void (group = self)))
      const ended = yield* defectOf(group!.createTask(Effect.void))
      const shutting = yield* TaskGroup.run((self) =>
        Effect.andThen(self.cancel, Effect.uninterruptible(defectOf(self.createTask(Effect.void))))
      ).pipe(Effect.exit)
      return [ended.message, Exit.isSuccess(shutting)]
    }),
    ["TaskGroup.createTask: the group has ended", true]
  )

  const starts: ReadonlyArray<[string, (group: TaskGroup.TaskGroup) => Program]> = [
    ["createTask", (group) => group.createTask(Effect.void)],
    ["start", (group) => group.start((started) => started(undefined))]
  ]
  for (const [name, start] of starts) {
    everywhere(
      `a task that others resume before its cancellation comes meets that, and no refusal: ${name}`,
      Effect.gen(function*() {
        let resume: (effect: Effect.Effect<void>) => void
        const block = yield* createTask(
          TaskGroup.run((group) =>
            group.createTask(Effect.andThen(Effect.callback<void>((self) => void (resume = self)), start(group)))
          )
        )
        yield* ticks(3)
        yield* Task.cancel(block)
        // The group looks, and asks its task.
        yield* ticks(1)
        resume!(Effect.void)
        return yield* outcome(Task.join(block))
      }),
      "cancelled"
    )
  }

  everywhere(
    "interrupted by Effect's own means it ends its tasks, and leaves no request behind",
    Effect.gen(function*() {
      let open = 0
      const child = Effect.ensuring(
        Effect.andThen(Effect.sync(() => void open++), Effect.never),
        Effect.sync(() => void open--)
      )
      yield* Effect.race(
        TaskGroup.run((group) =>
          Effect.gen(function*() {
            yield* group.createTask(child)
            yield* group.createTask(Effect.andThen(ticks(3), Effect.fail("no")))
            return yield* Effect.onInterrupt(Effect.never, () => ticks(9))
          })
        ),
        Effect.andThen(ticks(6), Effect.void)
      )
      const current = yield* asyncio.currentTask
      return [open, current._tag === "Some" ? Task.cancelling(current.value) : undefined]
    }),
    [0, 0]
  )

  linear(
    "n children",
    3,
    (n) => TaskGroup.run((group) => Effect.forEach(Array.from({ length: n }), () => group.createTask(Effect.void)))
  )
})

describe("a group that cancels itself once its body has dropped a cancellation of others is one of the task's, as in asyncio", () => {
  /** Meets a request, and goes on. */
  const drops = Effect.gen(function*() {
    yield* Task.cancel(yield* self)
    yield* Task.catchCancelled(asyncio.sleep(0), () => Effect.void)
  })
  /** How the block ends, then the next suspension, in a task of their own. */
  const ends = (block: Program) =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const task = yield* createTask(
        Effect.andThen(block, Effect.andThen(Effect.sync(() => lines.push("left")), asyncio.sleep(0)))
      )
      return [outcomeOf(yield* Task.await(task)), ...lines]
    })
  everywhere(
    "asked in the body: at the next suspension",
    ends(TaskGroup.run((group) => Effect.andThen(drops, group.cancel))),
    ["cancelled", "left"]
  )
  everywhere(
    "asked in the body, with tasks to wait for: when they have ended",
    ends(TaskGroup.run((group) => Effect.andThen(group.createTask(day), Effect.andThen(drops, group.cancel)))),
    ["cancelled"]
  )
  everywhere(
    "asked by a task: when all have ended",
    ends(TaskGroup.run((group) => Effect.andThen(group.createTask(Effect.andThen(ticks(3), group.cancel)), drops))),
    ["cancelled"]
  )
  everywhere(
    "taken back by uncancel: it is the group's own",
    ends(TaskGroup.run((group) => {
      const uncancel = Effect.flatMap(self, Task.uncancel)
      return Effect.andThen(drops, Effect.andThen(uncancel, group.cancel))
    })),
    [undefined, "left"]
  )
})

describe("whose cancellation ends a block", () => {
  /** A dash: whatever that fact is. */
  const truth = `
    interrupted  failed  cancelled  asked  others | verdict
    no           no      no         -      -      | body
    no           no      yes        no     -      | body
    no           no      yes        yes    yes    | body
    no           no      yes        yes    no     | nothing
    yes          no      -          -      -      | nothing
    no           yes     -          -      no     | failures
    yes          yes     -          -      -      | failures
    no           yes     -          -      yes    | failures, then cancelled`

  const [names, ...rows] = truth.trim().split("\n").map((line) => {
    const [facts, verdict] = line.split("|").map((part) => part.trim())
    return { facts: facts!.split(/ +/), verdict: verdict! }
  })

  for (let bits = 0; bits < 2 ** names!.facts.length; bits++) {
    const given = names!.facts.map((_, i) => (bits >> i & 1) === 1)
    const fact = (name: string) => given[names!.facts.indexOf(name)]!
    const facts: Facts = {
      interrupted: fact("interrupted"),
      failed: fact("failed"),
      cancelled: fact("cancelled"),
      asked: fact("asked"),
      requests: fact("others") ? 1 : 0
    }
    const fits = rows.filter(({ facts }) => facts.every((word, i) => word === "-" || (word === "yes") === given[i]))
    it(names!.facts.filter(fact).join(", ") || "none of it", () => {
      expect(fits.map(({ verdict }) => verdict)).toEqual([verdict(facts)])
    })
  }
})
