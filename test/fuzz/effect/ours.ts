/** Programs with this library's counterparts, on its virtual loop. */
import { Cause, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { type Handle, Interpreter, outcome, type Run, type World } from "./interpret.ts"
import { futures, type Program } from "./program.ts"

const { ALL_COMPLETED, Event, EventLoop, FIRST_COMPLETED, Future, Lock, Queue, Semaphore, Task, TaskGroup } = asyncio

type Services = asyncio.EventLoop.EventLoop
type AnyFuture = asyncio.Future.Future<unknown, unknown>
type AnyTask = asyncio.Task.Task<unknown, unknown>

class OurWorld implements World<Services> {
  readonly names = new Map<AnyFuture | undefined, string>()
  private readonly resources: Resources

  constructor(resources: Resources) {
    this.resources = resources
    for (const [name, future] of resources.futures) this.names.set(future, name)
  }

  readonly sleep = (millis: number): Effect.Effect<void> => asyncio.sleep(millis)

  readonly gather = (
    children: ReadonlyArray<Run<Services>>,
    limit: number | undefined,
    exits: boolean
  ): Run<Services> =>
    asyncio.gather(
      children,
      exits ? { concurrency: limit, returnExceptions: true } : { concurrency: limit, cancelOnError: true }
    )

  readonly group = (
    body: Run<Services>,
    tasks: ReadonlyArray<Run<Services>>,
    begun: (stop: Effect.Effect<void>) => void
  ): Run<Services> =>
    TaskGroup.run((group) => {
      begun(group.cancel)
      return Effect.andThen(Effect.forEach(tasks, (task) => group.createTask(task)), body)
    })

  /** The first, then the end of the others. */
  readonly wait = (children: ReadonlyArray<Run<Services>>): Run<Services> =>
    Effect.suspend(() => {
      let tasks: ReadonlyArray<AnyTask> = []
      const end = Effect.suspend(() =>
        Effect.andThen(
          Effect.forEach(tasks, (task) => Task.cancel(task)),
          Effect.forEach(tasks, (task) => Task.await(task), { discard: true })
        )
      )
      const first = Effect.forEach(children, (child) => asyncio.createTask(child)).pipe(
        Effect.flatMap((created) => asyncio.wait(tasks = created, { returnWhen: FIRST_COMPLETED })),
        Effect.flatMap(({ done }) => {
          const [first] = done
          return Task.join(first!)
        })
      )
      return Effect.onExit(first, () => end)
    })

  readonly timeout = (body: Run<Services>, millis: number): Run<Services> => asyncio.timeout(millis, () => body)
  readonly waitFor = (body: Run<Services>, millis: number): Run<Services> => asyncio.waitFor(body, millis)
  readonly passOn = Task.catchCancelled(() => Effect.interrupt)

  readonly createTask = (
    body: Run<Services>,
    name: string,
    eager: boolean
  ): Effect.Effect<Handle<Services>, never, Services> =>
    Effect.map(asyncio.createTask(body, { name, eager }), (task) => {
      this.names.set(task, name)
      return handleOf(task)
    })

  readonly gatherOf = (handles: ReadonlyArray<Handle<Services>>): Run<Services> =>
    asyncio.gather(handles.map((handle) => futureOf(handle) ?? handle.join), { cancelOnError: true })

  readonly waitOf = (handles: ReadonlyArray<Handle<Services>>, first: boolean): Run<Services> =>
    asyncio.wait(
      handles.map((handle): AnyFuture | Run<Services> => futureOf(handle) ?? handle.await),
      { returnWhen: first ? FIRST_COMPLETED : ALL_COMPLETED }
    )

  get hold() {
    return { lock: Lock.withLock(this.resources.lock), semaphore: Semaphore.withPermit(this.resources.semaphore) }
  }

  get event() {
    const { event } = this.resources
    return { wait: Event.wait(event), set: Event.set(event), clear: Event.clear(event) }
  }

  get queues() {
    return { bounded: operationsOf(this.resources.bounded), unbounded: operationsOf(this.resources.unbounded) }
  }

  readonly future = (name: string) => {
    const future = this.resources.futures.get(name)!
    return {
      ...handleOf(future),
      succeed: (value: string) => Effect.as(Effect.ignore(Future.succeed(future, value)), ""),
      fail: (value: string) => Effect.as(Effect.ignore(Future.fail(future, value)), "")
    }
  }
}

interface FutureHandle extends Handle<Services> {
  readonly future: AnyFuture
}

/** The handle's future; a bare fiber has none. */
const futureOf = (handle: Handle<Services>): AnyFuture | undefined => (handle as Partial<FutureHandle>).future

const handleOf = (future: AnyFuture): FutureHandle => ({
  future,
  join: Future.join(future),
  shield: asyncio.shield(future),
  await: Future.await(future),
  cancel: Future.cancel(future),
  interrupt: Effect.suspend(() => {
    if (!Task.isTask(future)) return Effect.asVoid(Future.cancel(future))
    return Effect.sync(() => future.fiber?.interruptUnsafe())
  }),
  isDone: () => Future.done(future)
})

const operationsOf = (queue: asyncio.Queue.Queue<string>) => ({
  put: (item: string) => Effect.as(closed(Queue.put(queue, item)), ""),
  get: closed(Queue.get(queue)),
  shutdown: Effect.as(Queue.shutdown(queue), "")
})

const closed = <A>(effect: Effect.Effect<A, asyncio.QueueShutDown>): Effect.Effect<A, string> =>
  Effect.mapError(effect, () => "shutdown")

const makeResources = Effect.all({
  lock: Lock.make,
  semaphore: Semaphore.make(2),
  event: Event.make,
  bounded: Queue.make<string>({ maxsize: 1 }),
  unbounded: Queue.make<string>(),
  futures: Effect.map(
    Effect.forEach(futures, (name) => Effect.map(Future.make<unknown, unknown>(), (future) => [name, future] as const)),
    (entries) => new Map<string, AnyFuture>(entries)
  )
})

type Resources = Effect.Success<typeof makeResources>

/** What the program does: its lines, in order of time and then of the alphabet. */
export const runOurs = async (program: Program): Promise<ReadonlyArray<string>> => {
  let lines: ReadonlyArray<string> = []
  const reported: Array<string> = []
  const main = Effect.gen(function*() {
    const world = new OurWorld(yield* makeResources)
    yield* EventLoop.setExceptionHandler(({ future, message, task }) =>
      Effect.sync(() => {
        if (!atTheEnd.some((text) => message.startsWith(text))) {
          reported.push(world.names.get(task ?? future) ?? message)
        }
      })
    )
    const interpreter = new Interpreter<Services>(world)
    lines = interpreter.lines
    yield* interpreter.main(program)
  })
  const exit = await inTime(Effect.runPromiseExit(VirtualLoop.run(main, { patience: 0, maxTicks: 10_000 })))
  if (exit === undefined) reported.push("it hangs")
  else if (exit._tag === "Failure") reported.push(Cause.pretty(exit.cause))
  return outcome(lines, reported)
}

/** A loop that never closes is an outcome too. */
const inTime = async <A>(promise: Promise<A>): Promise<A | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, 20_000, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What is said of tasks that are still there when the loop closes, for which plain Effect has no counterpart. */
const atTheEnd = ["Unhandled exception during shutdown", "Task was destroyed"]
