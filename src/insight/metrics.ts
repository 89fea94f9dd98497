/** What loops do, as Effect's metrics. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { nowNanos } from "../internal/host/hostTime.ts"
import type { Step } from "../internal/kernel/Entry.ts"
import { observe, type Observer, type Waiting } from "../internal/kernel/observer.ts"
import { LoopImpl } from "../internal/loop/loop.ts"
import { openLoops } from "../internal/loop/openLoops.ts"
import { SlowSteps } from "../internal/loop/slowSteps.ts"
import type { TaskImpl } from "../internal/task/task.ts"
import { outcomeOf } from "../internal/waiting/cancelled.ts"
import type { Task } from "../Task.ts"
import { Waits } from "./Waits.ts"

type AnyTask = Task<unknown, unknown>
type AnyTaskImpl = TaskImpl<unknown, unknown>

/** For everything measured in milliseconds: 1 µs to 100 s, two in each decade. */
const boundaries = [-3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [10 ** power, 3 * 10 ** power]).slice(0, -1)

const millis = (name: string, description: string, attributes: Record<string, string> = {}) =>
  Metric.histogram(name, { description: `${description}, in milliseconds`, boundaries, attributes })

/**
 * Measures all loops of the process as long as its scope is open.
 *
 * **When to use**
 *
 * Use for dashboards and alerts, through whatever reads Effect's `Metric`: Prometheus, OTLP, `Metric.dump`, Effect's
 * devtools.
 *
 * **Details**
 *
 * | metric | kind | what |
 * | --- | --- | --- |
 * | `asyncio_tasks_alive` | gauge | tasks that are not done, those from before included |
 * | `asyncio_tasks_ended` | counter by `outcome`: `ok`, `failed`, `cancelled` | tasks that have ended |
 * | `asyncio_step_ms` | histogram | how long a step held its loop; one within another counts for itself |
 * | `asyncio_lag_ms` | histogram | how long a step that was ready waited for its turn |
 * | `asyncio_wait_ms` | histogram by `for`: `Lock`, `Queue.get`, `timer`, `task` … | how long a fiber waited in something of this library |
 *
 * They use the registry and the attributes that are current where the layer is built. Names of tasks and primitives are
 * not attributes: the number of series would have no bound. Times are those of the loops' clocks, so on a virtual loop
 * a step takes no time.
 *
 * It costs nothing unless it is built; docs/costs.md says what it costs then.
 *
 * **Example** (How many tasks ended, and how)
 *
 * ```ts import.meta.vitest
 * import { Effect, Metric } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const program = Effect.gen(function*() {
 *   yield* asyncio.gather([asyncio.sleep(1), Effect.fail("no"), Effect.void], { returnExceptions: true })
 *   const all = yield* Metric.snapshot
 *   return all.filter(({ id }) => id === "asyncio_tasks_ended").map(({ attributes }) => attributes?.["outcome"])
 * }).pipe(Effect.provide(Insight.layerMetrics), Effect.provideService(Metric.MetricRegistry, new Map()))
 *
 * await asyncio.run(program) // => ["failed", "ok"]
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerMetrics: Layer.Layer<never> = Layer.effectDiscard(
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.acquireRelease(Effect.sync(() => measure(context)), (stop) => Effect.sync(stop))
  )
)

const measure = (context: Context.Context<never>): () => void => {
  const alive = Metric.gauge("asyncio_tasks_alive", { description: "Tasks that are not done" })
  // Counted when somebody reads it.
  const hooks = { get: () => ({ value: countTasks() }), update() {}, modify() {} }
  const registration = Metric.registerUnsafe(alive, context, hooks)
  const stop = observe(new Meter(context))
  return () => {
    stop()
    registration.remove()
  }
}

const countTasks = (): number =>
  openLoops().reduce((count, loop) => loop instanceof LoopImpl ? count + loop.tasks.size : count, 0)

class Meter extends Waits implements Observer {
  private readonly context: Context.Context<never>
  private readonly clock: Clock.Clock
  private readonly steps: SlowSteps
  private readonly lag = millis("asyncio_lag_ms", "How long a step that was ready waited for its turn")
  /** Since when each entry that is about to run has been ready. */
  private readonly ready = new WeakMap<object, number>()
  private readonly outcomes = new Map(
    (["ok", "failed", "cancelled"] as const).map((outcome) => [
      outcome,
      Metric.counter("asyncio_tasks_ended", {
        description: "Tasks that have ended",
        attributes: { outcome },
        incremental: true
      })
    ])
  )

  constructor(context: Context.Context<never>) {
    const waits = new Map<string, ReturnType<typeof millis>>()
    super((waiter, nanos) => {
      const kind = kindOf(waiter)
      let wait = waits.get(kind)
      if (wait === undefined) {
        waits.set(kind, wait = millis("asyncio_wait_ms", "How long a fiber waited", { for: kind }))
      }
      wait.updateUnsafe(nanos / 1e6, context)
    })
    this.context = context
    this.clock = Context.get(context, Clock.Clock)
    const step = millis("asyncio_step_ms", "How long a step held its loop")
    this.steps = new SlowSteps(undefined, this.clock, 0, (_, seconds) => step.updateUnsafe(seconds * 1000, context))
  }

  services(context: Context.Context<never>): Context.Context<never> {
    return this.steps.services(context)
  }
  created(task: AnyTask): void {
    this.becameReady(task)
  }
  ended(task: AnyTask): void {
    this.outcomes.get(outcomeOf((task as AnyTaskImpl).exit!))!.updateUnsafe(1, this.context)
  }
  override woken(waiter: Waiting): void {
    super.woken(waiter)
    this.becameReady(waiter)
  }
  override withdrawn(waiter: Waiting): void {
    super.withdrawn(waiter)
    this.becameReady(waiter)
  }
  stepBegan(step: Step, queue: object): void {
    const since = this.ready.get(step)
    if (since !== undefined) {
      this.ready.delete(step)
      this.lag.updateUnsafe((nowNanos(this.clock) - since) / 1e6, this.context)
    }
    this.steps.stepBegan(step, queue)
  }
  stepEnded(step: Step, queue: object): void {
    this.steps.stepEnded(step, queue)
  }

  private becameReady(entry: object): void {
    this.ready.set(entry, nowNanos(this.clock))
  }
}

/** The kind of what a fiber waits for: there are few. */
const kindOf = ({ label, resource, verb }: Waiting): string => {
  if (resource !== undefined) return verb === undefined ? resource.kind : `${resource.kind}.${verb}`
  // The library's words, without a task's name and without the article.
  return label.replace(/ '.*$/s, "").replace(/^(a|an|the) /, "")
}
