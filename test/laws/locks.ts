/** Whatever can serve as a lock, with one permit or several: each law is written once and run over all of them. */
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task } from "effect-asyncio"
import { type Law, type Program, random } from "./everyStep.ts"
import { isWorker, type Loop, side, ticks, times } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { BoundedSemaphore, Condition, Lock, Queue, Semaphore, sleep } = asyncio

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
  lock("Lock, without waiting if it can", (self) =>
    bracket(
      Effect.flatMap(Lock.acquireNowait(self), (got) => got ? Effect.void : Lock.acquire(self)),
      Lock.release(self)
    )),
  semaphore("Semaphore(2), without waiting if it can", 2, Semaphore.make(2), (self) =>
    bracket(
      Effect.flatMap(Semaphore.acquireNowait(self), (got) => got ? Effect.void : Semaphore.acquire(self)),
      Semaphore.release(self)
    )),
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

export const locks: ReadonlyArray<Subject> = lockLikes.map((like) => ({
  name: like.name,
  programs: lockPrograms(like),
  random: (seed: number) => randomVisits(like, seed)
}))
