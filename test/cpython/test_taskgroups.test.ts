/** TaskGroup, as CPython's test_taskgroups.py tests it, 3.15's `cancel` included. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Event, EventLoop, Task, TaskGroup } from "effect-asyncio"
import { defectOf, logged, type Program, self, ticks } from "../support/loops.ts"
import { endOf, type How, port, portBoth } from "./support.ts"

const { createTask, sleep } = asyncio

/** How many requests the task has that runs this. */
const requests = Effect.map(self, Task.cancelling)

const sleeper = <A>(seconds: number, value: A) => sleep({ seconds }, value)
const crashAfter = (seconds: number, error = "crash") => Effect.andThen(sleep({ seconds }), Effect.fail(error))
/** Fails as it is cancelled. */
const failingCleanup = (error: string) => Effect.onExit(sleep("10 seconds"), () => Effect.fail(error))

/** Cancels a task that runs `block` after a tenth of a second. */
const cancelledSoon = (block: Program, how: How) =>
  Effect.gen(function*() {
    const task = yield* createTask(block, how)
    yield* sleep("100 millis")
    const early = Task.done(task)
    yield* Task.cancel(task)
    return [early, yield* endOf(Task.join(task))]
  })

// ------------------------------------------------------------------------------------------------------------- results

portBoth(
  "BaseTestTaskGroup.test_taskgroup_02",
  (how) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const first = yield* group.createTask(sleeper(0.1, 42), how)
        yield* sleep("150 millis")
        return [first, yield* group.createTask(sleeper(0.2, 11), how)]
      })
    ).pipe(
      Effect.flatMap((tasks) => Effect.all(tasks.map((task) => Task.result(task)))),
      Effect.flatMap((results) => Effect.map(EventLoop.time, (time) => [results, time]))
    ),
  [[42, 11], 0.35]
)

portBoth(
  "BaseTestTaskGroup.test_taskgroup_03",
  (how) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const first = yield* group.createTask(sleeper(1, 42), how)
        yield* sleep("150 millis")
        yield* Task.cancel(first)
        return [first, yield* group.createTask(sleeper(0.2, 11), how)]
      })
    ).pipe(Effect.map((tasks) => tasks.map((task) => Task.cancelled(task)))),
  [true, false]
)

portBoth(
  ["BaseTestTaskGroup.test_taskgroup_task_name", "BaseTestTaskGroup.test_name"],
  (how) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const task = yield* group.createTask(Effect.map(self, ({ name }) => name), { ...how, name: "yolo" })
        return [task.name, yield* task]
      })
    ),
  ["yolo", "yolo"]
)

// Who is done is kept no longer.
portBoth(
  "BaseTestTaskGroup.test_taskgroup_23",
  (how) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const texts: Array<string> = []
        for (let i = 0; i < 10; i++) {
          yield* sleep("100 millis")
          yield* group.createTask(sleep("350 millis"), how)
          if (i === 5) texts.push(String(group))
        }
        yield* sleep("1350 millis")
        return [...texts, String(group)]
      })
    ),
  ["<TaskGroup entered tasks=4>", "<TaskGroup entered>"]
)

portBoth(
  "BaseTestTaskGroup.test_taskgroup_24",
  (how) =>
    TaskGroup.run((group) =>
      group.createTask(
        Effect.andThen(
          sleep("100 millis"),
          Effect.forEach([0.1, 0.2], (seconds) => group.createTask(sleep({ seconds }), how))
        ),
        how
      )
    ).pipe(Effect.andThen(EventLoop.time)),
  0.3
)

// A family that grows for ever, until another child fails.
portBoth(
  "BaseTestTaskGroup.test_taskgroup_25",
  (how) =>
    Effect.gen(function*() {
      let heads = 0
      const hydra = (group: TaskGroup.TaskGroup): Program<void, never> =>
        Effect.suspend(() => {
          heads++
          const another = group.createTask(hydra(group), how)
          return sleep("10 millis").pipe(Effect.andThen(another), Effect.andThen(another))
        })
      const hercules: Program<never, string> = Effect.suspend(() =>
        heads < 10 ? Effect.andThen(sleep("15 millis"), hercules) : Effect.fail("slain")
      )
      const end = yield* endOf(
        TaskGroup.run((group) => Effect.andThen(group.createTask(hydra(group), how), group.createTask(hercules, how)))
      )
      return [end, heads >= 10]
    }),
  [["slain"], true]
)

// ------------------------------------------------------------------------------------------------------------ failures

portBoth(
  "BaseTestTaskGroup.test_taskgroup_04",
  (how) =>
    logged((log) =>
      Effect.gen(function*() {
        const sibling = Effect.onInterrupt(sleep("1 second"), () => Effect.sync(() => log("sibling cancelled")))
        const block = TaskGroup.run((group) =>
          Effect.andThen(
            group.createTask(crashAfter(0.1), how),
            group.createTask(Effect.tap(sibling, () => Effect.sync(() => log("never"))), how)
          )
        )
        log(yield* endOf(Task.join(yield* createTask(Effect.tap(block, () => Effect.sync(() => log("never"))), how))))
      })
    ),
  ["sibling cancelled", ["crash"]]
)

portBoth(
  "BaseTestTaskGroup.test_cancel_children_on_child_error",
  (how) =>
    logged((log) =>
      Effect.gen(function*() {
        const noted = (name: string) => Effect.onInterrupt(sleep("5 seconds"), () => Effect.sync(() => log(name)))
        const block = TaskGroup.run((group) =>
          Effect.gen(function*() {
            for (let i = 0; i < 3; i++) yield* group.createTask(crashAfter(0.1), how)
            yield* group.createTask(noted("child"), how)
            yield* noted("body")
          })
        )
        log(yield* endOf(Task.join(yield* createTask(block, how))))
      })
    ),
  ["child", "body", ["crash", "crash", "crash"]]
)

const failingBody = (wait: Effect.Effect<void>, how: How) =>
  Effect.gen(function*() {
    const tasks: Array<Task.Task<unknown>> = []
    const end = yield* endOf(TaskGroup.run((group) =>
      Effect.gen(function*() {
        for (const seconds of [1, 2]) tasks.push(yield* group.createTask(sleep({ seconds }), how))
        yield* wait
        return yield* Effect.fail("body")
      })
    ))
    return [end, tasks.map((task) => Task.cancelled(task))]
  })

portBoth(
  "BaseTestTaskGroup.test_taskgroup_09",
  (how) => failingBody(sleep("100 millis"), how),
  [["body"], [true, true]]
)
portBoth("BaseTestTaskGroup.test_taskgroup_10", (how) => failingBody(Effect.void, how), [["body"], [true, true]])

// One group inside of another: the failure of a child of either ends both.
const nested = (outer: number, inner: number, how: How) =>
  TaskGroup.run((one) =>
    Effect.andThen(
      one.createTask(crashAfter(outer, "outer"), how),
      TaskGroup.run((two) => two.createTask(crashAfter(inner, "inner"), how))
    )
  ).pipe(
    (block) => Effect.flatMap(createTask(block, how), (task) => endOf(Task.join(task))),
    Effect.flatMap((end) => Effect.map(EventLoop.time, (time) => [end, time]))
  )

portBoth("BaseTestTaskGroup.test_taskgroup_13", (how) => nested(0.1, 10, how), [["outer"], 0.1])
portBoth("BaseTestTaskGroup.test_taskgroup_14", (how) => nested(10, 0.1, how), [["inner"], 0.1])

/** A child crashes, and the body fails as it is cancelled. */
const bothFail = (child: Effect.Effect<never, unknown>, body: Effect.Effect<never, unknown>, how: How) =>
  endOf(
    TaskGroup.run((group) =>
      Effect.andThen(
        group.createTask(Effect.andThen(sleep("100 millis"), child), how),
        Effect.onExit(sleep("10 seconds"), () => body)
      )
    )
  )

portBoth(
  "BaseTestTaskGroup.test_taskgroup_19",
  (how) => bothFail(Effect.fail("child"), Effect.fail("body"), how),
  ["child", "body"]
)
// A defect stands for what is a BaseException and no Exception.
portBoth(
  "BaseTestTaskGroup.test_taskgroup_20a",
  (how) => bothFail(Effect.fail("child"), Effect.die("base"), how),
  ["child", "base"]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_21a",
  (how) => bothFail(Effect.die("base"), Effect.fail("body"), how),
  ["base", "body"]
)

portBoth(
  "BaseTestTaskGroup.test_taskgroup_context_manager_exit_raises",
  (how) =>
    Effect.gen(function*() {
      const end = yield* endOf(TaskGroup.run((group) =>
        Effect.onExit(
          Effect.andThen(group.createTask(Effect.fail("custom"), how), sleep("1 second")),
          () => Effect.fail("custom")
        )
      ))
      return [end, yield* requests]
    }),
  [["custom", "custom"], 0]
)

portBoth(
  "BaseTestTaskGroup.test_cancelling_level_preserved",
  (how) =>
    Effect.gen(function*() {
      const end = yield* endOf(TaskGroup.run((group) => group.createTask(crashAfter(0), how)))
      return [end, yield* requests]
    }),
  [["crash"], 0]
)

// The outer group has asked the body to end, which learns it at its next suspension.
portBoth(
  "BaseTestTaskGroup.test_nested_groups_both_cancelled",
  (how) =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const end = yield* endOf(TaskGroup.run((outer) =>
        Effect.gen(function*() {
          const block = TaskGroup.run((inner) =>
            Effect.andThen(
              inner.createTask(crashAfter(0, "inner"), how),
              outer.createTask(crashAfter(0, "outer"), how)
            )
          )
          seen.push(yield* endOf(block), yield* requests)
        })
      ))
      return [seen, end, yield* requests]
    }),
  [[["inner"], 1], ["outer"], 0]
)

// A failure and a request from outside in one moment: the failure comes out, the request at the next suspension.
portBoth(
  "BaseTestTaskGroup.test_error_and_cancel",
  (how) =>
    Effect.gen(function*() {
      const event = yield* Event.make
      const seen: Array<unknown> = []
      const child = Event.set(event).pipe(Effect.andThen(sleep(0)), Effect.andThen(Effect.fail("child")))
      const inner = Effect.gen(function*() {
        const block = TaskGroup.run((group) => Effect.andThen(group.createTask(child, how), sleep("1 second", "never")))
        seen.push(yield* endOf(block), yield* requests)
        yield* sleep("1 second")
        seen.push("never")
      })
      const task = yield* createTask(inner, how)
      yield* Event.wait(event)
      seen.push(Task.cancelling(task))
      yield* Task.cancel(task)
      seen.push(Task.cancelling(task))
      return [yield* endOf(Task.join(task)), Task.cancelled(task), seen]
    }),
  ["cancelled", true, [0, 1, ["child"], 1]]
)

portBoth(
  "BaseTestTaskGroup.test_cancellation_does_not_leak_out_of_tg",
  (how) =>
    Effect.gen(function*() {
      const end = yield* endOf(TaskGroup.run((group) => group.createTask(Effect.fail("no"), how)))
      yield* sleep(0)
      return end
    }),
  ["no"]
)

// The third fails while the second is on its way, in the very call that makes it where they are eager.
portBoth(
  "BaseTestTaskGroup.test_cancels_task_if_created_during_creation",
  (how) =>
    Effect.gen(function*() {
      let met = false
      const end = yield* endOf(TaskGroup.run((group) => {
        const third = group.createTask(Effect.fail("third"), how)
        const second = Effect.andThen(third, Task.catchCancelled(ticks(2), () => Effect.sync(() => met = true)))
        return group.createTask(second, how)
      }))
      return [met, end]
    }),
  [true, ["third"]]
)

// --------------------------------------------------------------------------------------------- cancelled from outside

/** A block of five such children, and that body. */
const ofFive = (child: Program, body: Program, how: How) =>
  TaskGroup.run((group) =>
    Effect.andThen(Effect.forEach(new Array(5).fill(0), () => group.createTask(child, how)), body)
  )

const counted = (how: How, body: (up: Effect.Effect<unknown>) => Program) =>
  Effect.gen(function*() {
    let n = 0
    const up = (by: number) => Effect.sync(() => n += by)
    const end = yield* cancelledSoon(
      ofFive(Effect.onInterrupt(sleep("5 seconds"), () => up(1)), body(up(10)), how),
      how
    )
    return [...end, n]
  })

portBoth("BaseTestTaskGroup.test_cancellation", (how) => counted(how, () => Effect.void), [false, "cancelled", 5])
portBoth(
  "BaseTestTaskGroup.test_taskgroup_07",
  (how) => counted(how, (up) => Effect.onInterrupt(sleep("10 seconds"), () => up)),
  [false, "cancelled", 15]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_08",
  (how) => cancelledSoon(ofFive(failingCleanup("cleanup"), sleep("10 seconds"), how), how),
  [false, new Array(5).fill("cleanup")]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_11",
  (how) => cancelledSoon(TaskGroup.run(() => ofFive(failingCleanup("cleanup"), sleep("10 seconds"), how)), how),
  [false, new Array(5).fill("cleanup")]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_12",
  (how) =>
    cancelledSoon(
      TaskGroup.run((outer) =>
        Effect.andThen(
          outer.createTask(sleep("10 seconds"), how),
          ofFive(failingCleanup("cleanup"), sleep("10 seconds"), how)
        )
      ),
      how
    ),
  [false, new Array(5).fill("cleanup")]
)

// The child crashes while the cancelled body cleans up.
const crashMeanwhile = (how: How) =>
  TaskGroup.run((group) =>
    Effect.andThen(
      group.createTask(crashAfter(0.3), how),
      Effect.onInterrupt(sleep("10 seconds"), () => sleep("500 millis"))
    )
  )

portBoth(
  "BaseTestTaskGroup.test_taskgroup_15",
  (how) => cancelledSoon(crashMeanwhile(how), how),
  [false, ["crash"]]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_16",
  (how) => cancelledSoon(Effect.flatMap(createTask(crashMeanwhile(how), how), Task.join), how),
  [false, ["crash"]]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_17",
  (how) =>
    Effect.gen(function*() {
      let met = false
      const body = Effect.onInterrupt(sleep("10 seconds"), () => Effect.sync(() => met = true))
      return [...yield* cancelledSoon(TaskGroup.run(() => body), how), met]
    }),
  [false, "cancelled", true]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_18",
  (how) => cancelledSoon(TaskGroup.run(() => failingCleanup("mine")), how),
  [false, ["mine"]]
)
portBoth(
  "BaseTestTaskGroup.test_taskgroup_22",
  (how) => cancelledSoon(ofFive(sleep("1 second"), Effect.void, how), how),
  [false, "cancelled"]
)

// ------------------------------------------------------------------------------------------------- no more after the end

portBoth(
  "BaseTestTaskGroup.test_taskgroup_no_create_task_after_failure",
  (how) =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const end = yield* endOf(TaskGroup.run((group) => {
        const late = Effect.map(defectOf(group.createTask(Effect.void, how)), ({ name }) => seen.push(name))
        return Effect.andThen(
          group.createTask(crashAfter(0.001), how),
          group.createTask(Task.catchCancelled(sleep("1 second"), () => late), how)
        )
      }))
      return [seen, end]
    }),
  [["RuntimeError"], ["crash"]]
)

portBoth(
  ["BaseTestTaskGroup.test_taskgroup_finished", "BaseTestTaskGroup.test_coro_closed_when_tg_closed"],
  (how) =>
    Effect.gen(function*() {
      const group = yield* TaskGroup.run(Effect.succeed)
      let ran = false
      const { message, name } = yield* defectOf(group.createTask(Effect.sync(() => ran = true), how))
      return [name, message, ran]
    }),
  ["RuntimeError", "TaskGroup.createTask: the group has ended", false]
)

// ------------------------------------------------------------------------------------------------------- group.cancel

portBoth(
  "BaseTestTaskGroup.test_taskgroup_cancel_children",
  (how) =>
    asyncio.timeout("1 second", () =>
      TaskGroup.run((group) =>
        Effect.gen(function*() {
          for (let i = 0; i < 2; i++) yield* group.createTask(sleep("10 seconds"), how)
          yield* sleep(0)
          yield* group.cancel
        })
      )).pipe(Effect.andThen(EventLoop.time)),
  0
)

/** The body goes on until it suspends. */
const untilItSuspends = (cancels: number) =>
  Effect.gen(function*() {
    let n = 0
    const end = yield* endOf(TaskGroup.run((group) =>
      Effect.gen(function*() {
        for (let i = 0; i < cancels; i++) yield* group.cancel
        n++
        yield* sleep(0)
        n++
      })
    ))
    return [n, end]
  })

port("BaseTestTaskGroup.test_taskgroup_cancel_body", untilItSuspends(1), [1, undefined])
port("BaseTestTaskGroup.test_taskgroup_cancel_idempotent", untilItSuspends(2), [1, undefined])

port(
  "BaseTestTaskGroup.test_taskgroup_cancel_after_exit",
  Effect.gen(function*() {
    const group = yield* TaskGroup.run((group) => Effect.as(sleep(0), group))
    yield* group.cancel
    yield* sleep(0)
    return [String(group), yield* requests]
  }),
  ["<TaskGroup finished>", 0]
)

portBoth(
  "BaseTestTaskGroup.test_taskgroup_cancel_before_create_task",
  (how) =>
    TaskGroup.run((group) =>
      Effect.andThen(group.cancel, Effect.map(defectOf(group.createTask(sleep("1 second"), how)), ({ name }) => name))
    ),
  "RuntimeError"
)

portBoth(
  "BaseTestTaskGroup.test_taskgroup_cancel_from_child_before_first_suspension",
  (how) =>
    Effect.gen(function*() {
      const task = yield* TaskGroup.run((group) =>
        group.createTask(Effect.andThen(group.cancel, sleep("10 seconds")), how)
      )
      return [Task.cancelled(task), yield* EventLoop.time]
    }),
  [true, 0]
)

// A request from outside, while the group that cancels itself waits for a child's clean-up.
portBoth(
  "BaseTestTaskGroup.test_taskgroup_cancel_keeps_outer_cancellation",
  (how) =>
    Effect.gen(function*() {
      const [cancelling, release] = [yield* Event.make, yield* Event.make]
      const cleanup = Effect.andThen(Event.set(cancelling), Event.wait(release))
      const task = yield* createTask(
        TaskGroup.run((group) =>
          Effect.gen(function*() {
            yield* group.createTask(Effect.ensuring(sleep("10 seconds"), cleanup), how)
            yield* sleep(0)
            yield* group.cancel
          })
        ),
        how
      )
      yield* Event.wait(cancelling)
      yield* Task.cancel(task, { message: "message" })
      yield* Event.set(release)
      return yield* Task.catchCancelled(Effect.as(Task.join(task), "no"), (message) => Effect.succeed(message))
    }).pipe(Effect.map(String)),
  "some(\"message\")"
)

/** A child, or the body, that cancels its group and fails. */
const cancelsAndFails = (by: "child" | "body", order: "before" | "after") => (how: How) =>
  endOf(
    TaskGroup.run((group) => {
      const fails = Effect.fail("no")
      const both = order === "before" ? Effect.andThen(group.cancel, fails) : Effect.ensuring(fails, group.cancel)
      return by === "body" ? both : Effect.andThen(group.createTask(both, how), sleep("1 second"))
    })
  )

portBoth("BaseTestTaskGroup.test_taskgroup_cancel_before_exception", cancelsAndFails("child", "before"), ["no"])
portBoth("BaseTestTaskGroup.test_taskgroup_cancel_after_exception", cancelsAndFails("child", "after"), ["no"])
portBoth("BaseTestTaskGroup.test_taskgroup_body_cancel_before_exception", cancelsAndFails("body", "before"), ["no"])
portBoth("BaseTestTaskGroup.test_taskgroup_body_cancel_after_exception", cancelsAndFails("body", "after"), ["no"])

// The first to end cancels the others, of which one could end in the same tick.
portBoth(
  "BaseTestTaskGroup.test_taskgroup_cancel_one_winner",
  (how) =>
    logged((log) =>
      Effect.gen(function*() {
        const event = yield* Event.make
        const racer = (n: number, wait: Program<void, never>) =>
          Effect.gen(function*() {
            log(`${n} started`)
            yield* wait
            log(`${n} finished`)
            return n
          })
        let winner = 0
        yield* TaskGroup.run((group) =>
          Effect.forEach(
            [
              racer(1, Event.wait(event)),
              racer(2, Event.wait(event)),
              racer(3, Effect.andThen(Event.set(event), sleep("10 seconds")))
            ],
            (race) =>
              group.createTask(
                Effect.flatMap(race, (n) => {
                  winner = n
                  return group.cancel
                }),
                how
              )
          )
        )
        log(winner)
      })
    ),
  ["1 started", "2 started", "3 started", "1 finished", 1]
)
