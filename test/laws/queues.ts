/** Whatever is a queue: each law is written once and run over all of them. */
import { Effect, Order, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task } from "effect-asyncio"
import { type Law, outcomeOf, type Program, random } from "./everyStep.ts"
import { type Loop, repeat, side, ticks, times } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { LifoQueue, PriorityQueue, Queue, sleep } = asyncio

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

export const queues: ReadonlyArray<Subject> = queueLikes.map((like) => ({
  name: like.name,
  programs: queuePrograms(like),
  random: (seed: number) => randomBelt(like, seed)
}))
