/** Lock, Event, Condition, Semaphore and Barrier, as CPython's test_locks.py tests them. */
import { Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { Barrier, BoundedSemaphore, Condition, Event, EventLoop, Future, Lock, Semaphore, Task } from "effect-asyncio"
import { cancelled, defectOf, logged, outcome, type Program } from "../support/loops.ts"
import { port } from "./support.ts"

const { createTask, gather, sleep } = asyncio

const isDone = (task: Task.Task<any, any>) => Task.done(task)
const isCancelled = (task: Task.Task<any, any>) => Task.cancelled(task)

/** What `look` sees one tick after each of the steps. */
const afterEach = <A, E, R>(look: () => A, steps: ReadonlyArray<Effect.Effect<unknown, E, R>>) =>
  Effect.forEach(steps, (step) => step.pipe(Effect.andThen(sleep(0)), Effect.andThen(Effect.sync(look))))

/** Tasks that do `effect` and then write down their number, and what is written down so far. */
const numbered = (effect: Effect.Effect<void>, then: Effect.Effect<void> = Effect.void) => {
  const seen: Array<number> = []
  const write = (n: number) => Effect.sync(() => seen.push(n))
  const start = (n: number) => createTask(effect.pipe(Effect.andThen(write(n)), Effect.andThen(then)))
  return { seen: () => seen.join(""), start, startAll: (...ns: ReadonlyArray<number>) => Effect.forEach(ns, start) }
}

// ---------------------------------------------------------------------------------------------------------------- Lock

port(
  "LockTests.test_repr",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    const free = String(lock)
    yield* Lock.acquire(lock)
    return [free, String(lock).split(" ").slice(0, 2).join(" ")]
  }),
  ["<Lock unlocked>", "<Lock locked"]
)

port(
  ["LockTests.test_lock", "LockTests.test_lock_by_with_statement", "SemaphoreTests.test_semaphore"],
  Effect.map(
    Effect.all([Lock.make, Condition.make(), Semaphore.make(1), BoundedSemaphore.make(1)]),
    (primitives) => primitives.map((primitive) => [Effect.isEffect(primitive), Symbol.iterator in primitive])
  ),
  [0, 1, 2, 3].map(() => [false, false])
)

port(
  "LockTests.test_acquire",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    yield* Lock.acquire(lock)
    const { seen, start, startAll } = numbered(Lock.acquire(lock))
    const tasks = yield* startAll(1, 2)
    const third = Effect.tap(start(3), (task) => Effect.sync(() => tasks.push(task)))
    const release = Lock.release(lock)
    const steps = [Effect.void, release, Effect.void, Effect.andThen(third, release), release]
    return [yield* afterEach(seen, steps), tasks.map(isDone)]
  }),
  [["", "1", "1", "12", "123"], [true, true, true]]
)

port(
  "LockTests.test_acquire_cancel",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    yield* Lock.acquire(lock)
    return [yield* cancelled(Lock.acquire(lock)), Lock.statistics(lock).waiting]
  }),
  ["cancelled", 0]
)

// Who holds the lock gives it back in the tick in which its first waiter is cancelled.
port(
  "LockTests.test_cancel_race",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    const gate = yield* Future.make<void>()
    const a = yield* createTask(Lock.withLock(lock, Future.join(gate)))
    yield* sleep(0)
    const b = yield* createTask(Lock.withLock(lock, Effect.void))
    const c = yield* createTask(Lock.withLock(lock, Effect.void))
    yield* sleep(0)
    const { waiting } = Lock.statistics(lock)
    yield* Future.succeed(gate, undefined)
    yield* Task.cancel(b)
    yield* sleep(0)
    const between = [Lock.locked(lock), isDone(a), isCancelled(b)]
    yield* c
    return [waiting, ...between]
  }),
  [2, false, true, true]
)

port(
  "LockTests.test_cancel_release_race",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    yield* Lock.acquire(lock)
    const { seen, startAll } = numbered(Lock.acquire(lock))
    const [first, second, third] = yield* startAll(1, 2, 3)
    yield* sleep(0)
    yield* EventLoop.callSoon(() => {
      Task.cancelUnsafe(first!)
      Lock.releaseUnsafe(lock)
    })
    const end = yield* outcome(Task.join(first!))
    const taken = [seen(), isCancelled(first!), isDone(second!)]
    yield* Task.cancel(third!)
    yield* sleep(0)
    return [end, ...taken, isCancelled(third!)]
  }),
  ["cancelled", "2", true, true, true]
)

port(
  "LockTests.test_finished_waiter_cancelled",
  Effect.gen(function*() {
    const lock = yield* Lock.make
    yield* Lock.acquire(lock)
    const b = yield* createTask(Lock.acquire(lock))
    yield* sleep(0)
    const c = yield* createTask(Lock.acquire(lock))
    yield* Task.cancel(b)
    yield* Lock.release(lock)
    yield* sleep(0)
    const between = [Lock.locked(lock), isCancelled(b)]
    yield* c
    return between
  }),
  [true, true]
)

// --------------------------------------------------------------------------------------------------------------- Event

port(
  "EventTests.test_repr",
  Effect.gen(function*() {
    const event = yield* Event.make
    const unset = String(event)
    yield* createTask(Event.wait(event))
    yield* sleep(0)
    const waited = String(event)
    yield* Event.set(event)
    return [unset, waited, String(event)]
  }),
  ["<Event unset>", "<Event unset waiters=1>", "<Event set>"]
)

// The third comes when the event is set already, and does not wait.
port(
  "EventTests.test_wait",
  Effect.gen(function*() {
    const event = yield* Event.make
    const { seen, start, startAll } = numbered(Event.wait(event))
    const tasks = yield* startAll(1, 2)
    const third = Effect.tap(start(3), (task) => Effect.sync(() => tasks.push(task)))
    return [yield* afterEach(seen, [Effect.void, Effect.andThen(third, Event.set(event))]), tasks.map(isDone)]
  }),
  [["", "312"], [true, true, true]]
)

port(
  "EventTests.test_wait_cancel",
  Effect.gen(function*() {
    const event = yield* Event.make
    return [yield* cancelled(Event.wait(event)), Event.statistics(event).waiting]
  }),
  ["cancelled", 0]
)

port(
  "EventTests.test_clear",
  Effect.gen(function*() {
    const event = yield* Event.make
    const states = [Event.isSet(event)]
    for (const change of [Event.set, Event.clear]) {
      yield* change(event)
      states.push(Event.isSet(event))
    }
    return states
  }),
  [false, true, false]
)

port(
  "EventTests.test_clear_with_waiters",
  Effect.gen(function*() {
    const event = yield* Event.make
    const { seen, start } = numbered(Event.wait(event))
    const task = yield* start(1)
    yield* sleep(0)
    yield* Event.set(event)
    yield* Event.clear(event)
    const cleared = [Event.isSet(event), seen()]
    yield* Event.set(event)
    yield* Event.set(event)
    yield* sleep(0)
    return [...cleared, seen(), Event.statistics(event).waiting, isDone(task)]
  }),
  [false, "", "1", 0, true]
)

// ----------------------------------------------------------------------------------------------------------- Condition

const waitLocked = (condition: Condition.Condition) =>
  Effect.andThen(Condition.acquire(condition), Condition.wait(condition))

/** Takes the condition's lock, which must be free, for `effect`. */
const briefly = (condition: Condition.Condition, effect: Effect.Effect<void>) =>
  Effect.andThen(Condition.acquire(condition), Effect.andThen(effect, Condition.release(condition)))

port(
  "ConditionTests.test_wait",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const { seen, startAll } = numbered(waitLocked(condition))
    const tasks = yield* startAll(1, 2, 3)
    const look = () => `${seen()} ${Condition.locked(condition)}`
    const release = Condition.release(condition)
    const steps = [
      Effect.void,
      Effect.andThen(Condition.acquire(condition), Condition.notify(condition)),
      release,
      Condition.notify(condition, 2),
      release,
      release
    ]
    return [yield* afterEach(look, steps), tasks.map(isDone)]
  }),
  [[" false", " true", "1 true", "1 true", "12 true", "123 true"], [true, true, true]]
)

port(
  "ConditionTests.test_wait_cancel",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    yield* Condition.acquire(condition)
    const end = yield* cancelled(Condition.wait(condition))
    return [end, Condition.statistics(condition).waiting, Condition.locked(condition)]
  }),
  ["cancelled", 0, true]
)

// Notified, the waiter queues for the lock; cancelled there, it ends as its holder.
port(
  "ConditionTests.test_wait_cancel_contested",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    yield* Condition.acquire(condition)
    const waiter = yield* createTask(Condition.wait(condition))
    yield* sleep(0)
    const released = Condition.locked(condition)
    yield* Condition.acquire(condition)
    yield* Condition.notify(condition)
    yield* EventLoop.callSoon(() => Task.cancelUnsafe(waiter))
    yield* EventLoop.callSoon(() => Lock.releaseUnsafe(condition.lock))
    return [released, yield* outcome(Task.join(waiter)), Condition.locked(condition)]
  }),
  [false, "cancelled", true]
)

port(
  "ConditionTests.test_wait_cancel_after_notify",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const waiter = yield* createTask(Condition.withLock(condition, Condition.wait(condition)))
    yield* sleep(0)
    yield* Condition.acquire(condition)
    yield* Condition.notify(condition)
    yield* sleep(0)
    yield* Task.cancel(waiter)
    yield* sleep(0)
    yield* Condition.release(condition)
    yield* sleep(0)
    return isCancelled(waiter)
  }),
  true
)

port(
  "ConditionTests.test_wait_for",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    let ready = false
    const { seen, start } = numbered(
      Effect.andThen(Condition.acquire(condition), Condition.waitFor(condition, () => ready)),
      Condition.release(condition)
    )
    const task = yield* start(1)
    const notify = briefly(condition, Condition.notify(condition))
    const steps = [Effect.void, notify, Effect.andThen(Effect.sync(() => ready = true), notify)]
    return [yield* afterEach(seen, steps), isDone(task)]
  }),
  [["", "", "1"], true]
)

port(
  "ConditionTests.test_wait_for_unacquired",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const holds = yield* Condition.waitFor(condition, () => [1, 2, 3])
    return [holds, (yield* defectOf(Condition.waitFor(condition, () => false))).name]
  }),
  [[1, 2, 3], "RuntimeError"]
)

port(
  "ConditionTests.test_notify",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const { seen, startAll } = numbered(waitLocked(condition), Condition.release(condition))
    const tasks = yield* startAll(1, 2, 3)
    const one = Condition.notify(condition, 1)
    const steps = [
      Effect.void,
      briefly(condition, one),
      briefly(condition, Effect.andThen(one, Condition.notify(condition, 2048)))
    ]
    return [yield* afterEach(seen, steps), tasks.map(isDone)]
  }),
  [["", "1", "123"], [true, true, true]]
)

port(
  "ConditionTests.test_notify_all",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const { seen, startAll } = numbered(waitLocked(condition), Condition.release(condition))
    const tasks = yield* startAll(1, 2)
    const steps = [Effect.void, briefly(condition, Condition.notifyAll(condition))]
    return [yield* afterEach(seen, steps), tasks.map(isDone)]
  }),
  [["", "12"], [true, true]]
)

port(
  "ConditionTests.test_repr",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const wait = createTask(Condition.withLock(condition, Condition.wait(condition)))
    const look = Effect.sync(() => String(condition).replace(/ holder='.+?'/, ""))
    const texts = [yield* look]
    for (let i = 0; i < 2; i++) {
      yield* wait
      yield* sleep(0)
      texts.push(yield* look, yield* Condition.withLock(condition, look))
    }
    return texts
  }),
  [
    "<Condition unlocked>",
    "<Condition unlocked waiters=1>",
    "<Condition locked waiters=1>",
    "<Condition unlocked waiters=2>",
    "<Condition locked waiters=2>"
  ]
)

// A condition's lock is its own, or one that was given; either way locking one is locking the other.
port(
  ["ConditionTests.test_explicit_lock", "ConditionTests.test_context_manager"],
  Effect.gen(function*() {
    const given = yield* Lock.make
    const conditions = [yield* Condition.make(), yield* Condition.make(yield* Lock.make), yield* Condition.make(given)]
    const states = conditions.map((condition) => {
      const { lock } = condition
      const both = Effect.sync(() => [Lock.locked(lock), Condition.locked(condition)])
      return Effect.all([both, Condition.withLock(condition, both), both, Lock.withLock(lock, both), both])
    })
    return [conditions[2]!.lock === given, yield* Effect.all(states)]
  }),
  [true, [0, 1, 2].map(() => [[false, false], [true, true], [false, false], [true, true], [false, false]])]
)

port(
  "ConditionTests.test_timeout_in_block",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const wait = asyncio.waitFor(Condition.wait(condition), "500 millis")
    const error = yield* Condition.withLock(condition, Effect.flip(wait))
    return [error._tag, yield* EventLoop.time, Condition.locked(condition)]
  }),
  ["TimeoutError", 0.5, false]
)

const awaitWake = (condition: Condition.Condition, wake: () => boolean) =>
  createTask(Condition.withLock(condition, Condition.waitFor(condition, wake)))

/** With which message the cancelled task ended. */
const messageOf = (task: Task.Task<unknown, unknown>) => Task.catchCancelled(Task.join(task), Effect.succeed)

port(
  "ConditionTests.test_cancelled_error_wakeup",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    const task = yield* awaitWake(condition, () => false)
    yield* sleep(0)
    yield* Task.cancel(task, { message: "foo" })
    return yield* messageOf(task)
  }),
  Option.some("foo")
)

// Cancelled while it takes the lock back.
port(
  "ConditionTests.test_cancelled_error_re_aquire",
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    let wake = false
    const task = yield* awaitWake(condition, () => wake)
    yield* sleep(0)
    yield* Condition.acquire(condition)
    wake = true
    yield* Condition.notify(condition)
    yield* sleep(0)
    yield* Task.cancel(task, { message: "foo" })
    yield* Condition.release(condition)
    return yield* messageOf(task)
  }),
  Option.some("foo")
)

/** Of two consumers the notified one is cancelled, `between` later: the other gets what was produced. */
const wakeupPassedOn = (between: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    let items = 0
    const consume: Effect.Effect<void> = Effect.suspend(() =>
      Effect.flatMap(Condition.waitFor(condition, () => items !== 0), () => items-- < 0 ? Effect.void : consume)
    )
    const consumer = createTask(Condition.withLock(condition, consume))
    const consumers = [yield* consumer, yield* consumer]
    yield* sleep(0)
    const left = yield* Condition.withLock(
      condition,
      Effect.gen(function*() {
        items++
        yield* Condition.notify(condition)
        yield* between
        yield* Task.cancel(consumers[0]!)
        yield* Effect.ignore(asyncio.timeout("10 millis", () => Condition.waitFor(condition, () => items === 0)))
        const left = items
        items = -1
        yield* Condition.notifyAll(condition)
        return left
      })
    )
    yield* consumers[1]!
    return [left, isCancelled(consumers[0]!)]
  })

port("ConditionTests.test_cancelled_wakeup", wakeupPassedOn(Effect.void), [0, true])
port("ConditionTests.test_cancelled_wakeup_relock", wakeupPassedOn(sleep(0)), [0, true])

// ----------------------------------------------------------------------------------------------------------- Semaphore

port("SemaphoreTests.test_initial_value_zero", Effect.map(Semaphore.make(0), Semaphore.locked), true)

port(
  "SemaphoreTests.test_repr",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(1)
    const texts = [String(semaphore)]
    yield* Semaphore.acquire(semaphore)
    for (let i = 0; i < 3; i++) {
      texts.push(String(semaphore))
      yield* createTask(Semaphore.acquire(semaphore))
      yield* sleep(0)
    }
    return texts
  }),
  [
    "<Semaphore unlocked value=1>",
    "<Semaphore locked value=0>",
    "<Semaphore locked value=0 waiters=1>",
    "<Semaphore locked value=0 waiters=2>"
  ]
)

port(
  "SemaphoreTests.test_semaphore_value",
  Effect.map(defectOf(Semaphore.make(-1)), ({ name }) => name),
  "IllegalArgumentError"
)

port(
  "SemaphoreTests.test_acquire",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(3)
    yield* Semaphore.acquire(semaphore)
    yield* Semaphore.acquire(semaphore)
    const { seen, start, startAll } = numbered(Semaphore.acquire(semaphore))
    const look = () => {
      const { available, waiting } = Semaphore.statistics(semaphore)
      return [seen().length, Semaphore.locked(semaphore), available, waiting]
    }
    const states = [look()]
    const tasks = yield* startAll(1, 2, 3)
    yield* sleep(0)
    states.push(look())
    tasks.push(yield* start(4))
    yield* Semaphore.release(semaphore)
    yield* Semaphore.release(semaphore)
    yield* sleep(0)
    states.push(look())
    const done = tasks.map(isDone)
    yield* Semaphore.release(semaphore)
    yield* gather(tasks)
    return [states, done]
  }),
  [[[0, false, 1, 0], [1, true, 0, 2], [3, true, 0, 1]], [true, true, true, false]]
)

port(
  "SemaphoreTests.test_acquire_cancel_before_awoken",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(0)
    const { startAll } = numbered(Semaphore.acquire(semaphore))
    const tasks = yield* startAll(1, 2, 3, 4)
    yield* sleep(0)
    yield* Task.cancel(tasks[0]!)
    yield* Task.cancel(tasks[1]!)
    yield* Semaphore.release(semaphore)
    yield* sleep(0)
    yield* sleep(0)
    return tasks.map((task) => isCancelled(task) ? "cancelled" : isDone(task))
  }),
  ["cancelled", "cancelled", true, false]
)

port(
  "SemaphoreTests.test_acquire_hang",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(0)
    const { startAll } = numbered(Semaphore.acquire(semaphore))
    const [first, second] = yield* startAll(1, 2)
    yield* sleep(0)
    yield* Task.cancel(first!)
    yield* Semaphore.release(semaphore)
    yield* sleep(0)
    yield* sleep(0)
    return [Semaphore.locked(semaphore), isDone(second!)]
  }),
  [true, true]
)

// The waiter is cancelled when it has its permit and has not run.
port(
  "SemaphoreTests.test_acquire_no_hang",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(1)
    const box: { second?: Task.Task<void> } = {}
    const first = yield* createTask(
      Effect.andThen(
        Semaphore.withPermit(semaphore, sleep(0)),
        Effect.suspend(() => Task.cancel(box.second!))
      )
    )
    box.second = yield* createTask(Semaphore.withPermit(semaphore, Effect.die(new Error("never"))))
    const exits = yield* gather([first, box.second], { returnExceptions: true })
    yield* asyncio.waitFor(Semaphore.acquire(semaphore), "1 second")
    return [exits.map(({ _tag }) => _tag), isCancelled(box.second), yield* EventLoop.time]
  }),
  [["Success", "Failure"], true, 0]
)

port(
  "SemaphoreTests.test_release_not_acquired",
  Effect.flatMap(
    BoundedSemaphore.make(1),
    (semaphore) => Effect.map(defectOf(Semaphore.release(semaphore)), ({ name }) => name)
  ),
  "IllegalArgumentError"
)

port(
  "SemaphoreTests.test_acquire_fifo_order",
  logged((log) =>
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      const turn = (name: string) =>
        Semaphore.withPermit(semaphore, Effect.andThen(Effect.sync(() => log(name)), sleep("10 millis")))
      yield* asyncio.TaskGroup.run((group) =>
        Effect.forEach(["a", "b", "c"], (name) => group.createTask(Effect.andThen(turn(`${name}1`), turn(`${name}2`))))
      )
    })
  ),
  ["a1", "b1", "c1", "a2", "b2", "c2"]
)

port(
  "SemaphoreTests.test_acquire_fifo_order_2",
  logged((log) =>
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      const take = (n: number) => Effect.andThen(Semaphore.acquire(semaphore), Effect.sync(() => log(n)))
      const twice = take(2).pipe(Effect.andThen(Semaphore.release(semaphore)), Effect.andThen(take(4)))
      const tasks = yield* Effect.forEach([take(1), twice, take(3)], (effect) => createTask(effect))
      yield* sleep(0)
      yield* Semaphore.release(semaphore)
      yield* Semaphore.release(semaphore)
      yield* gather(tasks)
    })
  ),
  [1, 2, 3, 4]
)

port(
  "SemaphoreTests.test_acquire_fifo_order_3",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(0)
    const { seen, startAll } = numbered(Semaphore.acquire(semaphore))
    const tasks = yield* startAll(1, 2, 3)
    yield* sleep(0)
    yield* Task.cancel(tasks[0]!)
    yield* sleep(0)
    yield* Semaphore.release(semaphore)
    yield* Semaphore.release(semaphore)
    yield* gather(tasks, { returnExceptions: true })
    return seen()
  }),
  "23"
)

// Who is served wakes the others that can be, in order, before anybody who comes later.
port(
  "SemaphoreTests.test_acquire_fifo_order_4",
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(0)
    const order: Array<number> = []
    const take = (n: number) => Effect.andThen(Semaphore.acquire(semaphore), Effect.sync(() => order.push(n)))
    const fourth = createTask(Effect.sync(() => order.push(4)))
    const first = yield* createTask(Effect.andThen(take(1), fourth))
    const states: Array<unknown> = []
    const second = yield* createTask(
      Effect.gen(function*() {
        for (let i = 0; i < 3; i++) yield* Semaphore.release(semaphore)
        states.push(Semaphore.locked(semaphore))
        yield* take(2)
      })
    )
    const third = yield* createTask(take(3))
    yield* sleep(0)
    states.push(Semaphore.statistics(semaphore).waiting)
    yield* sleep(0)
    yield* gather([first, second, third, yield* first])
    return [order, states]
  }),
  [[1, 2, 3, 4], [true, 3]]
)

// ------------------------------------------------------------------------------------------------------------- Barrier

const N = 5

/** Runs `n` tasks on a barrier of as many parties. */
const together = <A, E>(
  body: (barrier: Barrier.Barrier) => Program<A, E>,
  n = N
) =>
  Effect.flatMap(
    Barrier.make(n),
    (barrier) =>
      Effect.map(gather(Array.from({ length: n }, () => body(barrier))), (values) => ({
        values,
        end: [Barrier.waiting(barrier), String(barrier)]
      }))
  )

const state = (barrier: Barrier.Barrier) => String(barrier).split(/[ >]/)[1]

/** How often `up` was run; it gives how often before. */
class Counter {
  n = 0
  readonly up = Effect.sync(() => this.n++)
}

/** `wait`, and what is done if the barrier breaks meanwhile. */
const waitOr = <A, E, R>(barrier: Barrier.Barrier, broken: Effect.Effect<A, E, R>) =>
  Effect.catchTag(Barrier.wait(barrier), "BrokenBarrierError", () => broken)

port(
  "BarrierTests.test_barrier",
  Effect.map(Barrier.make(N), (barrier) => [Effect.isEffect(barrier), Symbol.iterator in barrier, String(barrier)]),
  [false, false, "<Barrier filling waiters=0/5>"]
)

port(
  "BarrierTests.test_repr",
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(N)
    const texts = [String(barrier)]
    const tasks: Array<Task.Task<unknown, unknown>> = []
    const come = Effect.fnUntraced(function*(n: number) {
      for (let i = 0; i < n; i++) tasks.push(yield* createTask(Barrier.wait(barrier)))
      yield* sleep(0)
    })
    const note = Effect.sync(() => texts.push(String(barrier)))
    yield* Effect.all([come(2), note, come(3), note, come(2), Barrier.reset(barrier), note])
    yield* Effect.all([come(2), Barrier.abort(barrier), note])
    yield* gather(tasks, { returnExceptions: true })
    return [texts, Barrier.broken(barrier)]
  }),
  [
    [
      "<Barrier filling waiters=0/5>",
      "<Barrier filling waiters=2/5>",
      "<Barrier draining waiters=0/5>",
      "<Barrier resetting waiters=0/5>",
      "<Barrier broken>"
    ],
    true
  ]
)

port(
  "BarrierTests.test_barrier_parties",
  Effect.gen(function*() {
    const errors = [yield* defectOf(Barrier.make(0)), yield* defectOf(Barrier.make(-4))]
    return [errors.map(({ name }) => name), (yield* Barrier.make(N)).parties]
  }),
  [["IllegalArgumentError", "IllegalArgumentError"], N]
)

port(
  ["BarrierTests.test_filling_one_task", "BarrierTests.test_filling_one_task_twice"],
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(1)
    const seen: Array<unknown> = []
    for (let i = 0; i < 2; i++) {
      const task = yield* createTask(Barrier.wait(barrier))
      yield* sleep(0)
      seen.push(isDone(task), yield* Task.result(task), Barrier.waiting(barrier))
    }
    return [...seen, Barrier.broken(barrier)]
  }),
  [true, 0, 0, true, 0, 0, false]
)

port(
  "BarrierTests.test_filling_task_by_task",
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(3)
    const { startAll } = numbered(Effect.asVoid(Effect.orDie(Barrier.wait(barrier))))
    const tasks: Array<Task.Task<void>> = []
    const one = Effect.map(startAll(1), ([task]) => tasks.push(task!))
    const filling = yield* afterEach(() => String(barrier), [one, one])
    yield* one
    yield* sleep(0)
    yield* asyncio.wait(tasks)
    return [filling, Barrier.waiting(barrier), Barrier.broken(barrier)]
  }),
  [["<Barrier filling waiters=1/3>", "<Barrier filling waiters=2/3>"], 0, false]
)

port(
  "BarrierTests.test_filling_tasks_wait_twice",
  Effect.gen(function*() {
    const [once, twice] = [new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Barrier.wait(barrier).pipe(
        Effect.andThen(once.up),
        Effect.andThen(Barrier.wait(barrier)),
        Effect.andThen(twice.up)
      )
    )
    return [once.n, twice.n, ...end]
  }),
  [N, N, 0, "<Barrier filling waiters=0/5>"]
)

port(
  "BarrierTests.test_filling_tasks_check_return_value",
  Effect.map(
    together((barrier) => Effect.andThen(Barrier.wait(barrier), Barrier.wait(barrier))),
    ({ end, values }) => [values.toSorted(), ...end]
  ),
  [[0, 1, 2, 3, 4], 0, "<Barrier filling waiters=0/5>"]
)

// The last who goes finds the next round.
port(
  "BarrierTests.test_draining_state",
  Effect.gen(function*() {
    const states: Array<string | undefined> = []
    const { end } = yield* together((barrier) =>
      Effect.andThen(Barrier.wait(barrier), Effect.sync(() => states.push(state(barrier))))
    )
    return [states, ...end]
  }),
  [["draining", "draining", "draining", "draining", "filling"], 0, "<Barrier filling waiters=0/5>"]
)

// Two wait again while the others have not left; a second barrier tells that these were three.
port(
  "BarrierTests.test_blocking_tasks_while_draining",
  Effect.gen(function*() {
    const others = yield* Barrier.make(N - 2)
    const left = new Counter()
    const { end } = yield* together((barrier) =>
      Effect.gen(function*() {
        yield* Barrier.wait(barrier)
        if ((yield* left.up) >= 2) yield* Barrier.wait(others)
        yield* Barrier.wait(barrier)
      })
    )
    return [...end, String(others)]
  }),
  [0, "<Barrier filling waiters=0/5>", "<Barrier filling waiters=0/3>"]
)

port(
  "BarrierTests.test_filling_tasks_cancel_one",
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(3)
    const passed = new Counter()
    const tasks: Array<Task.Task<unknown, unknown>> = []
    const come = Effect.map(createTask(Effect.andThen(Barrier.wait(barrier), passed.up)), (task) => tasks.push(task))
    const cancelFirst = Effect.suspend(() => Task.cancel(tasks[0]!))
    const filling = yield* afterEach(() => Barrier.waiting(barrier), [come, come, cancelFirst, come])
    const first = yield* outcome(Task.join(tasks[0]!))
    yield* come
    yield* gather(tasks.slice(1))
    return [filling, first, isCancelled(tasks[0]!), passed.n, Barrier.waiting(barrier), Barrier.broken(barrier)]
  }),
  [[1, 2, 1, 2], "cancelled", true, 3, 0, false]
)

const changed = (change: (barrier: Barrier.Barrier) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(1)
    yield* createTask(change(barrier))
    yield* sleep(0)
    return [Barrier.waiting(barrier), Barrier.broken(barrier)]
  })

port("BarrierTests.test_reset_barrier", changed(Barrier.reset), [0, false])
port("BarrierTests.test_abort_barrier", changed(Barrier.abort), [0, true])

port(
  "BarrierTests.test_reset_barrier_while_tasks_waiting",
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(N)
    const thrown = new Counter()
    const tasks = yield* Effect.forEach([1, 2, 3, 4], () => createTask(waitOr(barrier, thrown.up)))
    yield* sleep(0)
    yield* createTask(Barrier.reset(barrier))
    yield* gather(tasks)
    return [thrown.n, String(barrier)]
  }),
  [N - 1, "<Barrier filling waiters=0/5>"]
)

// The third who leaves resets, for the two that have not left yet.
port(
  "BarrierTests.test_reset_barrier_when_tasks_half_draining",
  Effect.gen(function*() {
    const [left, thrown] = [new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Effect.matchEffect(Barrier.wait(barrier), {
        onFailure: () => thrown.up,
        onSuccess: () => Effect.flatMap(left.up, (n) => n === 2 ? Barrier.reset(barrier) : Effect.void)
      })
    )
    return [left.n, thrown.n, ...end]
  }),
  [3, 2, 0, "<Barrier filling waiters=0/5>"]
)

// As before; those who left first wait again meanwhile, and go on waiting.
port(
  "BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking",
  Effect.gen(function*() {
    const [left, thrown, blocked] = [new Counter(), new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Effect.matchEffect(Barrier.wait(barrier), {
        onFailure: () => Effect.andThen(thrown.up, Barrier.wait(barrier)),
        onSuccess: () =>
          Effect.flatMap(left.up, (n) =>
            n < 2
              ? waitOr(barrier, blocked.up)
              : Effect.andThen(Barrier.reset(barrier), Barrier.wait(barrier)))
      })
    )
    return [left.n, thrown.n, blocked.n, ...end]
  }),
  [3, 2, 0, 0, "<Barrier filling waiters=0/5>"]
)

port(
  "BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again",
  Effect.gen(function*() {
    const barrier = yield* Barrier.make(N)
    const [thrown, passed] = [new Counter(), new Counter()]
    const again = Effect.andThen(Barrier.wait(barrier), passed.up)
    const tasks = yield* Effect.forEach(
      [1, 2, 3, 4],
      () => createTask(Effect.andThen(waitOr(barrier, thrown.up), again))
    )
    yield* createTask(Barrier.reset(barrier))
    yield* sleep(0)
    const last = yield* createTask(again)
    yield* gather([...tasks, last])
    return [thrown.n, passed.n, String(barrier)]
  }),
  [N - 1, N, "<Barrier filling waiters=0/5>"]
)

// The last who leaves resets; those who wait for the next round already don't notice.
port(
  "BarrierTests.test_reset_barrier_while_tasks_draining",
  Effect.gen(function*() {
    const [left, passed, thrown, again] = [new Counter(), new Counter(), new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Effect.gen(function*() {
        yield* Barrier.wait(barrier)
        if ((yield* left.up) === N - 1) yield* Effect.andThen(Barrier.reset(barrier), Barrier.wait(barrier))
        else {yield* Effect.matchEffect(Barrier.wait(barrier), {
            onFailure: () => thrown.up,
            onSuccess: () => passed.up
          })}
        yield* Barrier.wait(barrier)
        yield* again.up
      })
    )
    return [passed.n, thrown.n, again.n, ...end]
  }),
  [N - 1, 0, N, 0, "<Barrier filling waiters=0/5>"]
)

port(
  "BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking",
  Effect.gen(function*() {
    const [left, thrown, blocked] = [new Counter(), new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Effect.matchEffect(Barrier.wait(barrier), {
        onFailure: () => thrown.up,
        onSuccess: (): Effect.Effect<unknown> =>
          Effect.flatMap(left.up, (n) => n < 2 ? Effect.ignore(waitOr(barrier, blocked.up)) : Barrier.abort(barrier))
      })
    )
    return [thrown.n, blocked.n, ...end]
  }),
  [2, 2, 0, "<Barrier broken>"]
)

/** All pass; the one in the middle aborts, the others find the barrier broken when they wait again. */
const abortAfterFirst = (barrier: Barrier.Barrier, thrown: Effect.Effect<unknown>, passed: Effect.Effect<unknown>) =>
  Effect.flatMap(Barrier.wait(barrier), (n) =>
    n === 2
      ? Barrier.abort(barrier)
      : Effect.andThen(Barrier.wait(barrier), passed)).pipe(
      Effect.catchTag("BrokenBarrierError", () => thrown)
    )

port(
  "BarrierTests.test_abort_barrier_when_exception",
  Effect.gen(function*() {
    const [thrown, passed] = [new Counter(), new Counter()]
    const { end } = yield* together((barrier) => abortAfterFirst(barrier, thrown.up, passed.up))
    return [thrown.n, passed.n, ...end]
  }),
  [N - 1, 0, 0, "<Barrier broken>"]
)

// All meet on a second barrier, where one resets the first; then all pass that again.
port(
  "BarrierTests.test_abort_barrier_when_exception_then_resetting",
  Effect.gen(function*() {
    const second = yield* Barrier.make(N)
    const [thrown, passed, again] = [new Counter(), new Counter(), new Counter()]
    const { end } = yield* together((barrier) =>
      Effect.gen(function*() {
        yield* abortAfterFirst(barrier, thrown.up, passed.up)
        if ((yield* Barrier.wait(second)) === 2) yield* Barrier.reset(barrier)
        yield* Barrier.wait(second)
        yield* Barrier.wait(barrier)
        yield* again.up
      })
    )
    return [thrown.n, passed.n, again.n, ...end]
  }),
  [N - 1, 0, N, 0, "<Barrier filling waiters=0/5>"]
)
