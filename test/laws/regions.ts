/** What opens a region: deadlines, groups, catchCancelled, and several of them in branches of one task. */
import { Cause, Effect, Exit, Fiber, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, Task } from "effect-asyncio"
import { type Law, outcomeOf, type Program } from "./everyStep.ts"
import { failsSlowly, joining, lossless, named, program, slowly, stubbornly } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { sleep } = asyncio

/** What `timeout` and its kin share: `limit` puts a deadline of so many seconds over a body. */
const deadlines = (
  limit: <A, E>(
    seconds: number,
    body: Effect.Effect<A, E, EventLoop.EventLoop>
  ) => Effect.Effect<A, E | Cause.TimeoutError, EventLoop.EventLoop>
): ReadonlyArray<Program> => [
  program("a body in time", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        law.equal(yield* limit(2, part(sleep("1 second", "value"))), "value", "the value")
      }))),
  program("a body too late", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(limit(1, part(slowly(sleep("1 hour")))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
      }))),
  program("the value at the very time", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        yield* Effect.exit(limit(1, part(sleep("1 second", "value"))))
      }))),
  program("no time at all", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        yield* Effect.exit(limit(0, part(slowly(sleep("1 second")))))
        yield* Effect.exit(limit(-1, part(sleep(0))))
      }))),
  program("one in another, both at once", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(limit(1, part(limit(1, part(slowly(sleep("1 hour")))))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the outer block")
      }))),
  program("three, the middle one first", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const inner = part(limit(3, part(slowly(sleep("1 hour")))))
        const exit = yield* Effect.exit(limit(4, part(Effect.exit(limit(2, inner)))))
        if (Exit.isSuccess(exit)) law.equal(outcomeOf(exit.value), "fail TimeoutError", "the middle block")
      }))),
  program(
    "a body that fails while it cleans up",
    (law) => law.encloses("the block", (part) => lossless(law, limit(1, part(failsSlowly(law, "clean-up")))))
  ),
  program("one in another, failures in both clean-ups", (law) =>
    law.encloses("the block", (part) => {
      const inner = limit(2, part(failsSlowly(law, "inner")))
      return lossless(law, limit(1, part(Effect.onInterrupt(inner, () => law.fail("outer")))))
    })),
  program("a body that goes on", () =>
    Effect.gen(function*() {
      const stubborn = limit(1, stubbornly(sleep("1 hour")))
      yield* Effect.exit(stubborn)
    }), { stubborn: ["main"] }),
  program("a body that joins", (law) =>
    Effect.gen(function*() {
      const task = yield* named("inner", slowly(sleep("1 hour")))
      yield* Effect.exit(limit(1, joining(law, task)))
      law.expect(Task.done(task), "the block is over, what it joined is not")
    })),
  program("a body that forks", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const forking = Effect.andThen(Effect.forkChild(part(slowly(sleep("1 hour")))), sleep("1 hour"))
        yield* Effect.exit(limit(1, part(forking)))
      }))),
  program("several one after the other", (law) =>
    law.encloses("the blocks", (part) =>
      Effect.gen(function*() {
        for (const seconds of [1, 2, 1]) yield* Effect.exit(limit(seconds, part(sleep("2 seconds"))))
      }))),
  program("in an uninterruptible part", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.uninterruptible(Effect.exit(limit(1, part(sleep("1 hour")))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
        yield* sleep(0)
      })))
]

/** What the deadline asks for is nobody's any more, once the block has ended. */
const endInTheTickOfTheDeadline = (law: Law) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(asyncio.timeout("1 hour", (timeout) =>
      Effect.gen(function*() {
        // Behind the body's own timer.
        yield* named("mover", Effect.exit(asyncio.Timeout.reschedule(timeout, 1)))
        yield* Effect.uninterruptible(sleep("1 second"))
      })))
    yield* sleep("1 second")
    if (law.undisturbed) law.equal(outcomeOf(exit), "value undefined", "the block")
    return "went on"
  })

const timeout: Subject = {
  name: "timeout",
  programs: [
    ...deadlines((seconds, body) => asyncio.timeout({ seconds }, () => body)),
    program("an uninterruptible body that ends in the tick of the deadline", endInTheTickOfTheDeadline),
    program("rescheduled from inside and outside", (law) =>
      law.encloses("the block", (part) =>
        Effect.gen(function*() {
          const { reschedule } = asyncio.Timeout
          const exit = yield* Effect.exit(asyncio.timeout("1 second", (timeout) =>
            part(Effect.gen(function*() {
              yield* reschedule(timeout, undefined)
              yield* sleep("2 seconds")
              yield* reschedule(timeout, 5)
              // The block may be over when it runs.
              yield* named("mover", Effect.exit(reschedule(timeout, 4)))
              yield* sleep("1 hour")
            }))))
          law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
        })))
  ]
}

const timeoutAt: Subject = {
  name: "timeoutAt",
  programs: deadlines((seconds, body) =>
    Effect.flatMap(asyncio.EventLoop.time, (now) => asyncio.timeoutAt(now + seconds, () => body))
  )
}

const boundGroup: Subject = {
  name: "TaskGroup.make",
  programs: [
    program(
      "tasks that end with their scope",
      (law) =>
        law.encloses("the scope", (part) =>
          Effect.scoped(Effect.gen(function*() {
            const group = yield* asyncio.TaskGroup.make()
            yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
            yield* group.createTask(part(sleep("1 second")), { name: "b" })
            yield* slowly(sleep("2 seconds"))
          })))
    ),
    program(
      "a failure, and who joins it",
      (law) =>
        law.encloses("the scope", (part) =>
          Effect.scoped(Effect.gen(function*() {
            const group = yield* asyncio.TaskGroup.make<string>()
            yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
            yield* group.createTask(part(failsSlowly(law, "b")), { name: "b" })
            // Where a was cancelled nobody fails.
            yield* Effect.ignore(asyncio.timeout("5 seconds", () => law.look(group.join)))
          })))
    )
  ]
}

const timeoutOption: Subject = {
  name: "timeoutOption",
  programs: deadlines((seconds, body) =>
    Effect.flatMap(
      asyncio.timeoutOption({ seconds }, () => body),
      Option.match({ onNone: () => Effect.fail(new Cause.TimeoutError()), onSome: Effect.succeed })
    )
  )
}

const waitFor: Subject = {
  name: "waitFor",
  programs: [
    ...deadlines((seconds, body) =>
      // Without time `waitFor` does not start an effect, which is what the others are about.
      seconds > 0 ? asyncio.waitFor(body, { seconds }) : asyncio.timeout({ seconds }, () => body)
    ),
    program("a task, cancelled when time is over", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(sleep("1 hour")))
        yield* Effect.exit(asyncio.waitFor(task, "1 second"))
        law.expect(Task.done(task), "waitFor is over, its task is not")
      })),
    program("a task, no time at all", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(sleep("1 hour")))
        yield* sleep("1 second")
        const exit = yield* Effect.exit(asyncio.waitFor(task, 0))
        law.expect(Task.done(task), "waitFor is over, its task is not")
        if (law.undisturbed) law.equal(outcomeOf(exit), "fail TimeoutError", "waitFor")
      })),
    program("an effect, no time at all", (law) =>
      Effect.gen(function*() {
        yield* Effect.exit(asyncio.waitFor(Effect.sync(() => law.expect(false, "it ran")), 0))
      })),
    program(
      "a shielded task lives on",
      () =>
        Effect.gen(function*() {
          const task = yield* named("inner", sleep("2 seconds", "value"))
          yield* Effect.exit(asyncio.waitFor(asyncio.shield(task), "1 second"))
        }),
      { independent: (task) => task === "inner" }
    )
  ]
}

/** A block whose children are over when it is, and all of whose failures come out of it. */
const block = (
  law: Law,
  body: (
    group: asyncio.TaskGroup.TaskGroup,
    part: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<unknown, string, EventLoop.EventLoop>
) => law.encloses("the group", (part) => lossless(law, asyncio.TaskGroup.run((group) => part(body(group, part)))))

const taskGroup: Subject = {
  name: "TaskGroup",
  programs: [
    program("children and a value", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(sleep("1 second")), { name: "a" })
          yield* group.createTask(part(slowly(sleep("2 seconds"))), { name: "b" })
          return "value"
        }))),
    program("a body that outlives them", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(sleep("1 second")), { name: "a" })
          yield* group.createTask(part(Effect.void), { name: "b" })
          yield* slowly(sleep("2 seconds"))
        }))),
    program("a child that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "b" })
          yield* slowly(sleep("1 hour"))
        }))),
    program("children that fail while they clean up", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* group.createTask(part(failsSlowly(law, "b")), { name: "b" })
          yield* group.createTask(part(failsSlowly(law, "c")), { name: "c" })
          yield* failsSlowly(law, "body")
        }))),
    program("a body that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* sleep("1 second")
          return yield* law.fail("body")
        }))),
    program("children that add children", (law) =>
      block(law, (group, part) => {
        const child = (depth: number): Effect.Effect<void, never, EventLoop.EventLoop> =>
          part(Effect.gen(function*() {
            yield* sleep("1 second")
            // Refused once the group shuts down.
            if (depth > 0) yield* Effect.exit(group.createTask(child(depth - 1), { name: `depth ${depth - 1}` }))
          }))
        return group.createTask(child(3), { name: "depth 3" })
      })),
    program("a group in a group", (law) =>
      block(law, (outer, part) =>
        Effect.gen(function*() {
          yield* outer.createTask(part(slowly(sleep("1 hour"))), { name: "outer child" })
          yield* block(law, (inner, part) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("1 hour"))), { name: "inner child" })
              yield* inner.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
            }))
        }))),
    program("a group in a child", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          const inside = asyncio.TaskGroup.run((inner) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("2 seconds"))), { name: "inner a" })
              yield* inner.createTask(part(sleep("1 second")), { name: "inner b" })
            })
          )
          yield* group.createTask(part(inside), { name: "a" })
          yield* group.createTask(part(sleep("3 seconds")), { name: "b" })
        }))),
    ...[1, 2].map((concurrency) =>
      program(`${concurrency} at work at once`, (law) =>
        law.encloses("the group", (part) =>
          lossless(
            law,
            asyncio.TaskGroup.run((group) => {
              let working = 0
              const begun: Array<number> = []
              const work = (i: number) =>
                part(Effect.suspend(() => {
                  begun.push(i)
                  law.expect(++working <= concurrency, `${working} at work at once`)
                  law.expect(begun.toSorted().join() === begun.join(), `they began in the order ${begun}`)
                  return Effect.ensuring(slowly(sleep("1 second")), Effect.sync(() => void working--))
                }))
              return Effect.forEach([0, 1, 2, 3], (i) => group.createTask(work(i), { name: `${i}` }), { discard: true })
            }, { concurrency })
          )))
    ),
    program("tasks that start, slowly, one too late, one never", (law) =>
      block(law, (group, part) => {
        const running = new Set<string>()
        const serve = (name: string, seconds: number) => {
          let isStarted = false
          const start = group.start((started: asyncio.TaskGroup.Started<string>) => {
            running.add(name)
            const starts = Effect.tap(started(name), () => Effect.sync(() => void (isStarted = true)))
            const serving = Effect.andThen(sleep({ seconds }), Effect.andThen(starts, sleep("2 seconds")))
            return Effect.ensuring(part(slowly(serving)), Effect.sync(() => running.delete(name)))
          }, { name })
          return Effect.onExit(start, () =>
            Effect.sync(() => law.expect(isStarted || !running.has(name), "it has not started, and runs on")))
        }
        return Effect.gen(function*() {
          law.equal(yield* serve("a", 1), "a", "what it started with")
          const late = yield* Effect.exit(asyncio.timeout("500 millis", () =>
            serve("late", 1)))
          if (law.undisturbed) law.equal(outcomeOf(late), "fail TimeoutError", "the late one's start")
          yield* group.createTask(serve("c", 0), { name: "starter" })
          const failing = (_: asyncio.TaskGroup.Started) => part(Effect.andThen(sleep("1 second"), law.fail("never")))
          // The starter has it, and nobody else.
          const starter = Effect.ensuring(
            law.look(group.start(failing, { name: "never" })),
            Effect.sync(() => law.failed.delete("never"))
          )
          yield* Effect.ignore(starter)
        })
      })),
    program("group.cancel", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), group.cancel)), { name: "b" })
          yield* slowly(sleep("1 hour"))
        }))),
    program("group.cancel by a body that waits on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* sleep("1 second")
          yield* group.cancel
        }))),
    program("group.cancel by a body that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(failsSlowly(law, "b")), { name: "b" })
          yield* sleep("1 second")
          yield* group.cancel
          return yield* law.fail("body")
        }))),
    program("group.cancel by an eager child", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(Effect.andThen(group.cancel, part(slowly(sleep("1 hour")))), {
            name: "b",
            eager: true
          })
          yield* slowly(sleep("1 hour"))
        }))),
    program("group.cancel of a group in a group", (law) =>
      block(law, (outer, part) =>
        Effect.gen(function*() {
          yield* outer.createTask(part(slowly(sleep("2 seconds"))), { name: "outer child" })
          yield* block(law, (inner, part) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("1 hour"))), { name: "inner child" })
              yield* inner.createTask(Effect.andThen(sleep("1 second"), inner.cancel), { name: "b" })
              yield* slowly(sleep("1 hour"))
            }))
          yield* sleep("1 second")
          if (law.undisturbed) return "went on"
        }))),
    program("a child that goes on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(stubbornly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("b"))), { name: "b" })
        })), { stubborn: ["a"] }),
    program("a body that goes on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* stubbornly(sleep("1 hour"))
        })), { stubborn: ["main"], cancels: true }),
    program(
      "under a timeout",
      (law) =>
        Effect.exit(asyncio.timeout("1 second", () =>
          block(law, (group, part) =>
            Effect.gen(function*() {
              yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
              yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "b" })
            })))),
      {}
    ),
    program("eager children", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 second"))), { name: "a", eager: true })
          yield* group.createTask(part(law.fail("b")), { name: "b", eager: true })
        })))
  ]
}

const catchCancelled: Subject = {
  name: "catchCancelled",
  programs: [
    program("goes on", () => stubbornly(sleep("1 second", "value")), { stubborn: ["main"] }),
    program(
      "passes it on",
      (law) =>
        law.encloses(
          "the region",
          (part) =>
            Task.catchCancelled(part(slowly(sleep("1 second"))), () =>
              part(Effect.andThen(sleep("1 second"), Effect.interrupt)))
        )
    ),
    program("one in another", (law) =>
      law.encloses("the regions", (part) =>
        Task.catchCancelled(
          part(Task.catchCancelled(part(sleep("2 seconds")), () => part(Effect.andThen(sleep(0), Effect.interrupt)))),
          () => part(sleep("1 second"))
        )), { stubborn: ["main"] }),
    program("inside of a timeout", (law) =>
      law.encloses("the block", (part) =>
        Effect.exit(
          asyncio.timeout(
            "1 second",
            () => Task.catchCancelled(part(sleep("1 hour")), () => part(sleep("1 second", "went on")))
          )
        )), { stubborn: ["main"] }),
    program(
      "a failure in the clean-up",
      (law) => lossless(law, Task.catchCancelled(failsSlowly(law, "clean-up"), () => Effect.void))
    ),
    program("of what is awaited", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("1 second", "value"))
        const seen = yield* Task.catchCancelled(joining(law, task), () => Effect.succeed("cancelled"))
        yield* sleep("1 second")
        return seen
      }), { stubborn: ["main"] })
  ]
}

interface Branch {
  readonly effect: Effect.Effect<unknown, unknown, EventLoop.EventLoop>
  /** How it ends, as long as neither `main` nor one of its own tasks is hit: whatever becomes of the other branches. */
  readonly ends: string
  readonly tasks?: ReadonlyArray<string>
}

/** Branches that the task forks, each with regions of its own. */
const forked = (
  law: Law,
  branches: ReadonlyArray<Branch>,
  fork: (
    branches: ReadonlyArray<Effect.Effect<unknown, unknown, EventLoop.EventLoop>>
  ) => Effect.Effect<unknown, unknown, EventLoop.EventLoop> = (branches) =>
    Effect.all(branches, { concurrency: "unbounded", mode: "result" })
) =>
  law.encloses(
    "the task's own fiber",
    (part) =>
      fork(branches.map(({ effect, ends, tasks = [] }, i) =>
        Effect.onExit(part(effect), (exit) =>
          Effect.sync(() => {
            if (["main", ...tasks].some((task) => law.wasHit(task))) return
            law.equal(outcomeOf(exit), ends, `branch ${i}`)
          }))
      ))
  )

const tooLate = "fail TimeoutError"

const limited = (seconds: number, effect: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
  asyncio.timeout({ seconds }, () => effect)

const branches: Subject = {
  name: "forked branches",
  programs: [
    program("deadlines, equal ones and others, and clean-ups that suspend", (law) =>
      forked(law, [
        { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
        { effect: limited(1, sleep("1 hour")), ends: tooLate },
        { effect: limited(1.5, slowly(sleep("1 hour"))), ends: tooLate },
        { effect: asyncio.waitFor(sleep("3 seconds", "value"), "4 seconds"), ends: "value \"value\"" },
        { effect: limited(0, sleep("1 hour")), ends: tooLate }
      ])),
    program("deadlines in deadlines", (law) =>
      forked(law, [
        { effect: limited(2, Effect.exit(limited(1, slowly(sleep("1 hour"))))), ends: tooLate },
        { effect: limited(1, limited(2, slowly(sleep("1 hour")))), ends: tooLate },
        { effect: limited(3, Effect.ignore(limited(1, sleep("1 hour")))), ends: "value undefined" }
      ])),
    program("groups: one fails, one is cancelled, one ends well", (law) => {
      const group = (
        body: (group: asyncio.TaskGroup.TaskGroup) => Effect.Effect<unknown, string, EventLoop.EventLoop>
      ) => asyncio.TaskGroup.run((group) => Effect.asVoid(body(group)))
      const failing = group((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("no")), { name: "failing" })
          yield* group.createTask(slowly(sleep("1 hour")), { name: "sibling" })
        })
      )
      const cancelled = group((group) =>
        Effect.gen(function*() {
          yield* group.createTask(slowly(sleep("1 hour")), { name: "cancelled" })
          yield* sleep("1 second")
          yield* group.cancel
        })
      )
      const well = group((group) => group.createTask(sleep("3 seconds"), { name: "well" }))
      return forked(law, [
        { effect: failing, ends: "fail no", tasks: ["failing", "sibling"] },
        { effect: cancelled, ends: "value undefined", tasks: ["cancelled"] },
        { effect: well, ends: "value undefined", tasks: ["well"] }
      ])
    }),
    program("going on after what was awaited is cancelled, beside deadlines", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", slowly(sleep("1 hour")))
        yield* law.later(1, () => void Task.cancelUnsafe(inner))
        yield* forked(law, [
          {
            effect: Task.catchCancelled(Task.join(inner), () => Effect.succeed("went on")),
            ends: "value \"went on\"",
            tasks: ["inner"]
          },
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(5, Effect.andThen(sleep("3 seconds"), sleep("1 second"))), ends: "value undefined" }
        ])
      }), { cancels: true }),
    program("under a deadline that ends them all", (law) =>
      Effect.exit(limited(
        2.5,
        forked(law, [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(3, slowly(sleep("1 hour"))), ends: "cancelled" },
          {
            effect: asyncio.TaskGroup.run((group) => group.createTask(slowly(sleep("1 hour")), { name: "a" })),
            ends: "cancelled",
            tasks: ["a"]
          }
        ])
      ))),
    program("a race: the loser's regions end with it", (law) =>
      forked(law, [
        { effect: limited(3, sleep("1 second", "first")), ends: "value \"first\"" },
        { effect: limited(2, slowly(sleep("1 hour"))), ends: "cancelled" }
      ], Effect.raceAll)),
    program("a stream's", (law) =>
      forked(
        law,
        [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(1, sleep("1 hour")), ends: tooLate },
          { effect: limited(4, sleep("2 seconds", "value")), ends: "value \"value\"" }
        ],
        (branches) => Stream.runDrain(Stream.mapEffect(Stream.fromIterable(branches), Effect.exit, { concurrency: 2 }))
      )),
    program("fibers of a scope", (law) =>
      forked(
        law,
        [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate }
        ],
        (branches) =>
          Effect.scoped(Effect.flatMap(Effect.forEach(branches, (b) => Effect.forkScoped(b)), Fiber.awaitAll))
      ))
  ]
}

export const regions: ReadonlyArray<Subject> = [
  timeout,
  timeoutAt,
  timeoutOption,
  waitFor,
  taskGroup,
  boundGroup,
  catchCancelled,
  branches
]
