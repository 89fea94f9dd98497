/** The fuzzer's programs on this library. The counterpart of `python.py`, statement by statement. */
import { Duration, Effect, Exit, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import type { LoopImpl } from "../../src/internal/loop/loop.ts"
import { catchRuntimeError } from "../conformance/defects.ts"
import { ValueError } from "../conformance/errors.ts"
import { format, formatCancelled } from "../conformance/format.ts"
import { exceptGroup } from "../conformance/group.ts"
import type { Log, Main } from "../conformance/scenario.ts"
import {
  type Action,
  type Block,
  type Body,
  horizon,
  type Item,
  type Program,
  resources,
  type Statement
} from "./program.ts"

const { Barrier, Condition, Event, EventLoop, Future, Lock, Queue, Semaphore, Task, TaskGroup, Timeout } = asyncio

type AnyFuture = asyncio.Future.Future<unknown, unknown>
type AnyTask = asyncio.Task.Task<unknown, unknown>
type Run<A = unknown> = Effect.Effect<A, unknown, asyncio.EventLoop.EventLoop>

/** What a `return` statement gives; a block that comes to its end gives none. */
interface Returned {
  readonly value: unknown
}

/** What the tasks of a program share. */
interface Env {
  readonly log: Log
  readonly tasks: Map<string, AnyTask>
  /** Those reported as never retrieved. */
  readonly unseen: Set<unknown>
  /** Those that asyncio's `wait` has looked at, to see whether they failed; ours does not count that as a look. */
  readonly lookedAt: Set<unknown>
  readonly groups: Map<number, asyncio.TaskGroup.TaskGroup>
  readonly timeouts: Map<number, asyncio.Timeout.Timeout>
  readonly futures: ReadonlyArray<AnyFuture>
  readonly events: ReadonlyArray<asyncio.Event.Event>
  readonly locks: ReadonlyArray<asyncio.Lock.Lock>
  readonly rawLock: asyncio.Lock.Lock
  readonly semaphores: ReadonlyArray<asyncio.Semaphore.Semaphore>
  readonly condition: asyncio.Condition.Condition
  readonly queues: ReadonlyArray<asyncio.Queue.Queue<unknown>>
  readonly barrier: asyncio.Barrier.Barrier
}

const makeEnv = (log: Log) =>
  Effect.gen(function*() {
    const times = (n: number) => Array.from({ length: n }, (_, i) => i)
    return {
      log,
      tasks: new Map(),
      unseen: new Set(),
      lookedAt: new Set(),
      groups: new Map(),
      timeouts: new Map(),
      futures: yield* Effect.forEach(times(resources.futures), () => Future.make<unknown, unknown>()),
      events: yield* Effect.forEach(times(resources.events), () => Event.make),
      locks: yield* Effect.forEach(times(resources.locks), () => Lock.make),
      rawLock: yield* Lock.make,
      semaphores: yield* Effect.forEach(resources.semaphores, (permits) => Semaphore.make(permits)),
      condition: yield* Condition.make(),
      queues: yield* Effect.forEach(resources.queues, (maxsize) => Queue.make<unknown>({ maxsize })),
      barrier: yield* Barrier.make(resources.parties)
    } satisfies Env
  })

const duration = (seconds: number): Duration.Duration => Duration.seconds(seconds)

const self = Effect.map(asyncio.currentTask, Option.getOrThrow)

const stateOf = (future: AnyFuture): string => {
  if (!Future.done(future)) return "pending"
  return Future.cancelled(future) ? "cancelled" : format(Effect.runSyncExit(Future.result(future)))
}

const labelOf = (item: Item): string => {
  switch (item.kind) {
    case "task":
      return item.name
    case "future":
      return `f${item.future}`
    case "start":
      return item.body.name
    case "shield":
      return `shield(${labelOf(item.item)})`
    case "gather":
      return `gather(${item.items.map(labelOf).join(" ")})`
  }
}

/** Between the moments at which other statements do something: whoever is to be woken has been woken. */
const quarter = Duration.millis(250)

const nameOf = ({ tasks }: Env, task: unknown): string =>
  Array.from(tasks).find(([, each]) => each === task)?.[0] ?? "?"

const optionsOf = (message: string | undefined) => message === undefined ? {} : { message }

/** The code that runs in one coroutine. */
class Code {
  private readonly env: Env
  private readonly name: string
  /** In a fiber that the task forked: its requests to cancel are the task's, in Python they are of a task of its own. */
  private readonly forked: boolean

  constructor(env: Env, name: string, forked = false) {
    this.env = env
    this.name = name
    this.forked = forked
  }

  private exists(item: Item): boolean {
    return item.kind === "task"
      ? this.env.tasks.has(item.name)
      : item.kind === "shield"
      ? this.exists(item.item)
      : true
  }

  private awaitable(item: Item): AnyFuture | Run {
    switch (item.kind) {
      case "task":
        return this.env.tasks.get(item.name)!
      case "future":
        return this.env.futures[item.future]!
      case "start":
        return runBody(this.env, item.body)
      case "shield":
        return Effect.suspend(() => asyncio.shield(this.awaitable(item.item)))
      case "gather":
        return Effect.suspend(() => this.gathered(item.items, item.returnExceptions))
    }
  }

  private future(item: Item): AnyFuture {
    return this.awaitable(item) as AnyFuture
  }

  private awaitables(items: ReadonlyArray<Item>): ReadonlyArray<AnyFuture | Run> {
    return items.filter((item) => this.exists(item)).map((item) => this.awaitable(item))
  }

  private gathered(items: ReadonlyArray<Item>, returnExceptions: boolean): Run {
    return asyncio.gather(this.awaitables(items), { returnExceptions })
  }

  block(block: Block): Run<Returned | undefined> {
    const { statement } = this
    return Effect.gen(function*() {
      for (const each of block) {
        const returned = yield* statement(each)
        if (returned !== undefined) return returned
      }
      return undefined
    })
  }

  private readonly statement = (s: Statement): Run<Returned | undefined> =>
    Effect.suspend(() => {
      const log: Log = (...parts) => this.env.log(this.name, s.id, ...parts)
      log(s.op)
      return this.run(s, log) as Run<Returned | undefined>
    })

  /** Gives what the statement returns from the body, else nothing. */
  private run(s: Statement, log: Log): Run<Returned | undefined | void> {
    const { env } = this
    const logged = (text: string) => (value: unknown) => log(text, value)
    switch (s.op) {
      case "sleep":
        return Effect.map(asyncio.sleep(duration(s.seconds)), () => log("slept"))
      case "create":
        return Effect.map(
          asyncio.createTask(runBody(env, s.body), { name: s.body.name, eager: s.eager }),
          (task) => {
            env.tasks.set(s.body.name, task)
            log("created", s.body.name)
          }
        )
      case "join":
        if (!this.exists(s.item)) return Effect.sync(() => log("missing"))
        return Effect.flatMap(self, (task) => {
          const future = this.future(s.item)
          return future === task
            ? Effect.sync(() => log("itself"))
            : Effect.map(Future.join(future), logged("joined"))
        })
      case "gather":
        return Effect.map(this.gathered(s.items, s.returnExceptions), logged("gathered"))
      case "wait": {
        const items = s.items.filter((item) => this.exists(item))
        if (items.length === 0) return Effect.sync(() => log("missing"))
        return Effect.gen({ self: this }, function*() {
          const futures = yield* Effect.forEach(items, (item) => asyncio.ensureFuture(this.awaitable(item)))
          if (s.mode === "FIRST_EXCEPTION") { for (const future of futures) env.lookedAt.add(future) }
          const { done } = yield* asyncio.wait(futures, {
            returnWhen: s.mode,
            timeout: s.seconds === undefined ? undefined : duration(s.seconds)
          })
          log("done", items.filter((_, i) => done.has(futures[i]!)).map(labelOf))
        })
      }
      case "asCompleted": {
        const awaitables = this.awaitables(s.items)
        const options = s.seconds === undefined ? {} : { timeout: duration(s.seconds) }
        const completed = logged("completed")
        const all = s.plain
          ? Effect.flatMap(
            asyncio.asCompletedEffects(awaitables, options),
            (effects) =>
              Effect.forEach(
                effects,
                (effect) => Effect.match(effect, { onSuccess: completed, onFailure: completed }),
                { discard: true }
              )
          )
          : Stream.runForEach(
            asyncio.asCompleted(awaitables, options),
            (future) => Effect.sync(() => completed(stateOf(future)))
          )
        return Effect.map(all, () => log("all completed"))
      }
      case "shield":
        if (!this.exists(s.item)) return Effect.sync(() => log("missing"))
        return Effect.map(asyncio.shield(this.awaitable(s.item)), logged("shielded"))
      case "waitFor":
        if (!this.exists(s.item)) return Effect.sync(() => log("missing"))
        return Effect.flatMap(self, (task) => {
          const awaitable = this.awaitable(s.item)
          return awaitable === task
            ? Effect.sync(() => log("itself"))
            : Effect.map(asyncio.waitFor(awaitable, duration(s.seconds)), logged("got"))
        })
      case "waitForBlock":
        return Effect.map(asyncio.waitFor(this.block(s.block), duration(s.seconds)), (returned) => {
          log("in time")
          return returned
        })
      case "timeout": {
        let timeout: asyncio.Timeout.Timeout
        const body = (opened: asyncio.Timeout.Timeout) => {
          env.timeouts.set(s.id, timeout = opened)
          return this.block(s.block)
        }
        const delay = s.seconds === null ? Duration.infinity : duration(s.seconds)
        return Effect.map(asyncio.timeout(delay, body), (returned) => {
          log("left", Timeout.expired(timeout))
          return returned
        })
      }
      case "reschedule":
        return Effect.gen(function*() {
          const timeout = env.timeouts.get(s.timeout)
          if (timeout === undefined) return log("missing")
          const when = s.seconds === null ? undefined : (yield* EventLoop.time) + s.seconds
          const text = yield* Effect.as(Timeout.reschedule(timeout, when), "rescheduled").pipe(
            catchRuntimeError(() => Effect.succeed("refused"))
          )
          log(text)
        })
      case "cancel":
      case "uncancel":
      case "state": {
        const task = env.tasks.get(s.task)
        if (task === undefined) return Effect.sync(() => log("missing"))
        switch (s.op) {
          case "cancel":
            return Effect.map(Task.cancel(task, optionsOf(s.message)), logged(s.task))
          case "uncancel":
            return Effect.suspend(() => {
              const before = Task.cancelling(task)
              return Effect.map(Task.uncancel(task), (after) => log(s.task, before, after))
            })
          case "state":
            return Effect.sync(() => log(s.task, stateOf(task), Task.cancelling(task)))
        }
      }
      // oxlint-disable-next-line no-fallthrough -- every case above returns
      case "catchError":
        return Effect.catch(this.block(s.block), (error) => {
          log("caught", error)
          return this.block(s.handler)
        })
      case "catchCancelled":
        return Task.catchCancelled(this.block(s.block), (message) =>
          Effect.gen({ self: this }, function*() {
            log("caught", formatCancelled(message), Task.cancelling(yield* self))
            const returned = yield* this.block(s.handler)
            if (s.reraise) return yield* Effect.interrupt
            return returned
          }))
      case "finally":
        return Effect.map(
          Effect.onExit(this.block(s.block), () => {
            log("finally")
            return this.block(s.handler)
          }),
          (returned) => {
            log("after finally")
            return returned
          }
        )
      case "raise":
        return Effect.fail(new ValueError(s.id))
      case "return":
        return Effect.succeed({ value: s.id })
      case "group":
        return TaskGroup.run((group) => {
          env.groups.set(s.id, group)
          return Effect.map(this.block(s.block), (returned) => {
            log("body ends")
            return returned
          })
        }).pipe(
          Effect.map((returned) => {
            log("left")
            return returned
          }),
          exceptGroup((group) =>
            Effect.map(self, (task) => {
              log("failed", group, ...this.forked ? [] : [Task.cancelling(task)])
            })
          )
        )
      case "groupCancel":
        return env.groups.get(s.group)?.cancel ?? Effect.sync(() => log("missing"))
      case "branches": {
        const forked = new Code(env, this.name, true)
        const all = Effect.forEach(s.blocks, (block) => Effect.exit(forked.block(block)), { concurrency: "unbounded" })
        return Effect.map(
          s.seconds === undefined ? all : asyncio.timeout(duration(s.seconds), () => all),
          (exits) => log("joined", exits.map((exit) => Exit.isSuccess(exit) ? exit.value?.value : exit))
        )
      }
      case "awaitedBy":
        return Effect.map(asyncio.sleep(quarter), () => {
          const task = env.tasks.get(s.task)
          if (task === undefined) return log("missing")
          if (Task.done(task)) return log("done")
          log(s.task, Array.from(Task.awaitedBy(task), (waiter) => nameOf(env, waiter)).sort())
        })
      case "groupCreate":
        return Effect.gen(function*() {
          const group = env.groups.get(s.group)
          if (group === undefined) return log("missing")
          const { name } = s.body
          const task = yield* group.createTask(runBody(env, s.body), { name, eager: s.eager }).pipe(
            catchRuntimeError(() => Effect.succeed(undefined))
          )
          if (task === undefined) return log("refused")
          env.tasks.set(name, task)
          log("created", name)
        })
      case "callSoon":
        return Effect.asVoid(EventLoop.callSoon(() => this.act(s.action, log)))
      case "callLater":
        return Effect.asVoid(EventLoop.callLater(duration(s.seconds), () => this.act(s.action, log)))
      case "doneCallback":
        if (!this.exists(s.item)) return Effect.sync(() => log("missing"))
        return Future.addDoneCallback(this.future(s.item), (future) => {
          log(labelOf(s.item), stateOf(future))
          this.act(s.action, log)
        })
      case "future": {
        const future = env.futures[s.future]!
        switch (s.do) {
          case "succeed":
            return Future.succeed(future, s.id)
          case "fail":
            return Future.fail(future, new ValueError(s.id))
          case "cancel":
            return Effect.map(Future.cancel(future), (accepted) => log(accepted))
        }
      }
      // oxlint-disable-next-line no-fallthrough -- every case above returns
      case "event": {
        const event = env.events[s.event]!
        switch (s.do) {
          case "wait":
            return Effect.map(Event.wait(event), () => log("waited"))
          case "set":
            return Event.set(event)
          case "clear":
            return Event.clear(event)
        }
      }
      // oxlint-disable-next-line no-fallthrough -- every case above returns
      case "lock":
        return this.within((effect) => Lock.withLock(env.locks[s.lock]!, effect), s.block, log)
      case "acquire":
        return Effect.map(Lock.acquire(env.rawLock), () => log("acquired"))
      case "release":
        return Lock.locked(env.rawLock) ? Lock.release(env.rawLock) : Effect.sync(() => log("not locked"))
      case "semaphore": {
        const semaphore = env.semaphores[s.semaphore]!
        return this.within(
          (effect) => Semaphore.withPermit(semaphore, effect),
          s.block,
          log,
          () => [Semaphore.locked(semaphore)]
        )
      }
      case "acquirePermit":
        return Effect.map(Semaphore.acquire(env.semaphores[s.semaphore]!), () => log("acquired"))
      case "releasePermit":
        return Semaphore.release(env.semaphores[s.semaphore]!)
      case "condition":
        return this.within((effect) => Condition.withLock(env.condition, effect), s.block, log)
      case "conditionWait":
        return Condition.locked(env.condition)
          ? Effect.map(Condition.wait(env.condition), () => log("notified"))
          : Effect.sync(() => log("not locked"))
      case "notify":
        if (!Condition.locked(env.condition)) return Effect.sync(() => log("not locked"))
        return s.n === null ? Condition.notifyAll(env.condition) : Condition.notify(env.condition, s.n)
      case "queue": {
        const queue = env.queues[s.queue]!
        switch (s.do) {
          case "put":
            return Effect.map(Queue.put(queue, s.id), () => log("put", Queue.size(queue)))
          case "get":
            return Effect.map(Queue.get(queue), (item) => log("got", item, Queue.size(queue)))
          case "putNowait":
            return Queue.putNowait(queue, s.id)
          case "getNowait":
            return Effect.map(Queue.getNowait(queue), logged("got"))
          case "join":
            return Effect.map(Queue.join(queue), () => log("joined"))
          case "taskDone":
            return Queue.statistics(queue).unfinished === 0
              ? Effect.sync(() => log("nothing to do"))
              : Queue.taskDone(queue)
          case "shutdown":
          case "shutdownNow":
            return Queue.shutdown(queue, { immediate: s.do === "shutdownNow" })
        }
      }
      // oxlint-disable-next-line no-fallthrough -- every case above returns
      case "barrier":
        switch (s.do) {
          case "wait":
            return Effect.map(Barrier.wait(env.barrier), logged("passed"))
          case "abort":
            return Effect.map(Barrier.abort(env.barrier), () => log("aborted"))
          case "reset":
            return Effect.map(Barrier.reset(env.barrier), () => log("reset"))
        }
    }
  }

  private within(
    hold: (effect: Run<Returned | undefined>) => Run<Returned | undefined>,
    block: Block,
    log: Log,
    more: () => ReadonlyArray<unknown> = () => []
  ): Run<Returned | undefined> {
    const body = Effect.suspend(() => {
      log("acquired")
      return this.block(block)
    })
    return Effect.map(hold(body), (returned) => {
      log("released", ...more())
      return returned
    })
  }

  private act(action: Action, log: Log): void {
    const { env } = this
    log("callback", action.do)
    switch (action.do) {
      case "log":
        return
      case "cancel": {
        const task = env.tasks.get(action.task)
        if (task !== undefined) log(Task.cancelUnsafe(task, optionsOf(action.message)))
        return
      }
      case "set":
        return Event.setUnsafe(env.events[action.event]!)
      case "succeed":
        return void Future.succeedUnsafe(env.futures[action.future]!, "value")
      case "fail":
        return void Future.failUnsafe(env.futures[action.future]!, new ValueError("future"))
      case "cancelFuture":
        return void Future.cancelUnsafe(env.futures[action.future]!)
      case "put":
        if (!Queue.putNowaitUnsafe(env.queues[action.queue]!, "item")) log("not put")
        return
      case "release":
        return Semaphore.releaseUnsafe(env.semaphores[action.semaphore]!)
      case "cancelGroup": {
        const group = env.groups.get(action.group)
        return group === undefined ? log("missing") : Effect.runSync(group.cancel)
      }
      case "raise":
        throw new ValueError("callback")
    }
  }
}

function runBody(env: Env, { block, name }: Body): Run {
  return Effect.flatMap(self, (task) => {
    if (!env.tasks.has(name)) env.tasks.set(name, task)
    env.log(name, "begins")
    return Effect.onExit(
      Effect.map(new Code(env, name).block(block), (returned) => returned?.value),
      (exit) => Effect.sync(() => env.log(name, "ends", Exit.isSuccess(exit) ? exit.value : exit))
    )
  })
}

/** A program as a scenario for the conformance harness. */
export const interpret = (program: Program): Main => (log) =>
  Effect.gen(function*() {
    const env: Env = yield* makeEnv(log)
    yield* EventLoop.setExceptionHandler(({ future, message }) =>
      Effect.sync(() => {
        if (message === "Exception in callback") log("reported", message)
        else if (message.endsWith("never retrieved")) env.unseen.add(future)
      })
    )
    for (const body of program) {
      env.tasks.set(body.name, yield* asyncio.createTask(runBody(env, body), { name: body.name }))
    }
    yield* asyncio.sleep(duration(horizon))
    yield* Effect.map(EventLoop.EventLoop, (loop) => (loop as LoopImpl).unseen.reportAll())
    const isReported = (future: AnyFuture) => env.unseen.has(future) && !env.lookedAt.has(future)
    for (const [i, future] of env.futures.entries()) if (isReported(future)) log("reported", `f${i}`)
    for (const [name, task] of env.tasks) if (isReported(task)) log("reported", name)
    for (const [name, task] of env.tasks) log(name, stateOf(task), Task.cancelling(task))
  })
