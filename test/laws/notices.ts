/** Event, Condition, Barrier: nobody told is lost, nobody goes before the time. */
import { Effect, Exit } from "effect"
import * as asyncio from "effect-asyncio"
import { type Program } from "./everyStep.ts"
import { isWorker, type Loop, repeat, side, ticks, times } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { Barrier, Condition, createTask, Event, Lock, sleep } = asyncio

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

export const notices: ReadonlyArray<Subject> = [event, condition, barrier]
