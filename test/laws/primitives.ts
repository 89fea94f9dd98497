/**
 * The primitives. Each law is written once and run over everything it holds for: whatever can serve as a lock, with one
 * permit or several, and whatever is a queue.
 */
import { Effect, Exit, Order, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, Task } from "effect-asyncio"
import { type Law, outcomeOf, type Program, random } from "./everyStep.ts"
import type { Subject } from "./subjects.ts"

const { Barrier, BoundedSemaphore, Condition, createTask, Event, LifoQueue, Lock, PriorityQueue, Queue, Semaphore } =
  asyncio
const { sleep } = asyncio

type Loop = EventLoop.EventLoop

const ticks = (n: number): Effect.Effect<void> =>
  Effect.forEach(new Array<number>(n).fill(0), () => Effect.yieldNow, { discard: true })

/** Tasks of their own; `main` only watches, so that cancelling it changes nothing for them. */
const side = (tasks: Readonly<Record<string, Effect.Effect<unknown, unknown, Loop>>>) =>
  Effect.gen(function*() {
    const all = []
    for (const [name, effect] of Object.entries(tasks)) all.push(yield* createTask(effect, { name }))
    for (const task of all) yield* Task.await(task)
  })

// --------------------------------------------------------------------------------------------------------------- locks

interface Held {
  readonly acquire: Effect.Effect<void>
  readonly release: Effect.Effect<void>
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Nobody holds it, nobody waits for it, all permits are back. */
  readonly isIdle: () => boolean
}

interface LockLike {
  readonly name: string
  readonly permits: number
  /**
   * Strictly first come, first served. Queues are that only if they are made `fair`, else a newcomer may be faster than a
   * getter that was woken; and their streams are, among themselves.
   */
  readonly fair: boolean
  readonly make: Effect.Effect<Held>
}

/** Acquire and release, held together as `withLock` does it. */
const bracket = (acquire: Effect.Effect<void>, release: Effect.Effect<void>): Held["within"] => (effect) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(restore(acquire), () => Effect.ensuring(restore(effect), release))
  )

const lock = (name: string, within: (self: asyncio.Lock.Lock) => Held["within"]): LockLike => ({
  name,
  permits: 1,
  fair: true,
  make: Effect.map(Lock.make, (self) => ({
    acquire: Lock.acquire(self),
    release: Lock.release(self),
    within: within(self),
    isIdle: () => {
      const { holder, locked, waiters, waiting } = Lock.statistics(self)
      return !locked && holder === undefined && waiting === 0 && waiters.length === 0
    }
  }))
})

const semaphore = (
  name: string,
  permits: number,
  make: Effect.Effect<asyncio.Semaphore.Semaphore>,
  within = (self: asyncio.Semaphore.Semaphore): Held["within"] => (effect) => Semaphore.withPermit(self, effect)
): LockLike => ({
  name,
  permits,
  fair: true,
  make: Effect.map(make, (self) => ({
    acquire: Semaphore.acquire(self),
    release: Semaphore.release(self),
    within: within(self),
    isIdle: () => {
      const { available, waiters, waiting } = Semaphore.statistics(self)
      return available === permits && waiting === 0 && waiters.length === 0 && !Semaphore.locked(self)
    }
  }))
})

const queueLock = (
  name: string,
  permits: number,
  options: { readonly fair: boolean; readonly servesInOrder?: boolean },
  prepare: (self: asyncio.Queue.Queue<number>) => {
    readonly acquire: Effect.Effect<unknown, unknown>
    readonly release: Effect.Effect<unknown, unknown>
    readonly idleSize: number
  }
): LockLike => ({
  name,
  permits,
  fair: options.servesInOrder ?? options.fair,
  make: Effect.gen(function*() {
    const self = yield* Queue.make<number>({ maxsize: permits, fair: options.fair })
    const { acquire, idleSize, release } = prepare(self)
    if (idleSize > 0) { for (let i = 0; i < permits; i++) yield* Effect.orDie(Queue.putNowait(self, i)) }
    const [take, give] = [Effect.asVoid(Effect.orDie(acquire)), Effect.asVoid(Effect.orDie(release))]
    return {
      acquire: take,
      release: give,
      within: bracket(take, give),
      isIdle: () => {
        const { getters, putters, size } = Queue.statistics(self)
        return size === idleSize && getters.length === 0 && putters.length === 0
      }
    }
  })
})

const scoped = (acquire: Effect.Effect<void, never, any>): Held["within"] => (effect) =>
  Effect.scoped(Effect.andThen(acquire, effect)) as typeof effect

const lockLikes: ReadonlyArray<LockLike> = [
  lock("Lock", (self) => (effect) => Lock.withLock(self, effect)),
  lock("Lock, scoped", (self) => scoped(Lock.acquireScoped(self))),
  lock("Lock, by hand", (self) => bracket(Lock.acquire(self), Lock.release(self))),
  semaphore("Semaphore(1)", 1, Semaphore.make(1)),
  semaphore("Semaphore(1), scoped", 1, Semaphore.make(1), (self) => scoped(Semaphore.acquireScoped(self))),
  semaphore("BoundedSemaphore(1)", 1, BoundedSemaphore.make(1)),
  semaphore("Semaphore(2)", 2, Semaphore.make(2)),
  semaphore("BoundedSemaphore(3)", 3, BoundedSemaphore.make(3)),
  {
    name: "Condition's lock",
    permits: 1,
    fair: true,
    make: Effect.map(Condition.make(), (self) => ({
      acquire: Condition.acquire(self),
      release: Condition.release(self),
      within: (effect) => Condition.withLock(self, effect),
      isIdle: () => {
        const { lock, waiting } = Condition.statistics(self)
        return !lock.locked && lock.waiting === 0 && waiting === 0
      }
    }))
  },
  ...[1, 2].flatMap((permits) => [
    ...[false, true].flatMap((fair) => [
      queueLock(`a ${fair ? "fair " : ""}Queue of ${permits}, getting tokens`, permits, { fair }, (self) => ({
        acquire: Queue.get(self),
        release: Queue.putNowait(self, 0),
        idleSize: permits
      })),
      queueLock(`a ${fair ? "fair " : ""}Queue of ${permits}, putting tokens`, permits, { fair }, (self) => ({
        acquire: Queue.put(self, 0),
        release: Queue.getNowait(self),
        idleSize: 0
      }))
    ]),
    queueLock(`streams of a Queue of ${permits}`, permits, { fair: false, servesInOrder: true }, (self) => ({
      acquire: Stream.runHead(Queue.stream(self)),
      release: Queue.putNowait(self, 0),
      idleSize: permits
    }))
  ])
]

/** Who came, who entered, who left; and the laws of all that is like a lock. */
class Room {
  private readonly law: Law
  private readonly like: LockLike
  readonly held: Held
  private inside = 0
  private entries = 0
  private visits = 0
  // In the order they came; those who have entered or given up are out.
  private readonly line: Array<number> = []
  /** Who was in line longer than somebody who entered; fine, as long as they do not enter any more. */
  private readonly overtaken = new Set<number>()

  constructor(law: Law, like: LockLike, held: Held) {
    this.law = law
    this.like = like
    this.held = held
    law.rest(() => {
      law.equal(this.inside, 0, "who is inside at rest")
      law.expect(held.isIdle(), "at rest the permits are not all back, or somebody waits")
    })
  }

  /** A visit: waits in line, enters, runs `effect` inside, leaves. */
  visit<A, E, R>(effect: Effect.Effect<A, E, R>, within: Held["within"] = this.held.within): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const visit = this.visits++
      const last = this.entries + this.line.length
      this.line.push(visit)
      const stay = Effect.suspend(() => {
        this.leaveLine(visit)
        if (this.like.fair) {
          this.law.expect(this.entries <= last, `somebody waited for ${this.entries - last} more than were before it`)
          this.law.expect(!this.overtaken.has(visit), "somebody was overtaken")
          for (const longer of this.line) if (longer < visit) this.overtaken.add(longer)
        }
        this.entries++
        this.inside++
        this.law.expect(this.inside <= this.like.permits, `${this.inside} are inside`)
        return Effect.ensuring(effect, Effect.sync(() => void this.inside--))
      })
      return Effect.ensuring(within(stay), Effect.sync(() => this.leaveLine(visit)))
    })
  }

  private leaveLine(visit: number): void {
    const at = this.line.indexOf(visit)
    if (at >= 0) this.line.splice(at, 1)
  }
}

const inRoom = (like: LockLike, body: (room: Room, law: Law) => Effect.Effect<unknown, unknown, Loop>) => (law: Law) =>
  Effect.flatMap(like.make, (held) => body(new Room(law, like, held), law))

/** The same task several times, by number. */
const times = (
  n: number,
  make: (i: number) => Effect.Effect<unknown, unknown, Loop>
): Record<string, Effect.Effect<unknown, unknown, Loop>> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}`, make(i)]))

const isWorker = (task: string): boolean => /^\d+$/.test(task)

/** The programs for whatever is like a lock. */
const lockPrograms = (like: LockLike): ReadonlyArray<Program> => {
  const program = (
    name: string,
    body: (room: Room, law: Law) => Effect.Effect<unknown, unknown, Loop>,
    options: Partial<Program> = {}
  ): Program => ({ name: `${like.name}: ${name}`, main: inRoom(like, body), ...options })
  return [
    program("a line", (room) => side(times(5, () => room.visit(sleep(0)))), { independent: isWorker }),
    program("stays of several ticks", (room) => side(times(4, (i) => room.visit(ticks(i)))), { independent: isWorker }),
    program("rounds", (room) =>
      side(times(3, (i) =>
        Effect.gen(function*() {
          yield* room.visit(ticks(i))
          // At once again, behind the others.
          yield* room.visit(sleep(0))
        }))), { independent: isWorker }),
    program(
      "newcomers in the step of a release",
      (room) =>
        side(
          times(3, () =>
            Effect.andThen(room.visit(sleep(0)), Effect.andThen(room.visit(Effect.void), room.visit(sleep(0)))))
        ),
      {
        independent: isWorker
      }
    ),
    program(
      "a busy one starves nobody",
      (room) =>
        side({
          busy: Effect.forEach(new Array<number>(6).fill(0), () => room.visit(sleep(0)), { discard: true }),
          ...times(3, (i) => Effect.andThen(ticks(i), room.visit(ticks(i))))
        }),
      { independent: isWorker }
    ),
    program("released by a callback", (room, law) =>
      Effect.gen(function*() {
        const within: Held["within"] = (effect) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(restore(room.held.acquire), () =>
              Effect.ensuring(
                restore(effect),
                // Not by the holder: by a callback of the loop, in the next tick.
                asyncio.EventLoop.callSoon(() => Effect.runSync(room.held.release))
              ))
          ) as typeof effect
        law.expect(room.held.isIdle(), "it is not idle")
        yield* side(times(4, () => room.visit(sleep(0), within)))
        yield* ticks(2)
      }), { independent: isWorker }),
    program(
      "time limits",
      (room) =>
        side(times(4, (i) => Effect.ignore(asyncio.timeout({ seconds: i }, () => room.visit(sleep("1 second"))))))
    ),
    program(
      "waitFor",
      (room) => side(times(4, () => Effect.exit(asyncio.waitFor(room.visit(sleep("1 second")), "2 seconds"))))
    ),
    program("gather, wait, shield, asCompleted", (room) =>
      side({
        gather: asyncio.gather([room.visit(sleep(0)), room.visit(sleep(0))]),
        wait: asyncio.wait([room.visit(sleep(0))], { timeout: "1 second" }),
        shield: asyncio.shield(room.visit(sleep(0))),
        asCompleted: Stream.runDrain(asyncio.asCompleted([room.visit(sleep(0)), room.visit(sleep(0))]))
      })),
    program("a group", (room) =>
      asyncio.TaskGroup.run((group) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) yield* group.createTask(room.visit(sleep("1 second")))
          yield* room.visit(sleep("1 second"))
        })
      )),
    program(
      "failures inside",
      (room) =>
        side(
          times(4, (i) =>
            Effect.ignore(room.visit(i % 2 === 0 ? Effect.andThen(sleep(0), Effect.fail(i)) : Effect.fail(i))))
        )
    ),
    program(
      "trying again after a cancellation",
      (room) => side(times(3, () => Task.catchCancelled(room.visit(ticks(2)), () => room.visit(sleep(0))))),
      {
        stubborn: ["0", "1", "2"]
      }
    ),
    program("fibers that a task forks", (room) =>
      side({
        forks: Effect.all([room.visit(sleep(0)), room.visit(sleep(0)), room.visit(sleep(0))], {
          concurrency: "unbounded"
        }),
        0: room.visit(sleep(0)),
        race: Effect.race(room.visit(ticks(2)), room.visit(ticks(2)))
      }), { independent: isWorker })
  ]
}

/** A random program: tasks that visit, wait, give up. */
const randomVisits = (like: LockLike, seed: number): Program => {
  const next = random(seed)
  const upTo = (n: number) => Math.floor(next() * n)
  const stay = (): (room: Room) => Effect.Effect<unknown, unknown, Loop> => {
    const [kind, long] = [upTo(7), upTo(3)]
    switch (kind) {
      case 0:
        return () => ticks(long)
      case 1:
        return (room) => room.visit(sleep({ seconds: long }))
      case 2:
        return (room) => Effect.ignore(asyncio.waitFor(room.visit(sleep("1 second")), { seconds: long }))
      case 3:
        return (room) => Effect.ignore(asyncio.timeout({ seconds: long }, () => room.visit(ticks(2))))
      case 4:
        return () => sleep({ seconds: long })
      case 5:
        return (room) => asyncio.gather([room.visit(ticks(long)), room.visit(sleep(0))])
      default:
        return (room) => room.visit(ticks(long))
    }
  }
  const scripts = Array.from({ length: 3 + upTo(3) }, () => Array.from({ length: 1 + upTo(3) }, stay))
  return {
    name: `${like.name}: random visits, seed ${seed}`,
    main: inRoom(
      like,
      (room) => side(times(scripts.length, (i) => Effect.forEach(scripts[i]!, (step) => step(room), { discard: true })))
    )
  }
}

// -------------------------------------------------------------------------------------------------------------- queues

interface QueueLike {
  readonly name: string
  readonly maxsize: number
  readonly make: Effect.Effect<asyncio.Queue.Queue<number>>
  /** Which of the items in it comes next, the first put first in the list. */
  readonly next: (items: ReadonlyArray<number>) => number
}

/** Even numbers before odd ones: equals in the order they were put. */
const evenFirst = Order.mapInput(Order.Number, (n: number) => n % 2)

const queueLike = (kind: "Queue" | "LifoQueue" | "PriorityQueue", maxsize: number, fair: boolean): QueueLike => {
  const name = `${fair ? "fair " : ""}${kind}(${maxsize})`
  const options = { maxsize, fair }
  switch (kind) {
    case "Queue":
      return { name, maxsize, make: Queue.make<number>(options), next: () => 0 }
    case "LifoQueue":
      return { name, maxsize, make: LifoQueue.make<number>(options), next: (items) => items.length - 1 }
    case "PriorityQueue":
      return {
        name,
        maxsize,
        make: PriorityQueue.make({ ...options, order: evenFirst }),
        next: (items) => Math.max(0, items.findIndex((item) => item % 2 === 0))
      }
  }
}

const queueLikes: ReadonlyArray<QueueLike> = [
  ...[0, 1, 3].flatMap((maxsize) =>
    (["Queue", "LifoQueue", "PriorityQueue"] as const).map((kind) => queueLike(kind, maxsize, false))
  ),
  queueLike("Queue", 0, true),
  queueLike("LifoQueue", 1, true),
  queueLike("PriorityQueue", 3, true)
]

/** A queue, and beside it what must be in it: every put and get is held against that. */
class Belt {
  readonly queue: asyncio.Queue.Queue<number>
  private readonly law: Law
  private readonly like: QueueLike
  private items: Array<number> = []
  private unfinished = 0
  private timesFinished = 0
  private isShutDown = false
  private nextItem = 0

  constructor(law: Law, like: QueueLike, queue: asyncio.Queue.Queue<number>) {
    this.law = law
    this.like = like
    this.queue = queue
    law.rest(() => {
      const { getters, joiners, putters, size, unfinished } = Queue.statistics(queue)
      law.equal(size, this.items.length, "the items left")
      law.equal(unfinished, this.unfinished, "the items unfinished")
      law.equal([getters.length, putters.length, joiners.length], [0, 0, 0], "who waits at rest")
      const left = Effect.runSync(Effect.exit(Effect.forEach(Array.from(this.items), () => Queue.getNowait(queue))))
      law.equal(outcomeOf(left), `value ${JSON.stringify(this.drained())}`, "what is left, in order")
    })
  }

  private drained(): Array<number> {
    const order: Array<number> = []
    while (this.items.length > 0) order.push(this.items.splice(this.like.next(this.items), 1)[0]!)
    return order
  }

  /** A put of a new item. */
  readonly put = Effect.suspend(() => this.putItem(this.nextItem++))
  putItem(item: number) {
    return Effect.tap(Queue.put(this.queue, item), () => Effect.sync(() => this.wasPut(item)))
  }
  readonly putNowait = Effect.suspend(() => {
    const item = this.nextItem++
    return Effect.tap(Queue.putNowait(this.queue, item), () => Effect.sync(() => this.wasPut(item)))
  })
  putUnsafe(): void {
    const item = this.nextItem++
    if (Queue.putNowaitUnsafe(this.queue, item)) this.wasPut(item)
  }
  private wasPut(item: number): void {
    this.law.expect(!this.isShutDown, "an item was put after the shutdown")
    this.items.push(item)
    this.unfinished++
    const { maxsize } = this.like
    this.law.expect(maxsize === 0 || this.items.length <= maxsize, `${this.items.length} items are in it`)
  }

  readonly get = Effect.suspend(() => Effect.tap(Queue.get(this.queue), this.wasGot))
  readonly getNowait = Effect.suspend(() => Effect.tap(Queue.getNowait(this.queue), this.wasGot))
  get stream() {
    return Stream.tap(Queue.stream(this.queue), this.wasGot)
  }
  private readonly wasGot = (item: number) =>
    Effect.sync(() => {
      const at = this.like.next(this.items)
      this.law.equal(item, this.items[at], "the next item")
      this.items.splice(at, 1)
    })

  readonly taskDone = Effect.suspend(() => {
    this.finish(1)
    return Queue.taskDone(this.queue)
  })
  private finish(items: number): void {
    this.unfinished -= items
    if (this.unfinished === 0) this.timesFinished++
  }
  /** Takes an item and finishes it, however the work ends. */
  work<A, E, R>(effect: Effect.Effect<A, E, R>) {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.get), () => Effect.ensuring(restore(effect), this.taskDone))
    )
  }
  readonly join = Effect.suspend(() => {
    const before = this.timesFinished
    return Effect.tap(Queue.join(this.queue), () =>
      Effect.sync(() => {
        // Somebody may have put again between the last `taskDone` and this step.
        const finished = this.unfinished === 0 || this.timesFinished > before
        this.law.expect(finished, `join is over, ${this.unfinished} are unfinished`)
      }))
  })

  /** Nobody waits for what is there. */
  private checkWaiters(): void {
    const { getters, joiners, putters } = Queue.statistics(this.queue)
    const size = Queue.size(this.queue)
    this.law.expect(getters.length === 0 || size === 0, `${getters.length} wait for an item, ${size} are there`)
    this.law.expect(putters.length === 0 || Queue.full(this.queue), `${putters.length} wait for room, there is some`)
    this.law.expect(joiners.length === 0 || this.unfinished > 0, `${joiners.length} wait to join, all is finished`)
  }

  readonly shutdown = Effect.suspend(() => {
    this.checkWaiters()
    this.isShutDown = true
    return Queue.shutdown(this.queue)
  })
  readonly shutdownNow = Effect.suspend(() => {
    this.checkWaiters()
    this.isShutDown = true
    this.finish(this.items.length)
    this.items = []
    return Queue.shutdown(this.queue, { immediate: true })
  })
}

const onBelt = (like: QueueLike, body: (belt: Belt, law: Law) => Effect.Effect<unknown, unknown, Loop>) => (law: Law) =>
  Effect.flatMap(like.make, (queue) => body(new Belt(law, like, queue), law))

const repeat = (n: number, effect: Effect.Effect<unknown, unknown, Loop>) =>
  Effect.forEach(new Array<number>(n).fill(0), () => effect, { discard: true })

/** Until the queue is shut down. */
const untilEnd = (effect: Effect.Effect<unknown, unknown, Loop>) => Effect.ignore(Effect.forever(effect))

/** Ends what waits at the queue; a callback, so that no hit keeps it from happening. */
const endsLater = (law: Law, belt: Belt, seconds = 10) => law.later(seconds, () => Effect.runSync(belt.shutdown))

const queuePrograms = (like: QueueLike): ReadonlyArray<Program> => {
  const program = (
    name: string,
    body: (belt: Belt, law: Law) => Effect.Effect<unknown, unknown, Loop>,
    options: Partial<Program> = {}
  ): Program => ({ name: `${like.name}: ${name}`, main: onBelt(like, body), ...options })
  const withEnd = (
    name: string,
    tasks: (belt: Belt, law: Law) => Readonly<Record<string, Effect.Effect<unknown, unknown, Loop>>>,
    options?: Partial<Program>
  ) => program(name, (belt, law) => Effect.andThen(endsLater(law, belt), side(tasks(belt, law))), options)
  const getting = (belt: Belt) => ({ "getter a": untilEnd(belt.get), "getter b": untilEnd(belt.get) })
  const putting = (belt: Belt) => ({
    "putter a": Effect.ignore(repeat(3, belt.put)),
    "putter b": Effect.ignore(repeat(2, belt.put))
  })
  return [
    withEnd("getters first", (belt) => ({ ...getting(belt), ...putting(belt) })),
    withEnd("putters first", (belt) => ({ ...putting(belt), ...getting(belt) })),
    withEnd("one item for several getters", (belt) => ({
      ...times(4, () => Effect.ignore(belt.get)),
      putter: Effect.andThen(sleep("1 second"), belt.put)
    })),
    withEnd("newcomers are faster", (belt) => ({
      ...times(2, () => Effect.ignore(belt.get)),
      putter: repeat(3, Effect.andThen(sleep("1 second"), Effect.andThen(belt.put, Effect.ignore(belt.getNowait)))),
      newcomer: repeat(2, Effect.andThen(sleep("1 second"), Effect.ignore(belt.get)))
    })),
    withEnd("gets with a time limit", (belt) => ({
      ...times(3, (i) => repeat(2, Effect.ignore(asyncio.waitFor(belt.get, { seconds: i })))),
      timeout: Effect.ignore(asyncio.timeout("1 second", () => repeat(2, belt.get))),
      putter: Effect.ignore(repeat(4, Effect.andThen(sleep("1 second"), belt.put)))
    })),
    withEnd("puts with a time limit", (belt) => ({
      ...times(4, (i) => Effect.ignore(asyncio.waitFor(belt.put, { seconds: 1 + i % 2 }))),
      getter: untilEnd(Effect.andThen(sleep("1 second"), belt.get))
    })),
    withEnd("wait, gather, asCompleted around gets", (belt) => ({
      wait: Effect.gen(function*() {
        const { pending } = yield* asyncio.wait([belt.get, belt.get], {
          returnWhen: asyncio.FIRST_COMPLETED,
          timeout: "1 second"
        })
        for (const task of pending) yield* Task.cancel(task)
      }),
      gather: Effect.ignore(asyncio.gather([belt.get, belt.get])),
      asCompleted: Effect.ignore(Stream.runDrain(Stream.take(asyncio.asCompleted([belt.get, belt.get]), 1))),
      putter: Effect.ignore(repeat(5, Effect.andThen(sleep(500), belt.put)))
    }), {
      cancels: true,
      // A child that fails in the very tick beats the cancellation, and is ignored here.
      stubborn: ["gather"]
    }),
    withEnd("shield and waitFor around a get", (belt) => ({
      shield: Effect.ignore(asyncio.waitFor(asyncio.shield(belt.get), "1 second")),
      getter: Effect.ignore(belt.get),
      putter: Effect.ignore(repeat(2, Effect.andThen(sleep("1 second"), belt.put)))
    })),
    withEnd("a race of gets", (belt) => ({
      race: Effect.ignore(Effect.race(belt.get, Effect.andThen(sleep("1 second"), belt.get))),
      putter: Effect.ignore(repeat(2, Effect.andThen(sleep("1 second"), belt.put)))
    })),
    withEnd("put by callbacks", (belt, law) => ({
      ...getting(belt),
      callbacks: Effect.gen(function*() {
        for (const seconds of [1, 1, 2]) yield* law.later(seconds, () => belt.putUnsafe())
        yield* sleep("3 seconds")
      })
    })),
    program("join and taskDone", (belt, law) =>
      Effect.gen(function*() {
        yield* law.later(10, () => Effect.runSync(belt.shutdownNow))
        yield* side({
          ...times(2, () => untilEnd(belt.work(sleep("1 second")))),
          join: Effect.ignore(Effect.andThen(repeat(3, belt.put), belt.join)),
          "another join": belt.join
        })
      })),
    withEnd("streams and getters", (belt) => ({
      ...times(3, () => Stream.runForEach(belt.stream, () => sleep(0))),
      ...getting(belt),
      putter: Effect.ignore(repeat(6, belt.put)),
      newcomer: repeat(3, Effect.andThen(sleep(0), Effect.ignore(belt.getNowait)))
    })),
    program("shut down, with putters and getters waiting", (belt, law) =>
      Effect.gen(function*() {
        for (const seconds of [1, 2]) yield* endsLater(law, belt, seconds)
        yield* side({
          ...times(2, () => untilEnd(belt.get)),
          ...putting(belt),
          late: Effect.andThen(sleep("3 seconds"), Effect.ignore(belt.get))
        })
      })),
    program("shut down full, then drained", (belt, law) =>
      Effect.gen(function*() {
        yield* law.later(1, () => Effect.runSync(belt.shutdown))
        yield* side({
          ...times(5, () => Effect.ignore(belt.put)),
          drain: Effect.andThen(sleep("2 seconds"), untilEnd(belt.work(sleep(0)))),
          join: Effect.andThen(sleep(0), Effect.ignore(asyncio.waitFor(belt.join, "5 seconds")))
        })
      })),
    program("shut down at once, beside a join", (belt, law) =>
      Effect.gen(function*() {
        yield* law.later(2, () => Effect.runSync(belt.shutdownNow))
        yield* side({
          ...times(4, () => Effect.ignore(belt.put)),
          worker: untilEnd(belt.work(sleep("3 seconds"))),
          join: Effect.andThen(sleep(0), belt.join)
        })
      })),
    program("shut down at once, nobody working", (belt, law) =>
      Effect.gen(function*() {
        yield* law.later(1, () => Effect.runSync(belt.shutdownNow))
        yield* side({ ...times(3, () => Effect.ignore(belt.put)), join: belt.join })
      }))
  ]
}

const randomBelt = (like: QueueLike, seed: number): Program => {
  const next = random(seed)
  const upTo = (n: number) => Math.floor(next() * n)
  const step = (): (belt: Belt) => Effect.Effect<unknown, unknown, Loop> => {
    const [kind, long] = [upTo(11), upTo(3)]
    switch (kind) {
      case 0:
        return () => ticks(long)
      case 1:
        return () => sleep({ seconds: long })
      case 2:
      case 3:
        return (belt) => belt.get
      case 4:
        return (belt) => Effect.ignore(asyncio.waitFor(belt.get, { seconds: long }))
      case 5:
        return (belt) => Effect.ignore(belt.getNowait)
      case 6:
        return (belt) => belt.work(ticks(long))
      case 7:
        return (belt) => asyncio.wait([belt.get, belt.put], { timeout: { seconds: long } })
      case 8:
        return (belt) => Effect.ignore(asyncio.waitFor(belt.put, { seconds: long }))
      case 9:
        return (belt) => Effect.ignore(belt.putNowait)
      default:
        return (belt) => belt.put
    }
  }
  const scripts = Array.from({ length: 3 + upTo(4) }, () => Array.from({ length: 1 + upTo(4) }, step))
  const now = next() < 0.3
  return {
    name: `${like.name}: random operations, seed ${seed}`,
    main: onBelt(like, (belt, law) =>
      Effect.gen(function*() {
        yield* law.later(20, () => Effect.runSync(now ? belt.shutdownNow : belt.shutdown))
        const script = (i: number) => Effect.forEach(scripts[i]!, (step) => step(belt), { discard: true })
        yield* side(times(scripts.length, (i) => Effect.ignore(script(i))))
      }))
  }
}

// -------------------------------------------------------------------------------------------- Event, Condition, Barrier

const event: Subject = {
  name: "Event",
  programs: [
    {
      name: "all who wait go on, though it is cleared at once",
      main: (law) =>
        Effect.gen(function*() {
          const event = yield* Event.make
          yield* law.later(1, () => {
            Event.setUnsafe(event)
            Effect.runSync(Event.clear(event))
          })
          yield* side(times(4, () => Event.wait(event)))
        }),
      independent: isWorker
    },
    {
      name: "set by a task, waited for with a time limit",
      main: (law) =>
        Effect.gen(function*() {
          const event = yield* Event.make
          yield* law.later(3, () => Event.setUnsafe(event))
          law.rest(() => law.equal(Event.statistics(event).waiting, 0, "who waits at rest"))
          yield* side({
            ...times(3, (i) => Effect.ignore(asyncio.waitFor(Event.wait(event), { seconds: i }))),
            3: Event.wait(event),
            setter: Effect.andThen(sleep("1 second"), Event.set(event))
          })
        })
    },
    {
      name: "set again and again",
      main: (law) =>
        Effect.gen(function*() {
          const event = yield* Event.make
          let passed = 0
          for (const seconds of [1, 2, 3, 4]) {
            yield* law.later(seconds, () => {
              Event.setUnsafe(event)
              Effect.runSync(Event.clear(event))
            })
          }
          const pass = Effect.tap(Event.wait(event), () => Effect.sync(() => void passed++))
          yield* side(times(3, () => repeat(2, pass)))
          law.equal(passed >= 6 || !law.undisturbed, true, "all passed")
        }),
      independent: isWorker
    }
  ]
}

/** `n` who wait, bare; `m` notifications; then everybody is let go. Nobody hit takes a notification with it. */
const notifications = (name: string, n: number, notify: ReadonlyArray<number>, stay = 0): Program => ({
  name,
  main: (law) =>
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      let woken = 0
      const told = notify.reduce((sum, count) => sum + count, 0)
      const hasLock = () => {
        const { holder } = Condition.statistics(condition).lock
        return (task: string) => law.expect(holder?.name === task, `${task} left its wait without the lock`)
      }
      const waiter = (i: number) =>
        Condition.withLock(
          condition,
          Effect.andThen(
            Effect.onExit(Condition.wait(condition), () => Effect.sync(() => hasLock()(`${i}`))),
            Effect.sync(() => void woken++)
          )
        )
      const notifier = Condition.withLock(
        condition,
        // Those notified wait for the lock as long as the notifier stays.
        Effect.andThen(Effect.forEach(notify, (count) => Condition.notify(condition, count)), ticks(stay))
      )
      // A callback starts them: no hit keeps the notifications from coming.
      yield* law.later(5, () => {
        const hit = Array.from({ length: n }, (_, i) => law.wasHit(`${i}`)).filter((hit) => hit).length
        const wanted = Math.min(law.wasHit("notifier") ? 0 : told, n - hit)
        law.expect(woken >= wanted, `${woken} of ${n} went on, ${wanted} had to`)
        if (law.undisturbed) law.equal(woken, Math.min(told, n), "who went on")
      })
      const flush = Effect.andThen(sleep("6 seconds"), Condition.withLock(condition, Condition.notifyAll(condition)))
      yield* createTask(flush, { name: "flush" })
      law.rest(() => {
        const { lock, waiting } = Condition.statistics(condition)
        law.expect(waiting === 0 && !lock.locked && lock.waiting === 0, "at rest the condition is not idle")
      })
      yield* side({ ...times(n, waiter), notifier: Effect.andThen(sleep("1 second"), notifier) })
    }),
  spared: ["flush"]
})

const condition: Subject = {
  name: "Condition",
  programs: [
    notifications("one of three is notified", 3, [1]),
    notifications("two of four, one by one", 4, [1, 1]),
    notifications("two of three at once", 3, [2]),
    notifications("all", 3, [3]),
    notifications("one of three, the lock held on", 3, [1], 4),
    notifications("two of four, the lock held on", 4, [2], 4),
    {
      name: "a producer and consumers",
      main: (law) =>
        Effect.gen(function*() {
          const condition = yield* Condition.make()
          const items: Array<number> = []
          const got: Array<number> = []
          let ended = false
          const produce = (item: number) =>
            Condition.withLock(
              condition,
              Effect.suspend(() => {
                items.push(item)
                return Condition.notify(condition)
              })
            )
          const consume = Condition.withLock(
            condition,
            Effect.map(Condition.waitFor(condition, () => items.length > 0 || ended), () => {
              if (items.length > 0) got.push(items.shift()!)
            })
          )
          const end = Condition.withLock(
            condition,
            Effect.suspend(() => {
              ended = true
              return Condition.notifyAll(condition)
            })
          )
          yield* createTask(Effect.uninterruptible(Effect.andThen(sleep("9 seconds"), end)), { name: "end" })
          law.rest(() => {
            const all = [...got, ...items].toSorted()
            law.equal(all, Array.from(all, (_, i) => i), "the items")
            if (!law.undisturbed) return
            law.equal(got.length, 3, "the items got")
          })
          // Before the end: an item that lies there while somebody waits for one is a lost notification.
          yield* law.later(8, () => {
            const { waiting } = Condition.statistics(condition)
            law.expect(items.length === 0 || waiting === 0, `${items.length} items, and ${waiting} wait`)
          })
          let next = 0
          const producer = Effect.suspend(() =>
            Effect.andThen(sleep("1 second"), Effect.suspend(() => produce(next++)))
          )
          yield* side({ ...times(4, () => consume), producer: repeat(3, producer) })
        }),
      spared: ["end"]
    },
    {
      name: "waiting with a time limit",
      main: (law) =>
        Effect.gen(function*() {
          const condition = yield* Condition.make()
          let ready = false
          const wait = Condition.withLock(
            condition,
            Effect.exit(asyncio.waitFor(Condition.waitFor(condition, () => ready), "1 second"))
          )
          const open = Condition.withLock(
            condition,
            Effect.suspend(() => {
              ready = true
              return Condition.notifyAll(condition)
            })
          )
          law.rest(() => law.expect(!Condition.locked(condition), "the lock is held"))
          // At the very time.
          yield* side({ ...times(3, () => wait), opener: Effect.andThen(sleep("1 second"), open) })
        })
    },
    {
      name: "two conditions on one lock",
      main: (law) =>
        Effect.gen(function*() {
          const lock = yield* Lock.make
          const [full, empty] = [yield* Condition.make(lock), yield* Condition.make(lock)]
          const items: Array<number> = []
          let ended = false
          const put = Lock.withLock(
            lock,
            Effect.gen(function*() {
              yield* Condition.waitFor(full, () => items.length === 0 || ended)
              items.push(1)
              law.expect(ended || items.length === 1, "more than fits")
              yield* Condition.notify(empty)
            })
          )
          const get = Lock.withLock(
            lock,
            Effect.gen(function*() {
              yield* Condition.waitFor(empty, () => items.length > 0 || ended)
              items.pop()
              yield* Condition.notify(full)
            })
          )
          const end = Lock.withLock(
            lock,
            Effect.suspend(() => {
              ended = true
              return Effect.andThen(Condition.notifyAll(full), Condition.notifyAll(empty))
            })
          )
          yield* createTask(Effect.uninterruptible(Effect.andThen(sleep("9 seconds"), end)), { name: "end" })
          law.rest(() => law.equal(Lock.statistics(lock).waiting, 0, "who waits at rest"))
          yield* side({ ...times(3, () => put), getter: repeat(3, get) })
        }),
      spared: ["end"]
    }
  ]
}

/** Who meets at a barrier: nobody goes before all have come, and nobody stays when all have. */
const meetings = (
  name: string,
  parties: number,
  visitors: (
    wait: Effect.Effect<number, unknown, Loop>
  ) => Readonly<Record<string, Effect.Effect<unknown, unknown, Loop>>>
): Program => ({
  name,
  main: (law) =>
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(parties)
      let [inside, came, went] = [0, 0, 0]
      const wait = Effect.suspend(() => {
        came++
        inside++
        return Effect.onExit(Barrier.wait(barrier), (exit) =>
          Effect.sync(() => {
            inside--
            if (Exit.isFailure(exit)) return
            went++
            law.expect(exit.value >= 0 && exit.value < parties, `index ${exit.value}`)
            law.expect(Math.ceil(went / parties) * parties <= came, `${went} went, ${came} had come`)
          }))
      })
      // At the end some may be too few for a round: they are the ones that wait, and are let go.
      yield* law.later(9, () => {
        law.expect(inside < parties, `${inside} wait for a round of ${parties}`)
        law.equal(Barrier.waiting(barrier), inside, "who waits")
      })
      const end = Effect.andThen(sleep("10 seconds"), Barrier.abort(barrier))
      yield* createTask(Effect.uninterruptible(end), { name: "end" })
      law.rest(() => {
        const { lock, waiting, waiters } = Barrier.statistics(barrier)
        law.expect(
          !lock.locked && lock.waiting === 0 && waiting === 0 && waiters.length === 0,
          "the barrier is not idle"
        )
        law.equal(inside, 0, "who is inside at rest")
      })
      yield* side(visitors(wait))
    }),
  spared: ["end"]
})

const barrier: Subject = {
  name: "Barrier",
  programs: [
    meetings("a round of three", 3, (wait) => times(3, () => wait)),
    meetings("one more than fits", 3, (wait) => times(4, (i) => Effect.andThen(ticks(i), Effect.ignore(wait)))),
    meetings("two rounds of two", 2, (wait) => times(4, () => Effect.ignore(wait))),
    meetings("rounds of the same", 2, (wait) => times(2, () => Effect.ignore(repeat(3, wait)))),
    meetings("rounds of two by three", 2, (wait) => times(3, () => Effect.ignore(repeat(2, wait)))),
    meetings("with a time limit", 2, (wait) => ({
      0: Effect.ignore(asyncio.waitFor(wait, "1 second")),
      1: Effect.andThen(sleep("1 second"), Effect.ignore(wait)),
      2: Effect.andThen(sleep("2 seconds"), Effect.ignore(wait))
    })),
    meetings("of one", 1, (wait) => times(3, () => Effect.ignore(wait))),
    {
      name: "reset",
      main: (law) =>
        Effect.gen(function*() {
          const barrier = yield* Barrier.make(3)
          yield* createTask(Effect.uninterruptible(Effect.andThen(sleep("9 seconds"), Barrier.abort(barrier))), {
            name: "end"
          })
          law.rest(() => law.equal(Barrier.statistics(barrier).lock.waiting, 0, "who waits at rest"))
          yield* side({
            ...times(2, () => Effect.ignore(Barrier.wait(barrier))),
            reset: Effect.andThen(sleep("1 second"), Barrier.reset(barrier)),
            2: Effect.andThen(sleep("1 second"), Effect.ignore(Barrier.wait(barrier)))
          })
        }),
      spared: ["end"]
    }
  ]
}

// ------------------------------------------------------------------------------------------------------------ all of it

export const primitives: ReadonlyArray<Subject> = [
  ...lockLikes.map((like) => ({
    name: like.name,
    programs: lockPrograms(like),
    random: (seed: number) => randomVisits(like, seed)
  })),
  event,
  condition,
  barrier,
  ...queueLikes.map((like) => ({
    name: like.name,
    programs: queuePrograms(like),
    random: (seed: number) => randomBelt(like, seed)
  }))
]
