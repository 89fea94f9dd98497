/** Those who observe: what they are told, and that the program does not feel it. */
import { describe, expect, it, vi } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Barrier, Event, EventLoop, Lock, Semaphore, Task } from "effect-asyncio"
import { observe, type Observer } from "../src/internal/kernel/observer.ts"
import { currentTask } from "../src/internal/task/task.ts"
import { withSteps } from "../src/internal/waiting/hostSteps.ts"
import { onVirtual, type Program } from "./support/loops.ts"

/** Tells what a program does, by the names of its tasks. */
const toldOf = <A, E>(program: Program<A, E>) => {
  const told: Array<string> = []
  const nameOf = (task: unknown) => (task as Task.Task<unknown, unknown>).name
  const listener: Observer = {
    created: (task) => told.push(`${task.name} is created`),
    started: (task) => told.push(`${task.name} starts`),
    ended: (task) => told.push(`${task.name} ends`),
    cancelled: (task) => told.push(`${task.name} is asked to cancel`),
    parked: (waiter) => {
      const { label, resource } = waiter
      const holder = resource?.holder === undefined ? "" : ` that '${resource.holder.name}' has`
      told.push(`${nameOf(currentOf(waiter))} waits for ${label}${holder}`)
    },
    woken: (waiter) => told.push(`${nameOf(currentOf(waiter))} is woken`),
    left: (waiter) => told.push(`${nameOf(currentOf(waiter))} is interrupted`),
    opened: ({ call, limit, region }) =>
      told.push(`${currentTask(region.fiber!)?.name} begins a ${call} of ${limit === undefined ? "-" : limit / 1e6}`),
    closed: ({ call }, outcome) => told.push(`a ${call} has ended: ${outcome}`),
    withdrawn: (waiter) => told.push(`${nameOf(currentOf(waiter))} leaves its line`)
  }
  return Effect.as(observed(listener, program), told)
}

const currentOf = (waiter: object): unknown => (waiter as { readonly awaiter?: unknown }).awaiter ?? { name: "bare" }

const observed = <A, E>(listener: Observer, program: Program<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => observe(listener)),
    () => onVirtual(program),
    (stop) => Effect.sync(stop)
  )

const named = (name: string) => ({ name })

const contended = Effect.gen(function*() {
  const lock = yield* Lock.make
  const holder = yield* asyncio.createTask(Lock.withLock(lock, asyncio.sleep("1 second")), named("holder"))
  const next = yield* asyncio.createTask(Lock.withLock(lock, Effect.void), named("next"))
  const given = yield* asyncio.createTask(Lock.withLock(lock, Effect.void), named("given up"))
  yield* asyncio.sleep(0)
  yield* Task.cancel(given)
  yield* asyncio.wait([holder, next, given])
})

describe("what an observer is told", () => {
  it.live("every event of a task's life, in order", () =>
    Effect.gen(function*() {
      const told = yield* toldOf(contended)
      const of = (name: string) =>
        told.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length))
      expect(of("holder")).toEqual([" is created", " starts", " waits for a timer", " is woken", " ends"])
      expect(of("next")).toEqual([
        " is created",
        " starts",
        " waits for a Lock that 'holder' has",
        " is woken",
        " ends"
      ])
      expect(of("given up")).toEqual([
        " is created",
        " starts",
        " waits for a Lock that 'holder' has",
        " is asked to cancel",
        " leaves its line",
        " ends"
      ])
      expect(told.indexOf("next is woken")).toBe(told.indexOf("holder ends") - 1)
    }))

  it.live("a waiter whose fiber Effect interrupts leaves, whether it was woken or not", () =>
    Effect.gen(function*() {
      const told = yield* toldOf(Effect.gen(function*() {
        const event = yield* Event.make
        const parked = yield* Effect.forkChild(Event.wait(event), { startImmediately: true })
        yield* Fiber.interrupt(parked)
        const woken = yield* Effect.forkChild(Event.wait(event), { startImmediately: true })
        yield* Event.set(event)
        yield* Fiber.interrupt(woken)
      }))
      const waits = ["Task-1 waits for an Event", "Task-1 is interrupted"]
      expect(told.filter((line) => /Event|interrupted|Task-1 is woken/.test(line)))
        .toEqual([...waits, "Task-1 waits for an Event", "Task-1 is woken", "Task-1 is interrupted"])
    }))

  it.live("who waits at a barrier waits for that, not for what it is made of", () =>
    Effect.gen(function*() {
      const told = yield* toldOf(Effect.gen(function*() {
        const barrier = yield* Barrier.make(2)
        yield* asyncio.gather([Barrier.wait(barrier), Barrier.wait(barrier)])
      }))
      expect(told.filter((line) => /Barrier|Condition|Lock/.test(line))).toEqual(["Task-2 waits for a Barrier"])
    }))

  const limited = (millis: number, body: Program<unknown>) => Effect.ignore(asyncio.timeout(millis, () => body))
  const group = (...tasks: ReadonlyArray<Effect.Effect<void, string>>): Program<void> =>
    Effect.ignore(asyncio.TaskGroup.run((group) => Effect.forEach(tasks, (task) => group.createTask(task))))

  for (
    const [name, program, lines] of [
      ["a block in time", limited(5, asyncio.sleep(1)), ["Task-1 begins a timeout of 5", "a timeout has ended: ok"]],
      ["a block out of time", limited(1, asyncio.sleep(5)), [
        "Task-1 begins a timeout of 1",
        "a timeout has ended: failed"
      ]],
      ["a block cancelled from outside", limited(5, limited(1, asyncio.sleep(9))).pipe((body) => limited(0, body)), [
        "Task-1 begins a timeout of 0",
        "Task-1 begins a timeout of 5",
        "Task-1 begins a timeout of 1",
        "a timeout has ended: cancelled",
        "a timeout has ended: cancelled",
        "a timeout has ended: failed"
      ]],
      ["a group", group(asyncio.sleep(1), asyncio.sleep(2)), [
        "Task-1 begins a TaskGroup of -",
        "a TaskGroup has ended: ok"
      ]],
      ["a group that fails", group(asyncio.sleep(1), Effect.fail("no")), [
        "Task-1 begins a TaskGroup of -",
        "a TaskGroup has ended: failed"
      ]]
    ] as const
  ) {
    it.live(`${name}: that it begins, and how it ends`, () =>
      Effect.gen(function*() {
        const told = yield* toldOf(program)
        expect(told.filter((line) => /begins|has ended/.test(line))).toEqual(lines)
      }))
  }

  it.live("the last task of a group wakes the block", () =>
    Effect.gen(function*() {
      const told = yield* toldOf(group(asyncio.sleep(1), asyncio.sleep(2)))
      expect(told.slice(told.indexOf("Task-2 ends")).filter((line) => !line.startsWith("bare"))).toEqual([
        "Task-2 ends",
        "Task-3 is woken",
        "Task-3 ends",
        "Task-1 is woken",
        "a TaskGroup has ended: ok",
        "Task-1 ends"
      ])
    }))

  it.live("whose a lock is, and a permit", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const listener: Observer = {
        taken: ({ kind }, fiber) => told.push(`${kind}: ${currentTask(fiber)?.name}`),
        released: ({ kind }) => told.push(`${kind}: -`)
      }
      yield* observed(listener, contended)
      expect(told).toEqual(["Lock: holder", "Lock: -", "Lock: next", "Lock: -"])
      told.length = 0
      yield* observed(
        listener,
        Effect.gen(function*() {
          const semaphore = yield* Semaphore.make(1)
          const worker = (name: string) =>
            asyncio.createTask(Semaphore.withPermit(semaphore, asyncio.sleep(1)), named(name))
          yield* asyncio.gather([yield* worker("a"), yield* worker("b")])
        })
      )
      expect(told).toEqual(["Semaphore: a", "Semaphore: -", "Semaphore: b", "Semaphore: -"])
    }))

  it.live("an eager task starts before it is anybody's; one cancelled before its first step never does", () =>
    Effect.gen(function*() {
      const told = yield* toldOf(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.void, { name: "eager", eager: true })
        const early = yield* asyncio.createTask(Effect.void, named("early"))
        yield* Task.cancel(early)
        yield* asyncio.sleep(0)
      }))
      expect(told.filter((line) => line.startsWith("ea"))).toEqual([
        "eager is created",
        "eager starts",
        "eager ends",
        "early is created",
        "early is asked to cancel",
        "early ends"
      ])
    }))

  it.live("what each step is, and whose", () =>
    Effect.gen(function*() {
      const steps: Array<string> = []
      const listener: Observer = {
        // Steps that the host resumes are seen by this alone.
        services: withSteps,
        stepBegan: ({ owner, what }) => {
          if (what !== "internal") {
            steps.push(`${what} of ${owner instanceof Object && "name" in owner ? owner.name : "-"}`)
          }
        }
      }
      yield* observed(
        listener,
        Effect.gen(function*() {
          const worker = Effect.gen(function*() {
            yield* Effect.yieldNow
            yield* asyncio.sleep("1 second")
            yield* Effect.promise(() => Promise.resolve())
            yield* asyncio.sleep("1 hour")
          })
          const task = yield* asyncio.createTask(worker, named("worker"))
          yield* EventLoop.callSoon(() => {})
          yield* asyncio.sleep("2 seconds")
          yield* Task.cancel(task)
          yield* Task.await(task)
        })
      )
      expect(steps.filter((step) => step.endsWith("worker"))).toEqual([
        "start of worker",
        "step of worker",
        "timer of worker",
        "wake of worker",
        "resumed of worker",
        "cancel of worker"
      ])
      expect(steps).toContain("callback of -")
    }))
})

describe("what a program feels of it", () => {
  const program = (log: (line: string) => void) =>
    Effect.gen(function*() {
      const worker = (name: string) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) {
            log(`${name} ${i}`)
            yield* i === 1 ? asyncio.sleep("1 second") : asyncio.sleep(0)
          }
        })
      yield* asyncio.gather([worker("a"), worker("b"), contended])
    })
  const linesOf = (run: (program: Program<void, never>) => Effect.Effect<unknown, unknown>) =>
    Effect.suspend(() => {
      const lines: Array<string> = []
      return Effect.as(run(program((line) => lines.push(line))), lines)
    })

  it.live("no other order", () =>
    Effect.gen(function*() {
      const alone = yield* linesOf(onVirtual)
      const silent: Observer = { stepBegan: () => {}, stepEnded: () => {}, parked: () => {}, woken: () => {} }
      expect(yield* linesOf((program) => observed(silent, program))).toEqual(alone)
      expect(alone).toHaveLength(6)
    }))

  it.live("nothing of what an observer throws: it is logged once, and told nothing more; others are", () =>
    Effect.gen(function*() {
      let calls = 0
      let others = 0
      const broken: Observer = {
        created: () => {
          calls++
          throw new Error("broken")
        }
      }
      const stop = observe({ created: () => void others++ })
      const said = vi.spyOn(console, "log").mockImplementation(() => {})
      yield* Effect.ensuring(
        linesOf((program) => observed(broken, program)),
        Effect.sync(stop)
      )
      const lines = said.mock.calls.length
      said.mockRestore()
      expect([calls, lines]).toEqual([1, 1])
      expect(others).toBeGreaterThan(3)
    }))

  it.live("one that is stopped in the midst of a step is told nothing more", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const stop = observe({
        stepBegan: () => {
          told.push("began")
          stop()
        },
        stepEnded: () => told.push("ended")
      })
      yield* onVirtual(contended)
      expect(told).toEqual(["began"])
    }))
})
