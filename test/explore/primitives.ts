/**
 * Each verb and primitive in a small program of three tasks, which says what has to hold in every schedule: whoever is
 * slow, cancelled, put off or struck by a timeout.
 *
 * Nobody cancels main. So main ends what may wait for one that was cancelled, after half a second: no schedule makes a
 * pause of so long.
 */
import { Cause, Effect, Exit, Order, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import type { Loop } from "../laws/programs.ts"

const {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  EventLoop,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
  Task,
  TaskGroup
} = asyncio
const { asCompleted, createTask, gather, shield, sleep, timeout, wait, waitFor } = asyncio

type Body = Effect.Effect<unknown, never, Loop>
export type Program = Effect.Effect<unknown, unknown, Loop>

const holds = (condition: boolean, message: string): void => {
  if (!condition) throw new Error(message)
}
const check = (look: () => void): Effect.Effect<void> => Effect.sync(look)

const start = (bodies: Readonly<Record<string, Body>>) =>
  Effect.gen(function*() {
    const tasks: Array<asyncio.Task.Task<unknown, unknown>> = []
    for (const [name, body] of Object.entries(bodies)) tasks.push(yield* createTask(body, { name }))
    return tasks
  })

/** Waits for them all. A cancelled one ends cancelled; what another fails with is the program's failure. */
const over = (tasks: ReadonlyArray<asyncio.Task.Task<unknown, unknown>>) =>
  Effect.gen(function*() {
    for (const task of tasks) {
      const exit = yield* Task.await(task)
      if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) return yield* exit
    }
    const cancelled = yield* Explore.cancelled
    for (const task of tasks) {
      const isCancelled = Exit.isFailure(yield* Task.await(task))
      holds(isCancelled === cancelled.has(task.name), `${task.name} ended ${isCancelled ? "" : "not "}cancelled`)
    }
  })

const quiet = sleep("500 millis")
const inside = Explore.latency("1 millis", "30 millis")

/** Gives up after a second, or when a schedule says so. */
const limited = (body: Body): Body =>
  timeout("1 second", () => body).pipe(Effect.catchTag("TimeoutError", () => Effect.void))

/** First come, first served: nobody who came earlier is served after one who came later. */
class Turns {
  private readonly line = new Set<string>()
  private readonly overtaken = new Set<string>()
  come(who: string): void {
    this.line.add(who)
  }
  enter(who: string): void {
    holds(!this.overtaken.has(who), `${who} was overtaken`)
    for (const other of this.line) {
      if (other === who) break
      this.overtaken.add(other)
    }
    this.leave(who)
  }
  leave(who: string): void {
    this.line.delete(who)
    this.overtaken.delete(who)
  }
}

// --------------------------------------------------------------------------------------------------- locks, semaphores

interface Held {
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly isIdle: () => boolean
}

const held = (permits: number, make: Effect.Effect<Held>): Program =>
  Effect.gen(function*() {
    const { isIdle, within } = yield* make
    const turns = new Turns()
    let holders = 0
    const visit = (who: string) =>
      Effect.suspend(() => {
        turns.come(who)
        const stay = Effect.suspend(() => {
          turns.enter(who)
          holders++
          holds(holders <= permits, `${holders} hold it`)
          return Effect.ensuring(inside, Effect.sync(() => void holders--))
        })
        return Effect.ensuring(within(stay), Effect.sync(() => turns.leave(who)))
      })
    yield* over(
      yield* start({
        a: Effect.andThen(visit("a"), visit("a")),
        b: limited(visit("b")),
        c: Effect.andThen(visit("c"), visit("c"))
      })
    )
    yield* check(() => holds(isIdle(), "not all is given back"))
  })

const lock = held(
  1,
  Effect.map(Lock.make, (lock) => ({
    within: (effect) => Lock.withLock(lock, effect),
    isIdle: () => !Lock.locked(lock) && Lock.statistics(lock).waiting === 0
  }))
)

const semaphore = (permits: number, make: Effect.Effect<asyncio.Semaphore.Semaphore>) =>
  held(
    permits,
    Effect.map(make, (semaphore) => ({
      within: (effect) => Semaphore.withPermit(semaphore, effect),
      isIdle: () => Semaphore.statistics(semaphore).available === permits && !Semaphore.locked(semaphore)
    }))
  )

/** Three permits at once, for two who wait and one who may come before or after. */
const released = Effect.gen(function*() {
  const semaphore = yield* Semaphore.make(0)
  const turns = new Turns()
  let given = 0
  let taken = 0
  const give = (permits: number) =>
    check(() => {
      given += permits
      for (let i = 0; i < permits; i++) Semaphore.releaseUnsafe(semaphore)
    })
  const take = (who: string) =>
    Effect.suspend(() => {
      turns.come(who)
      return Effect.ensuring(
        Effect.andThen(
          Semaphore.acquire(semaphore),
          check(() => {
            turns.enter(who)
            holds(++taken <= given, `${taken} taken of ${given}`)
          })
        ),
        Effect.sync(() => turns.leave(who))
      )
    })
  const tasks = yield* start({
    a: take("a"),
    b: limited(take("b")),
    c: Effect.andThen(Explore.latency("1 millis", "2 millis"), Effect.andThen(take("c"), take("c")))
  })
  yield* sleep(2)
  yield* give(3)
  yield* quiet
  const { available, waiting } = Semaphore.statistics(semaphore)
  holds(available === 0 || waiting === 0, `${waiting} wait, and ${available} permits are free`)
  yield* give(1)
  yield* over(tasks)
  holds(Semaphore.statistics(semaphore).available === given - taken, "a permit is lost")
})

// ----------------------------------------------------------------------------------------------------------- conditions

const event = Effect.gen(function*() {
  const event = yield* Event.make
  let wasSet = false
  const set = check(() => {
    wasSet = true
    Event.setUnsafe(event)
  })
  const waits = Effect.andThen(Event.wait(event), check(() => holds(wasSet, "it was never set")))
  const tasks = yield* start({ a: waits, b: waits, c: limited(waits) })
  yield* sleep(1)
  const { waiters } = Event.statistics(event)
  yield* Effect.andThen(set, Event.clear(event))
  // Whoever waited then goes on, although it is clear again.
  for (const waiter of waiters) yield* Task.await(waiter)
  yield* set
  yield* over(tasks)
})

/** Items that come so many at once. */
const condition = (atOnce: number): Program =>
  Effect.gen(function*() {
    const condition = yield* Condition.make()
    let items = 0
    let holders = 0
    const hold = Effect.suspend(() => {
      holds(++holders === 1, `${holders} hold the lock`)
      return Effect.ensuring(sleep(0), Effect.sync(() => void holders--))
    })
    const take = Condition.withLock(
      condition,
      Effect.gen(function*() {
        yield* Condition.waitFor(condition, () => items > 0)
        holds(items > 0, "it was woken, and nothing is there")
        items--
        yield* hold
      })
    )
    const put = Condition.withLock(
      condition,
      Effect.suspend(() => {
        items += atOnce
        return Effect.andThen(Condition.notify(condition, atOnce), hold)
      })
    )
    const newcomer = Effect.andThen(Explore.latency("500 micros", "1 millis"), limited(take))
    const tasks = yield* start({ a: take, b: take, c: newcomer })
    for (let i = 0; i < 2; i += atOnce) yield* Effect.andThen(sleep(1), put)
    yield* quiet
    const { lock, waiting } = Condition.statistics(condition)
    holds(items === 0 || waiting === 0, `${waiting} wait, and ${items} items are there`)
    holds(!lock.locked && lock.waiting === 0, "the lock is not free")
    yield* Condition.withLock(
      condition,
      Effect.suspend(() => {
        items += 3
        return Condition.notifyAll(condition)
      })
    )
    yield* over(tasks)
  })

const barrier = Effect.gen(function*() {
  const barrier = yield* Barrier.make(3)
  const rounds = [0, 1].map(() => ({ came: 0, places: new Set<number>() }))
  const party = Effect.forEach(rounds, (round) =>
    Effect.gen(function*() {
      round.came++
      const place = yield* Barrier.wait(barrier)
      holds(round.came === 3, `the round is over, ${round.came} of 3 have come`)
      holds(!round.places.has(place), `two have the place ${place}`)
      round.places.add(place)
      yield* sleep(0)
    })).pipe(Effect.catchTag("BrokenBarrierError", () => Effect.void))
  const tasks = yield* start({ a: party, b: party, c: limited(party) })
  yield* quiet
  const waiting = Barrier.statistics(barrier).waiting
  holds(waiting < 3 && waiting === Barrier.waiting(barrier), `${waiting} wait, the barrier counts otherwise`)
  yield* Barrier.abort(barrier)
  yield* over(tasks)
  holds(Barrier.statistics(barrier).waiting === 0, "somebody waits at a broken barrier")
})

// --------------------------------------------------------------------------------------------------------------- queues

/** A queue, and what went in and came out. */
const queue = (
  make: Effect.Effect<asyncio.Queue.Queue<number>>,
  promises: { readonly fair?: boolean; readonly inOrder?: boolean; readonly maxsize?: number },
  bodies: (get: (who: string) => Body, puts: (items: number) => Body) => Readonly<Record<string, Body>>
): Program =>
  Effect.gen(function*() {
    const queue = yield* make
    const turns = new Turns()
    const [put, got]: [Array<number>, Array<number>] = [[], []]
    let isOver = false
    let items = 0
    const untilOver = (body: Effect.Effect<unknown, asyncio.QueueShutDown, Loop>): Body =>
      Effect.catchTag(body, "QueueShutDown", () => check(() => holds(isOver, "nobody has shut it down")))
    const putOne = Effect.suspend(() => {
      const item = items++
      return Effect.tap(Queue.put(queue, item), () =>
        check(() => {
          put.push(item)
          holds(!isOver, `${item} was put after the shutdown`)
          holds(Queue.size(queue) <= (promises.maxsize ?? Infinity), `${Queue.size(queue)} items are in it`)
        }))
    })
    const puts = (items: number) => untilOver(Effect.replicateEffect(putOne, items))
    const get = (who: string) =>
      Effect.suspend(() => {
        turns.come(who)
        return Effect.ensuring(
          Effect.tap(Queue.get(queue), (item) =>
            check(() => {
              if (promises.fair === true) turns.enter(who)
              got.push(item)
            })),
          Effect.sync(() => turns.leave(who))
        )
      })
    const gets = (who: string) =>
      Effect.forever(Effect.andThen(get(who), who === "a" ? Effect.void : sleep(0))).pipe(
        Effect.tapError(() => check(() => holds(Queue.empty(queue), `${who} was sent away, and an item is there`))),
        untilOver
      )
    const tasks = yield* start(bodies(gets, puts))
    if (yield* Explore.choose([true, false])) {
      yield* quiet
      const { getters, putters } = Queue.statistics(queue)
      holds(getters.length === 0 || Queue.empty(queue), `${getters.length} wait for an item, and one is there`)
      holds(putters.length === 0 || Queue.size(queue) > 0, `${putters.length} wait for room, and it is empty`)
    } else {
      // In the tick of what the others do then, and behind it.
      yield* Effect.andThen(sleep(0), sleep(1))
    }
    isOver = true
    yield* Queue.shutdown(queue)
    yield* over(tasks)
    while (!Queue.empty(queue)) {
      got.push(yield* Queue.getNowait(queue))
    }
    if (promises.inOrder === true) {
      holds(`${got}` === `${put}`, `put ${put}, got ${got}`)
    } else holds(`${got.toSorted()}` === `${put.toSorted()}`, `put ${put}, got ${got}, whatever the order`)
  })

const twoGet = (get: (who: string) => Body, puts: (items: number) => Body) => ({
  a: get("a"),
  b: limited(get("b")),
  c: Effect.andThen(puts(3), Effect.andThen(sleep(1), puts(3)))
})
const threeGet = (get: (who: string) => Body, puts: (items: number) => Body) => ({
  b: limited(get("b")),
  c: get("c"),
  d: get("d"),
  e: Effect.andThen(sleep(0), puts(2))
})
const twoPut = (get: (who: string) => Body, puts: (items: number) => Body) => ({
  a: Effect.andThen(puts(3), Effect.andThen(sleep(0), puts(3))),
  b: limited(puts(3)),
  c: Effect.andThen(sleep(1), get("c"))
})

const join = Effect.gen(function*() {
  const queue = yield* Queue.make<number>()
  let finished = 0
  const work = Effect.andThen(
    Queue.get(queue),
    Effect.ensuring(inside, Effect.andThen(Effect.sync(() => void finished++), Queue.taskDone(queue)))
  )
  const joins = Effect.andThen(
    Queue.join(queue),
    check(() => holds(finished === 2, `joined with ${finished} of 2 done`))
  )
  for (const item of [1, 2]) yield* Queue.put(queue, item)
  const tasks = yield* start({ a: joins, b: limited(joins), c: Effect.ignore(Effect.andThen(work, work)) })
  yield* quiet
  const { joiners, unfinished } = Queue.statistics(queue)
  holds(joiners.length === 0 || unfinished > 0, `${joiners.length} wait, and all is done`)
  finished = 2
  yield* Queue.shutdown(queue, { immediate: true })
  while (Queue.statistics(queue).unfinished > 0) yield* Queue.taskDone(queue)
  yield* over(tasks)
})

// ---------------------------------------------------------------------------------------------------------------- verbs

/** What a verb runs: it knows how many of them run. */
class Parts {
  running = 0
  isFailed = false
  part<A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.running++
      return Effect.ensuring(body, Effect.sync(() => void this.running--))
    })
  }
  /** Fails where the schedule says so. */
  readonly fails: Effect.Effect<void, string> = Effect.tapError(
    Explore.fault("no"),
    () => Effect.sync(() => void (this.isFailed = true))
  )
  readonly a = this.part(Effect.andThen(inside, Effect.as(this.fails, "a")))
  readonly b = this.part(Effect.onInterrupt(sleep("1 hour", "b"), () => sleep(1)))
}

/** One that gathers three others. `waits`: it is over when they are. */
const gathers = (options: asyncio.gather.Options, waits: boolean): Program =>
  Effect.gen(function*() {
    const parts = new Parts()
    const children: Array<asyncio.Task.Task<unknown, unknown>> = []
    let isAsked = false
    const g = yield* createTask(
      Effect.gen(function*() {
        const a = yield* createTask(parts.a, { name: "a" })
        const b = yield* createTask(parts.b, { name: "b" })
        const c = yield* createTask(parts.b, { name: "c" })
        children.push(a, b, c)
        return yield* Effect.onExit(gather([a, b, c], options), () =>
          check(() => {
            if (waits) holds(parts.running === 0, `gather is over, ${parts.running} of its children are not`)
          }))
      }),
      { name: "g" }
    )
    if (yield* Explore.choose([false, true])) {
      yield* sleep("15 millis")
      isAsked = yield* Task.cancel(g)
    }
    const exit = yield* Task.await(g)
    if (parts.isFailed && options.returnExceptions !== true) {
      holds((yield* EventLoop.time) < 1, "somebody was not cancelled")
    }
    const cancelled = new Set(yield* Explore.cancelled)
    if (isAsked) {
      cancelled.add("g")
    }
    if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) return yield* exit
    if (Exit.isSuccess(exit)) {
      const results = exit.value.map((value) => Exit.isExit(value) ? Exit.isSuccess(value) ? value.value : "-" : value)
      const expected = children.map(({ name }) =>
        cancelled.has(name) || name === "a" && parts.isFailed ? "-" : name === "c" ? "b" : name
      )
      holds(`${results}` === `${expected}`, `gathered ${results}, expected ${expected}`)
      holds(!cancelled.has("g"), "g was cancelled, and has gathered all the same")
    } else if (Cause.hasInterruptsOnly(exit.cause)) {
      holds(cancelled.has("g") || cancelled.size > 0 && options.returnExceptions !== true, "nobody has cancelled it")
      holds(!parts.isFailed || cancelled.has("g") || options.cancelOnError !== true, "a child's failure is lost")
    } else {
      holds(parts.isFailed, "it failed, and no child did")
    }
    yield* quiet
    if (parts.isFailed && cancelled.size === 0 && !waits) holds(parts.running === 2, "a sibling was cancelled")
    // It was over when a child had failed, or was cancelled by somebody else.
    const isAlone = waits || !parts.isFailed && cancelled.size === 1
    if (cancelled.has("g") && isAlone) {
      holds(parts.running === 0, `g was cancelled, and ${parts.running} of its children run on`)
    }
    for (const task of children) {
      yield* Task.cancel(task)
    }
    for (const task of children) yield* Task.await(task)
  })

/** One at a time, whose outcomes are values. */
const oneByOne = Effect.gen(function*() {
  const parts = new Parts()
  const part = parts.part(Effect.suspend(() => {
    holds(parts.running === 1, `${parts.running} run at once`)
    return inside
  }))
  const g = yield* createTask(
    Effect.onExit(
      gather([part, part, part], { concurrency: 1, returnExceptions: true }),
      () => check(() => holds(parts.running === 0, `gather is over, ${parts.running} of its children are not`))
    ),
    { name: "g" }
  )
  const exit = yield* Task.await(g)
  const cancelled = yield* Explore.cancelled
  if (Exit.isSuccess(exit)) {
    const values = exit.value.filter(Exit.isSuccess).length
    holds(values + cancelled.size === 3, `${values} of 3 have a value, ${cancelled.size} were cancelled`)
  } else if (Cause.hasInterruptsOnly(exit.cause)) holds(cancelled.has("g"), "nobody has cancelled it")
  else return yield* exit
})

/** Three under deadlines: one; one in another, whose body goes on when the inner has passed; and `waitFor`. */
const timeouts = Effect.gen(function*() {
  const within = (limit: (body: Body) => Effect.Effect<unknown, unknown, Loop>): Body =>
    Effect.gen(function*() {
      const parts = new Parts()
      const body = parts.part(Effect.onInterrupt(Effect.andThen(inside, sleep(0)), () => sleep(1)))
      yield* Effect.onExit(
        limit(body).pipe(Effect.catch(() => Effect.void)),
        () => check(() => holds(parts.running === 0, "the block is over, its body is not"))
      )
      holds((yield* EventLoop.time) < 1, "a deadline was lost")
      // A request that was left over would be met here, and one of a deadline that was.
      yield* sleep("30 millis")
      const task = yield* asyncio.currentTask
      const own = yield* Explore.cancelled
      if (task._tag === "Some" && !own.has(task.value.name)) {
        holds(Task.cancelling(task.value) === 0, "a request of the deadline's is left")
      }
    })
  const nested = (body: Body) =>
    timeout("25 millis", () => Effect.catch(timeout("15 millis", () => body), () => sleep("1 hour")))
  const tasks = yield* start({
    a: within((body) => timeout("20 millis", () => body)),
    b: within(nested),
    c: within((body) => waitFor(body, "10 millis"))
  })
  yield* over(tasks)
})

const group = Effect.gen(function*() {
  const parts = new Parts()
  const g = yield* createTask(
    Effect.onExit(
      TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(parts.a, { name: "a" })
          yield* group.createTask(parts.b, { name: "b" })
          yield* group.createTask(parts.b, { name: "c" })
          yield* parts.part(Effect.andThen(inside, parts.fails))
        })
      ),
      () => check(() => holds(parts.running === 0, `the group is over, ${parts.running} of its parts are not`))
    ),
    { name: "g" }
  )
  const exit = yield* Task.await(g)
  if (parts.isFailed) holds((yield* EventLoop.time) < 1, "somebody was not cancelled")
  if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) return yield* exit
  const cancelled = yield* Explore.cancelled
  const isCancelled = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
  holds(
    isCancelled === (cancelled.has("g") && !parts.isFailed),
    "who is cancelled ends cancelled, unless a part failed"
  )
  holds(parts.isFailed === (Exit.isFailure(exit) && !isCancelled), "what a part fails with is the group's failure")
  if (!cancelled.has("g")) holds(Task.cancelling(g) === 0, "a request of the group's is left")
})

/** Who starts a task has its value, or what it failed with, or is cancelled; the group has what comes later. */
const starts = Effect.gen(function*() {
  const parts = new Parts()
  let isStarted = false
  const serve = (started: asyncio.TaskGroup.Started<string>) =>
    Effect.gen(function*() {
      yield* Effect.onInterrupt(inside, () => sleep(1))
      yield* parts.fails
      yield* started("ready")
      isStarted = true
      yield* sleep(1)
    })
  const g = yield* createTask(
    TaskGroup.run((group) =>
      Effect.onExit(
        group.start((started: asyncio.TaskGroup.Started<string>) => parts.part(serve(started)), { name: "a" }),
        (exit) =>
          check(() => {
            holds(isStarted || parts.running === 0, "the start is over, the task has not started and runs on")
            holds(Exit.isFailure(exit) || isStarted && exit.value === "ready", "the value of none that has started")
          })
      )
    ),
    { name: "g" }
  )
  const exit = yield* Task.await(g)
  holds(parts.running === 0, "the group is over, its task is not")
  if (Exit.isSuccess(exit)) return holds(!parts.isFailed, "the failure of the start is lost")
  if (Cause.hasDies(exit.cause)) return yield* exit
  const cancelled = yield* Explore.cancelled
  if (Cause.hasInterruptsOnly(exit.cause)) holds(cancelled.has("g") || cancelled.has("a"), "nobody cancelled it")
  else holds(parts.isFailed, "it failed, and the task did not")
})

const waits = Effect.gen(function*() {
  const parts = new Parts()
  const [a, b] = [
    yield* createTask(parts.part(inside), { name: "a" }),
    yield* createTask(parts.part(Explore.latency("2 millis", "30 millis")), { name: "b" })
  ]
  const w = yield* createTask(
    Effect.gen(function*() {
      const { done, pending } = yield* wait([a, b], { returnWhen: asyncio.FIRST_COMPLETED, timeout: "10 millis" })
      holds(done.size + pending.size === 2, `${done.size} are done, ${pending.size} pending, of 2`)
      for (const task of [a, b]) holds(done.has(task) === Task.done(task), `${task.name} is done, or not`)
      if (pending.size === 0) return
      const rest = yield* wait(pending)
      holds(rest.done.size === pending.size && rest.pending.size === 0, "not all came")
    }),
    { name: "w" }
  )
  yield* over([a, b, w])
})

const shields = Effect.gen(function*() {
  const inner = yield* createTask(Effect.as(inside, "value"), { name: "inner" })
  const around = Effect.gen(function*() {
    const value = yield* shield(inner)
    holds(value === "value" && Task.done(inner), "it has the value of a task that runs")
  })
  const tasks = yield* start({ a: around, b: limited(around) })
  const exit = yield* Task.await(inner)
  const cancelled = yield* Explore.cancelled
  holds(Exit.isSuccess(exit) || cancelled.has("inner"), "a shielded task was cancelled")
  for (const task of tasks) {
    const exit = yield* Task.await(task)
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) return yield* exit
    const isCancelled = Exit.isFailure(exit)
    const reason = (yield* Explore.cancelled).has(task.name) || cancelled.has("inner")
    holds(!isCancelled || reason, `${task.name} ended cancelled, and nobody cancelled it`)
  }
})

const completions = Effect.gen(function*() {
  const inputs = yield* start({ a: inside, b: Explore.latency("2 millis", "30 millis") })
  const seen: Array<unknown> = []
  const w = yield* createTask(
    Stream.runForEach(asCompleted(inputs), (task) =>
      check(() => {
        holds(Task.done(task), `${task.name} is not done`)
        holds(!seen.includes(task), `${task.name} came twice`)
        seen.push(task)
      })),
    { name: "w" }
  )
  yield* over([...inputs, w])
  if (!(yield* Explore.cancelled).has("w")) holds(seen.length === 2, `${seen.length} of 2 came`)
})

const joins = Effect.gen(function*() {
  const a = yield* createTask(Effect.onInterrupt(Effect.as(inside, "a"), () => sleep(1)), { name: "a" })
  const awaits = Effect.onExit(
    Task.join(a),
    () => check(() => holds(Task.done(a), "the join is over, its task is not"))
  )
  const tasks = yield* start({ b: awaits, c: limited(awaits) })
  for (const task of [a, ...tasks]) {
    const exit = yield* Task.await(task)
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) return yield* exit
  }
})

/** A group in which one works at a time, whoever is cancelled, and asked for a lock that never overtakes. */
const places = Effect.gen(function*() {
  const lock = yield* Lock.make
  let [working, queued] = [0, 0]
  const tries = Effect.suspend(() => {
    const before = queued
    return Effect.flatMap(Lock.acquireNowait(lock), (got) => {
      holds(!got || before === 0, "it took what somebody waits for")
      return got ? Effect.ensuring(inside, Lock.release(lock)) : Effect.void
    })
  })
  const waits = Effect.suspend(() => {
    queued++
    const leave = Effect.sync(() => void queued--)
    return Effect.andThen(
      Effect.onExit(Lock.acquire(lock), () => leave),
      Effect.ensuring(inside, Lock.release(lock))
    )
  })
  const work = Effect.suspend(() => {
    holds(++working === 1, `${working} are at work`)
    return Effect.ensuring(Effect.andThen(tries, inside), Effect.sync(() => void working--))
  })
  const outside = yield* start({ w: waits, v: waits })
  const g = yield* createTask(
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        yield* group.createTask(work, { name: "a" })
        yield* group.createTask(work, { name: "b" })
        yield* group.createTask(work, { name: "c" })
      }), { concurrency: 1 }),
    { name: "g" }
  )
  yield* over([...outside, g])
  holds(working === 0 && !Lock.locked(lock), "somebody is at work, or has the lock")
})

/** One stops two others and waits; whoever stops it meanwhile, they end all the same. */
const stops = Effect.gen(function*() {
  const parts = new Parts()
  const tasks = [
    yield* createTask(parts.b, { name: "a" }),
    yield* createTask(parts.part(Effect.onInterrupt(inside, () => inside)), { name: "b" })
  ]
  const s = yield* createTask(
    Effect.andThen(
      sleep(0),
      Effect.andThen(
        Task.cancelAndWait(tasks),
        check(() => holds(parts.running === 0, `all are stopped, ${parts.running} run on`))
      )
    ),
    { name: "s" }
  )
  const exit = yield* Task.await(s)
  const isCancelled = (yield* Explore.cancelled).has("s")
  if (Exit.isFailure(exit)) {
    if (!isCancelled || !Cause.hasInterruptsOnly(exit.cause)) return yield* exit
    // Unless it was cancelled before it asked.
    if (Task.cancelling(tasks[0]!) === 0 && Task.cancelling(tasks[1]!) === 0) yield* Task.cancelAndWait(tasks)
  }
  yield* quiet
  holds(parts.running === 0, `${parts.running} run on`)
})

// ------------------------------------------------------------------------------------------------------------- all of them

/** All that may differ. */
export const everything: Explore.Options = {
  vary: { order: true, cancel: true, how: "both" },
  strategy: "single",
  runs: 100_000,
  timeLimit: Infinity
}

export const primitives: Readonly<Record<string, Program>> = {
  Lock: lock,
  "Semaphore(1)": semaphore(1, Semaphore.make(1)),
  "Semaphore(2)": semaphore(2, Semaphore.make(2)),
  "Semaphore(0), three released": released,
  "BoundedSemaphore(1)": semaphore(1, BoundedSemaphore.make(1)),
  Event: event,
  Condition: condition(1),
  "Condition, two at once": condition(2),
  "Condition's lock": held(
    1,
    Effect.map(Condition.make(), (condition) => ({
      within: (effect) => Condition.withLock(condition, effect),
      isIdle: () => !Condition.locked(condition)
    }))
  ),
  Barrier: barrier,
  "Queue(1), two get": queue(Queue.make({ maxsize: 1 }), { inOrder: true, maxsize: 1 }, twoGet),
  "Queue(1), two put": queue(Queue.make({ maxsize: 1 }), { inOrder: true, maxsize: 1 }, twoPut),
  "Queue, two get": queue(Queue.make(), { inOrder: true }, twoGet),
  "Queue, three get": queue(Queue.make(), { inOrder: true }, threeGet),
  "fair Queue(1), two get": queue(
    Queue.make({ maxsize: 1, fair: true }),
    { inOrder: true, fair: true, maxsize: 1 },
    twoGet
  ),
  "fair Queue(1), two put": queue(
    Queue.make({ maxsize: 1, fair: true }),
    { inOrder: true, fair: true, maxsize: 1 },
    twoPut
  ),
  "fair Queue, two get": queue(Queue.make({ fair: true }), { inOrder: true, fair: true }, twoGet),
  "LifoQueue(2), two get": queue(LifoQueue.make({ maxsize: 2 }), { maxsize: 2 }, twoGet),
  "PriorityQueue(2), two put": queue(
    PriorityQueue.make({ maxsize: 2, order: Order.Number }),
    { maxsize: 2 },
    twoPut
  ),
  "Queue.join": join,
  gather: gathers({}, false),
  "gather, returnExceptions": gathers({ returnExceptions: true }, true),
  "gather, cancelOnError": gathers({ cancelOnError: true }, true),
  "gather, one at a time": oneByOne,
  timeout: timeouts,
  TaskGroup: group,
  "TaskGroup.start": starts,
  "TaskGroup, one at work, and acquireNowait": places,
  wait: waits,
  shield: shields,
  asCompleted: completions,
  "Task.join": joins,
  "Task.cancelAndWait": stops
}
