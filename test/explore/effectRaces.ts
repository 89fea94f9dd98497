/**
 * The races of `examples/races` in plain Effect: fibers, `Deferred`, `Effect.timeout`, what a program has that knows of
 * this library only as a test's means. Each passes in the written order.
 */
import { Deferred, Effect, Fiber, Option, Semaphore } from "effect"
import { Explore } from "effect-asyncio/testing"

const awaitAll = (fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>>) => Effect.forEach(fibers, Fiber.await)

const ignoringTimeout = (millis: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.timeoutOption(effect, millis)

// ---------------------------------------------------------------------------------------------------- lost wake-up

class Turnstile {
  private readonly line: Array<Deferred.Deferred<void>> = []
  private permits = 1

  readonly acquire = Effect.gen({ self: this }, function*() {
    while (this.permits === 0) {
      const turn = yield* Deferred.make<void>()
      this.line.push(turn)
      yield* Deferred.await(turn).pipe(
        Effect.ensuring(Effect.sync(() => void this.line.splice(this.line.indexOf(turn), 1)))
      )
    }
    this.permits--
  })

  readonly release = Effect.suspend(() => {
    this.permits++
    const next = this.line[0]
    return next === undefined ? Effect.void : Deferred.succeed(next, undefined)
  })

  withPermit<A, E, R>(effect: Effect.Effect<A, E, R>) {
    return Effect.uninterruptibleMask((restore) =>
      Effect.andThen(restore(this.acquire), Effect.ensuring(restore(effect), this.release))
    )
  }
}

const lostWakeup = Effect.gen(function*() {
  const turnstile = new Turnstile()
  const holder = yield* Effect.forkChild(turnstile.withPermit(Explore.latency("10 millis", "40 millis")))
  const impatient = yield* Effect.forkChild(turnstile.withPermit(Effect.void).pipe(ignoringTimeout(20)))
  const patient = yield* Effect.forkChild(turnstile.withPermit(Effect.void))
  yield* awaitAll([holder, impatient, patient])
})

// ------------------------------------------------------------------------------------------------- check-then-act

const checkThenAct = Effect.gen(function*() {
  const owners = new Map<string, string>()
  const won: Array<string> = []
  const register = Effect.fnUntraced(function*(owner: string, at: number) {
    yield* Effect.sleep(at)
    if (owners.has("pool")) return
    yield* Explore.latency("10 millis", "80 millis")
    owners.set("pool", owner)
    won.push(owner)
  })
  yield* Effect.all([register("ann", 0), register("bob", 30)], { concurrency: "unbounded" })
  if (won.length > 1) return yield* Effect.die(new Error(`the name belongs to ${won.join(" and ")}`))
})

// ------------------------------------------------------------------------------------------------- double release

const doubleRelease = Effect.gen(function*() {
  const permit = yield* Semaphore.make(1)
  let sending = 0
  yield* Explore.always("one request at a time", () => sending <= 1)
  const send = Effect.acquireUseRelease(
    Effect.sync(() => sending++),
    () => Explore.latency("10 millis", "45 millis"),
    () => Effect.sync(() => sending--)
  )
  const read = Explore.latency("10 millis", "80 millis")
  const request = Semaphore.take(permit, 1).pipe(
    Effect.andThen(
      send.pipe(
        Effect.andThen(Semaphore.release(permit, 1)),
        Effect.andThen(read),
        Effect.timeout("50 millis"),
        Effect.catchTag("TimeoutError", () => Semaphore.release(permit, 1))
      )
    )
  )
  yield* Effect.all([0, 60, 80].map((at) => Effect.andThen(Effect.sleep(at), request)), { concurrency: "unbounded" })
})

// -------------------------------------------------------------------------------------------- notified before wait

const notifiedTooEarly = Effect.gen(function*() {
  let open = 1
  const waiting: Array<Deferred.Deferred<void>> = []
  const connection = yield* Effect.forkChild(
    Effect.gen(function*() {
      yield* Effect.sleep("30 millis")
      open--
      for (const one of waiting.splice(0)) yield* Deferred.succeed(one, undefined)
    })
  )
  const server = yield* Effect.forkChild(
    Effect.gen(function*() {
      if (open === 0) return
      yield* Explore.latency("10 millis", "80 millis")
      const closed = yield* Deferred.make<void>()
      waiting.push(closed)
      yield* Deferred.await(closed)
    })
  )
  yield* awaitAll([connection, server])
})

// ---------------------------------------------------------------------------------------------------- item lost

const lostItem = Effect.gen(function*() {
  const getters: Array<Deferred.Deferred<string>> = []
  const items: Array<string> = []
  const got: Array<string> = []
  const get = Effect.gen(function*() {
    const item = items.shift()
    if (item !== undefined) return item
    const getter = yield* Deferred.make<string>()
    getters.push(getter)
    return yield* Deferred.await(getter)
  })
  const consumer = yield* Effect.forkChild(
    Effect.gen(function*() {
      for (let patience = 4; patience > 0; patience--) {
        const item = yield* Effect.timeoutOption(get, "50 millis")
        if (Option.isSome(item)) got.push(item.value)
      }
    })
  )
  yield* Explore.latency("10 millis", "80 millis")
  const getter = getters.shift()
  if (getter === undefined) items.push("item")
  else yield* Deferred.succeed(getter, "item")
  yield* Fiber.await(consumer)
  if (got.length === 0) return yield* Effect.die(new Error("an item is lost"))
})

// --------------------------------------------------------------------------------------------- forks left on an error

const forksLeft = Effect.gen(function*() {
  let searching = 0
  const search = (millis: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => searching++),
      () => Effect.andThen(Effect.sleep(millis), Explore.fault("unreachable")),
      () => Effect.sync(() => searching--)
    )
  const fibers = yield* Effect.forEach([10, 20, 30], (millis) => Effect.forkDetach(search(millis)))
  yield* Effect.forEach(fibers, Fiber.join).pipe(Effect.ignore)
  if (searching > 0) return yield* Effect.die(new Error(`${searching} searches are left`))
})

// ------------------------------------------------------------------------------------------------------- lock order

const lockOrder = Effect.gen(function*() {
  const savings = yield* Semaphore.make(1)
  const checking = yield* Semaphore.make(1)
  const check = Explore.latency("10 millis", "80 millis")
  const transfer = (from: Semaphore.Semaphore, to: Semaphore.Semaphore) =>
    from.withPermits(1)(Effect.andThen(check, to.withPermits(1)(check)))
  const there = yield* Effect.forkChild(transfer(savings, checking))
  const back = yield* Effect.forkChild(Effect.andThen(Effect.sleep("30 millis"), transfer(checking, savings)))
  yield* awaitAll([there, back])
})

// ------------------------------------------------------------------------------------------------ barrier broken late

const lateBreak = Effect.gen(function*() {
  const opened = yield* Deferred.make<void>()
  const outcomes = new Set<string>()
  let waiting = 0
  let broken = false
  const meet = Effect.gen(function*() {
    if (broken) return "alone"
    if (++waiting === 2) {
      yield* Deferred.succeed(opened, undefined)
      return "met"
    }
    const met = yield* Effect.timeoutOption(Deferred.await(opened), "50 millis")
    broken = Option.isNone(met)
    return broken ? "alone" : "met"
  })
  const note = Effect.map(meet, (outcome) => outcomes.add(outcome))
  const first = yield* Effect.forkChild(note)
  const second = yield* Effect.forkChild(Effect.andThen(Explore.latency("10 millis", "80 millis"), note))
  yield* awaitAll([first, second])
  if (outcomes.size > 1) return yield* Effect.die(new Error("one has met the other, who was alone"))
})

// ------------------------------------------------------------------------------------------------------- permit lost

const lostPermit = Effect.gen(function*() {
  const pool = yield* Semaphore.make(1)
  let free = 1
  const acquire = Semaphore.take(pool, 1).pipe(
    Effect.tap(() => Effect.sync(() => free--)),
    Effect.andThen(Explore.latency("10 millis", "80 millis"))
  )
  const release = Effect.andThen(Effect.sync(() => free++), Semaphore.release(pool, 1))
  const client = Effect.timeout(acquire, "50 millis").pipe(
    Effect.andThen(Effect.ensuring(Effect.sleep("5 millis"), release)),
    Effect.catchTag("TimeoutError", () => Effect.void)
  )
  yield* awaitAll([yield* Effect.forkChild(client), yield* Effect.forkChild(client)])
  if (free < 1) return yield* Effect.die(new Error("a permit is lost"))
})

// ----------------------------------------------------------------------------------------------------- cache stampede

const cacheStampede = Effect.gen(function*() {
  let loads = 0
  let user: string | undefined
  const load = Effect.suspend(() => {
    loads++
    return Effect.as(Explore.latency("10 millis", "80 millis"), "a user")
  })
  const get = Effect.gen(function*() {
    user ??= yield* load
    return user
  })
  yield* Effect.all([0, 30, 60].map((at) => Effect.andThen(Effect.sleep(at), get)), { concurrency: "unbounded" })
  if (loads > 1) return yield* Effect.die(new Error(`loaded ${loads} times`))
})

// -------------------------------------------------------------------------------------------- shutdown while putting

const shutdownWhilePutting = Effect.gen(function*() {
  const items: Array<string> = []
  const getters: Array<Deferred.Deferred<void>> = []
  const putters: Array<Deferred.Deferred<void>> = []
  let closed = false
  const wake = (line: Array<Deferred.Deferred<void>>) => {
    const next = line.shift()
    return next === undefined ? Effect.void : Deferred.succeed(next, undefined)
  }
  const wait = Effect.fnUntraced(function*(line: Array<Deferred.Deferred<void>>) {
    const turn = yield* Deferred.make<void>()
    line.push(turn)
    yield* Deferred.await(turn)
  })
  const put = Effect.fnUntraced(function*(item: string) {
    while (items.length === 1 && !closed) yield* wait(putters)
    if (closed) return
    items.push(item)
    yield* wake(getters)
  })
  const consumer = yield* Effect.forkChild(
    Effect.gen(function*() {
      for (;;) {
        while (items.length === 0 && !closed) yield* wait(getters)
        if (items.shift() === undefined) return
        if (!closed) yield* wake(putters)
        yield* Explore.latency("10 millis", "80 millis")
      }
    })
  )
  const producers = yield* Effect.forEach(
    [0, 10, 20, 30],
    (at) => Effect.forkChild(Effect.andThen(Effect.sleep(at), put(`item of ${at}`)))
  )
  yield* Effect.sleep("50 millis")
  closed = true
  yield* wake(getters)
  yield* wake(putters)
  yield* awaitAll([consumer, ...producers])
})

// ------------------------------------------------------------------------------------------------------ double charge

const doubleCharge = Effect.gen(function*() {
  let charged = 0
  const network = Explore.latency("10 millis", "80 millis")
  const charge = network.pipe(Effect.andThen(Effect.sync(() => charged++)), Effect.andThen(network))
  const pay = Effect.forkDetach(charge).pipe(Effect.flatMap(Fiber.join), Effect.timeout("50 millis"))
  yield* Effect.ignore(Effect.retry(pay, { times: 2 }))
  yield* Effect.sleep("1 second")
  if (charged > 1) return yield* Effect.die(new Error(`charged ${charged} times`))
})

interface EffectRace {
  readonly race: Effect.Effect<unknown, unknown>
  /** What has to vary for it to be found. */
  readonly vary: Explore.Vary
}

const world: Explore.Vary = {}

export const effectRaces: Readonly<Record<string, EffectRace>> = {
  "lost-wakeup": { race: lostWakeup, vary: { operations: true } },
  "check-then-act": { race: checkThenAct, vary: world },
  "double-release": { race: doubleRelease, vary: world },
  "notified-too-early": { race: notifiedTooEarly, vary: world },
  "lost-item": { race: lostItem, vary: world },
  "gather-leftovers": { race: forksLeft, vary: world },
  "lock-order": { race: lockOrder, vary: world },
  "late-break": { race: lateBreak, vary: { operations: true } },
  "lost-permit": { race: lostPermit, vary: world },
  "cache-stampede": { race: cacheStampede, vary: world },
  "shutdown-while-putting": { race: shutdownWhilePutting, vary: world },
  "double-charge": { race: doubleCharge, vary: world }
}
