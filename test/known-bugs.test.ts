/**
 * Bugs that others had, as tests of ours, each by its number. Where the thread has a program, this is that program; where
 * it has none, the one that its description implies.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scheduler, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task } from "effect-asyncio"
import { logged, onVirtual, outcomeOf, type Program, ticks } from "./support/loops.ts"

const { Barrier, BoundedSemaphore, Condition, createTask, Event, Lock, Queue, Semaphore, sleep } = asyncio

const virtual = <A>(name: string, program: Program<A>, expected: A) =>
  it.live(name, () => Effect.map(onVirtual(program), (value) => expect(value).toEqual(expected)))

const named = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) => createTask(effect, { name })

describe("python/cpython", () => {
  // python/cpython#90155: a waiter that is cancelled after its wake takes the wake-up with it; nobody gets in any more.
  virtual(
    "#90155: cancelling a woken waiter of a Semaphore wakes the next",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      yield* Semaphore.acquire(semaphore)
      const first = yield* named("first", Semaphore.acquire(semaphore))
      const second = yield* named("second", Semaphore.acquire(semaphore))
      yield* sleep(0)
      yield* Semaphore.release(semaphore)
      yield* Task.cancel(first)
      yield* Task.await(second)
      yield* Semaphore.release(semaphore)
      return [Task.cancelled(first), Semaphore.locked(semaphore), Semaphore.statistics(semaphore).available]
    }),
    [true, false, 1]
  )

  // The other half of python/cpython#90155: whoever releases and acquires again overtakes those who wait.
  virtual(
    "#90155: a Semaphore serves those who wait before whoever released it",
    logged((log) =>
      Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(1)
        const worker = (name: string) =>
          Effect.forEach([1, 2], () =>
            Semaphore.withPermit(semaphore, Effect.andThen(sleep(0), Effect.sync(() => log(name)))))
        yield* asyncio.gather(["a", "b", "c"].map(worker))
      })
    ),
    ["a", "b", "c", "a", "b", "c"]
  )

  // python/cpython#112202: a notification that races with a cancellation is lost, and the consumers starve.
  virtual(
    "#112202: cancelling a notified waiter notifies the next",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      const waiter = Condition.withLock(condition, Condition.wait(condition))
      const first = yield* named("first", waiter)
      const second = yield* named("second", waiter)
      yield* sleep(0)
      yield* Condition.withLock(condition, Condition.notify(condition))
      yield* Task.cancel(first)
      yield* Task.await(second)
      return [Task.cancelled(first), Task.cancelled(second), Condition.locked(condition)]
    }),
    [true, false, false]
  )

  // python/cpython#112202: the same, cancelled while the notified waiter queues for the lock.
  virtual(
    "#112202: cancelling a notified waiter that waits for the lock notifies the next",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      const waiter = Condition.withLock(condition, Condition.wait(condition))
      const first = yield* named("first", waiter)
      const second = yield* named("second", waiter)
      yield* sleep(0)
      yield* Condition.withLock(
        condition,
        Effect.gen(function*() {
          yield* Condition.notify(condition)
          yield* ticks(3)
          yield* Task.cancel(first)
          yield* ticks(3)
        })
      )
      yield* Task.await(second)
      return [Task.cancelled(first), Task.cancelled(second), Condition.locked(condition)]
    }),
    [true, false, false]
  )

  // python/cpython#74741: a loop of `wait(FIRST_COMPLETED)` over what is pending costs O(n) a round. Counted in what is
  // put into the tasks' lines: once for the first call, once for all calls that go on with it.
  it.live("#74741: a loop over pending tasks attaches to each of them a fixed number of times", () =>
    onVirtual(Effect.gen(function*() {
      const attached = (n: number) =>
        Effect.gen(function*() {
          const tasks = []
          for (let i = 0; i < n; i++) tasks.push(yield* createTask(sleep({ seconds: i })))
          let count = 0
          for (const task of tasks) {
            const line = task as unknown as { push(node: unknown): void }
            const push = line.push.bind(line)
            line.push = (node) => {
              count++
              push(node)
            }
          }
          let pending: ReadonlySet<Task.Task<void>> = new Set(tasks)
          while (pending.size > 0) {
            pending = (yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED })).pending
          }
          return count
        })
      const [few, many] = [yield* attached(10), yield* attached(100)]
      expect(many).toBeLessThanOrEqual(few * 11)
    })))
})

describe("python/asyncio", () => {
  // python/asyncio#343: the program of the thread. Item 4, put while the get with a time limit gives up, was lost.
  virtual(
    "#343: waitFor(get) loses no item",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number | undefined>()
      const got: Array<number | undefined> = []
      yield* createTask(Effect.gen(function*() {
        for (let i = 0; i < 6; i++) {
          yield* Queue.put(queue, i)
          yield* sleep({ seconds: i })
        }
        yield* Queue.put(queue, undefined)
      }))
      for (;;) {
        const exit = yield* Effect.exit(asyncio.waitFor(Queue.get(queue), "3 seconds"))
        if (Exit.isFailure(exit)) continue
        if (exit.value === undefined) return got
        got.push(exit.value)
      }
    }),
    [0, 1, 2, 3, 4, 5]
  )
})

describe("agronholm/anyio", () => {
  // agronholm/anyio#387: A cancels B, which waits for the lock, and releases it in the same step: the lock stays with B.
  virtual(
    "#387: a lock released to a cancelled waiter is free",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      const waiter = yield* named("waiter", Lock.withLock(lock, Effect.void))
      yield* sleep(0)
      yield* Task.cancel(waiter)
      yield* Lock.release(lock)
      yield* Task.await(waiter)
      yield* Lock.withLock(lock, Effect.void)
      return [Task.cancelled(waiter), Lock.locked(lock), Lock.statistics(lock).waiting]
    }),
    [true, false, 0]
  )

  // agronholm/anyio#1145: the lock is released while its queue holds only cancelled waiters that have not run yet, and
  // somebody acquires it before they do: that one waits for a release that never comes.
  virtual(
    "#1145: a newcomer behind cancelled waiters only gets the lock",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      const waiters = [yield* named("a", Lock.acquire(lock)), yield* named("b", Lock.acquire(lock))]
      yield* sleep(0)
      for (const waiter of waiters) yield* Task.cancel(waiter)
      yield* Lock.release(lock)
      yield* Lock.acquire(lock)
      const held = Lock.locked(lock)
      yield* Lock.release(lock)
      for (const waiter of waiters) yield* Task.await(waiter)
      return [held, Lock.locked(lock)]
    }),
    [true, false]
  )

  // agronholm/anyio#947: a limiter's token, granted in the tick in which its waiter is cancelled, is gone.
  for (const make of [Semaphore.make, BoundedSemaphore.make]) {
    virtual(
      `#947: a permit given in the tick of a cancellation is passed on (${
        make === Semaphore.make ? "" : "Bounded"
      }Semaphore)`,
      Effect.gen(function*() {
        const semaphore = yield* make(1)
        const holder = yield* named("holder", Semaphore.withPermit(semaphore, sleep("1 second")))
        const waiter = yield* named("waiter", Semaphore.withPermit(semaphore, sleep("1 hour")))
        const next = yield* named("next", Semaphore.withPermit(semaphore, sleep(0)))
        yield* asyncio.EventLoop.callLater("1 second", () => void Task.cancelUnsafe(waiter))
        yield* Task.await(holder)
        yield* Task.await(next)
        return [Task.cancelled(waiter), Task.cancelled(next), Semaphore.statistics(semaphore).available]
      }),
      [true, false, 1]
    )
  }
})

/** Every number of operations after which Effect lets a fiber yield by itself; below 3 nothing gets on. */
const budgets = Array.from({ length: 62 }, (_, i) => i + 3)

/**
 * Runs `effect` in a bare fiber, outside of any loop, that yields after every `budget` operations, interrupts it at its
 * `turn`th yield or suspension, and lets everything else come to rest.
 */
const interruptedAt = (budget: number, turn: number, effect: Effect.Effect<unknown, unknown>) => {
  const queue: Array<() => void> = []
  const dispatcher: Scheduler.SchedulerDispatcher = {
    scheduleTask: (task) => void queue.push(task),
    flush: () => {
      while (queue.length > 0) queue.shift()!()
    }
  }
  const fiber = Effect.runFork(
    effect.pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, budget)),
    {
      scheduler: {
        executionMode: "async",
        shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
        makeDispatcher: () => dispatcher
      }
    }
  )
  for (let i = 0; i < turn && queue.length > 0; i++) queue.shift()!()
  fiber.interruptUnsafe()
  dispatcher.flush()
  return fiber
}

/** At every budget and every yield. `prepare` gives what is interrupted and what must hold afterwards. */
const sweep = (
  name: string,
  prepare: Effect.Effect<{ readonly effect: Effect.Effect<unknown, unknown>; readonly check: () => unknown }>,
  expected: unknown
) =>
  it(name, () => {
    for (const budget of budgets) {
      for (let turn = 0; turn < 12; turn++) {
        const { check, effect } = Effect.runSync(prepare)
        interruptedAt(budget, turn, effect)
        expect(check(), `a yield every ${budget} operations, interrupted at turn ${turn}`).toEqual(expected)
      }
    }
  })

describe("Effect-TS/effect", () => {
  // Effect-TS/effect#7575: a producer that is resumed inside the consumer's take, and takes itself, duplicates its item.
  virtual(
    "#7575: a resumed producer that gets from the same queue duplicates nothing",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      yield* Queue.put(queue, 0)
      const producer = yield* createTask(Effect.andThen(Queue.put(queue, 1), Queue.get(queue)))
      yield* sleep(0)
      const first = yield* Queue.get(queue)
      return [first, yield* producer, Queue.size(queue)]
    }),
    [0, 1, 0]
  )

  // Effect-TS/effect#7575, the follow-ups: a resumed producer that puts again, or shuts the queue down.
  virtual(
    "#7575: a resumed producer that puts again keeps to the bound",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      yield* Queue.put(queue, 0)
      yield* createTask(Effect.andThen(Queue.put(queue, 1), Queue.put(queue, 2)))
      yield* sleep(0)
      const seen = [yield* Queue.get(queue)]
      yield* ticks(3)
      const size = Queue.size(queue)
      return [size, ...seen, yield* Queue.get(queue), yield* Queue.get(queue)]
    }),
    [1, 0, 1, 2]
  )
  virtual(
    "#7575: a resumed producer that shuts the queue down harms nobody",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      yield* Queue.put(queue, 0)
      yield* createTask(Effect.andThen(Queue.put(queue, 1), Queue.shutdown(queue, { immediate: true })))
      yield* sleep(0)
      const first = yield* Queue.get(queue)
      yield* ticks(2)
      return [first, outcomeOf(yield* Effect.exit(Queue.get(queue)))]
    }),
    [0, "fail Queue.get: the queue is shut down"]
  )

  // Effect-TS/effect#7580: the clean-up of an interrupted waiter runs twice, and takes the next one's place away.
  virtual(
    "#7580: interrupting a woken waiter leaves the one that came meanwhile in line",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      yield* Semaphore.acquire(semaphore)
      const a = yield* named("a", Semaphore.acquire(semaphore))
      yield* sleep(0)
      yield* Semaphore.release(semaphore) // a is woken, and has not run
      const b = yield* Effect.forkChild(Semaphore.acquire(semaphore), { startImmediately: true })
      yield* Fiber.interrupt(a.fiber!)
      yield* Task.cancel(a)
      yield* Fiber.join(b)
      return [Task.cancelled(a), Semaphore.statistics(semaphore).available, Semaphore.statistics(semaphore).waiting]
    }),
    [true, 0, 0]
  )

  // Effect-TS/effect#6638: permits given bit by bit to a waiter that is interrupted are lost. Ours are single; several
  // waiters of one task stand for them.
  virtual(
    "#6638: permits given to waiters that are interrupted together come back",
    Effect.gen(function*() {
      const semaphore = yield* BoundedSemaphore.make(4)
      for (let i = 0; i < 3; i++) yield* Semaphore.acquire(semaphore)
      const three = yield* createTask(
        Effect.all([1, 2, 3].map(() => Semaphore.withPermit(semaphore, sleep("1 hour"))), { concurrency: "unbounded" })
      )
      yield* ticks(3)
      yield* Semaphore.release(semaphore)
      yield* Task.cancel(three)
      yield* Semaphore.release(semaphore)
      yield* Task.await(three)
      yield* Semaphore.release(semaphore)
      return Semaphore.statistics(semaphore).available
    }),
    4
  )

  // Effect-TS/effect#8373 (2): a list that never runs empty keeps a slot for every item that it ever held.
  it("#8373: a queue that never runs empty does not grow", () => {
    const queue = Effect.runSync(Queue.make<object>())
    const seen: Array<WeakRef<object>> = []
    Queue.putNowaitUnsafe(queue, {})
    for (let i = 0; i < 100_000; i++) {
      const item = {}
      if (i % 10_000 === 0) seen.push(new WeakRef(item))
      Queue.putNowaitUnsafe(queue, item)
      Effect.runSync(Queue.get(queue))
    }
    expect(slotsOf(queue)).toBeLessThan(10_000)
    expect(Queue.size(queue)).toBe(1)
  })

  // Effect-TS/effect#8373 (1): after a drain of the first bucket, the next item was lost.
  virtual(
    "#8373: items put in batches come out once each",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      yield* Queue.putAll(queue, Stream.make(1, 2))
      yield* Queue.putAll(queue, Stream.make(3))
      const got = [yield* Queue.get(queue), yield* Queue.get(queue), yield* Queue.get(queue)]
      return [...got, Queue.size(queue)]
    }),
    [1, 2, 3, 0]
  )

  // Effect-TS/effect#8373 (3): interrupted just before it suspends, a waiter stays behind and swallows the next item.
  sweep(
    "#8373: a get that is interrupted before, while or after it suspends leaves no waiter behind",
    Effect.map(Queue.make<number>(), (queue) => ({
      effect: Queue.get(queue),
      check: () => {
        Queue.putNowaitUnsafe(queue, 1)
        return outcomeOf(Effect.runSyncExit(Queue.get(queue)))
      }
    })),
    1
  )
  sweep(
    "#8373: a put that is interrupted puts its item at most once",
    Effect.map(Queue.make<number>({ maxsize: 1 }), (queue) => ({
      effect: Queue.put(queue, 1),
      check: () => {
        const size = Queue.size(queue)
        Queue.putNowaitUnsafe(queue, 1)
        return size <= 1 && Queue.size(queue) === 1 && outcomeOf(Effect.runSyncExit(Queue.get(queue)))
      }
    })),
    1
  )
  sweep(
    "#8373: a wait for an event that is interrupted leaves no waiter behind",
    Effect.map(Event.make, (event) => ({
      effect: Event.wait(event),
      check: () => Event.statistics(event).waiting
    })),
    0
  )

  // Effect-TS/effect#6910, #8391: interrupted between taking the permits and installing their release, a fiber keeps
  // them for ever. `Scheduler.MaxOpsBeforeYield` makes a fiber yield at every point between two operations.
  const critical = Effect.andThen(Effect.yieldNow, Effect.void)
  const free = { locked: false, waiting: 0 }
  const lockState = (lock: asyncio.Lock.Lock) => () => {
    const { locked, waiting } = Lock.statistics(lock)
    return { locked, waiting }
  }
  const semaphoreState = (semaphore: asyncio.Semaphore.Semaphore) => () => {
    const { available, waiting } = Semaphore.statistics(semaphore)
    return { available, waiting }
  }
  sweep(
    "#6910: withLock, interrupted at every yield, gives the lock back",
    Effect.map(Lock.make, (lock) => ({ effect: Lock.withLock(lock, critical), check: lockState(lock) })),
    free
  )
  sweep(
    "#6910: acquireScoped of a Lock, interrupted at every yield, gives it back",
    Effect.map(Lock.make, (lock) => ({
      effect: Effect.scoped(Effect.andThen(Lock.acquireScoped(lock), critical)),
      check: lockState(lock)
    })),
    free
  )
  sweep(
    "#6910: withPermit, interrupted at every yield, gives the permit back",
    Effect.map(Semaphore.make(1), (semaphore) => ({
      effect: Semaphore.withPermit(semaphore, critical),
      check: semaphoreState(semaphore)
    })),
    { available: 1, waiting: 0 }
  )
  sweep(
    "#6910: acquireScoped of a Semaphore, interrupted at every yield, gives the permit back",
    Effect.map(Semaphore.make(1), (semaphore) => ({
      effect: Effect.scoped(Effect.andThen(Semaphore.acquireScoped(semaphore), critical)),
      check: semaphoreState(semaphore)
    })),
    { available: 1, waiting: 0 }
  )
  sweep(
    "#8391: withPermit in a queue, interrupted at every yield, gives the permit back",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      const holder = Effect.runFork(Semaphore.withPermit(semaphore, Effect.never))
      return {
        effect: Effect.andThen(
          // Released while the other one is parked.
          Effect.forkDetach(Effect.andThen(Effect.yieldNow, Fiber.interrupt(holder))),
          Semaphore.withPermit(semaphore, critical)
        ),
        check: () => {
          holder.interruptUnsafe()
          return semaphoreState(semaphore)()
        }
      }
    }),
    { available: 1, waiting: 0 }
  )
  sweep(
    "#8391: withLock in a queue, interrupted at every yield, gives the lock back",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const holder = Effect.runFork(Lock.withLock(lock, Effect.never))
      return {
        effect: Effect.andThen(
          Effect.forkDetach(Effect.andThen(Effect.yieldNow, Fiber.interrupt(holder))),
          Lock.withLock(lock, critical)
        ),
        check: () => {
          holder.interruptUnsafe()
          return lockState(lock)()
        }
      }
    }),
    free
  )
  sweep(
    "#8391: a wait of a Condition, interrupted at every yield, gives the lock back and keeps no place",
    Effect.map(Condition.make(), (condition) => ({
      effect: Condition.withLock(condition, Condition.wait(condition)),
      check: () => {
        const { lock, waiting } = Condition.statistics(condition)
        return [lock.locked, lock.waiting, waiting]
      }
    })),
    [false, 0, 0]
  )
  sweep(
    "#8391: a party of a Barrier, interrupted at every yield, leaves it",
    Effect.map(Barrier.make(2), (barrier) => ({
      effect: Barrier.wait(barrier),
      check: () => [Barrier.waiting(barrier), Barrier.statistics(barrier).lock.locked]
    })),
    [0, false]
  )

  // Effect-TS/effect#8391: the other fault, an acquire that can't be interrupted at all.
  virtual(
    "#8391: a parked withPermit can be cancelled at once",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const waiter = yield* createTask(Semaphore.withPermit(semaphore, Effect.void))
      yield* sleep(0)
      yield* Task.cancel(waiter)
      yield* Task.await(waiter)
      return [Task.cancelled(waiter), Semaphore.statistics(semaphore).waiting]
    }),
    [true, 0]
  )
})

/** How many slots a queue's list of items has. */
const slotsOf = (queue: asyncio.Queue.Queue<any>): number => {
  let slots = 0
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || depth > 6) return
    if (Array.isArray(value)) slots += value.length
    else for (const part of Object.values(value)) visit(part, depth + 1)
  }
  visit(queue, 0)
  return slots
}
