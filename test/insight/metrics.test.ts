/** What loops do, as Effect's metrics and span events, and by Effect's own exporters. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Metric, Tracer } from "effect"
import * as asyncio from "effect-asyncio"
import { createTask, Event, EventLoop, Lock, Queue, Semaphore, sleep, Task } from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { OtlpMetrics, OtlpSerialization, OtlpTracer, PrometheusMetrics } from "effect/observability"
import { never, type Program } from "../support/loops.ts"

/** Runs a program with metrics in a registry of its own, and gives what `read` gives at its end. */
const measured = <A, E>(program: Program<unknown, E>, read: Effect.Effect<A>) =>
  VirtualLoop.run(
    Effect.andThen(program, read).pipe(
      Effect.provide(Insight.layerMetrics),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ),
    { patience: 0 }
  )

const seriesOf = (id: string) => Effect.map(Metric.snapshot, (all) => all.filter((metric) => metric.id === id))

/** Of a histogram: by what it is told apart, how many there were, how long in all. */
const histogram = (id: string, attribute: string) =>
  Effect.map(seriesOf(id), (all) =>
    Object.fromEntries(all.flatMap((metric) =>
      metric.type === "Histogram"
        ? [[metric.attributes?.[attribute] ?? "", [metric.state.count, Number(metric.state.sum.toFixed(3))]]]
        : []
    )))

const held = Effect.tap(Lock.make, Lock.acquire)

describe("layerMetrics", () => {
  it.live("counts the tasks that are there, and those that end by how they do", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* asyncio.gather([Effect.void, Effect.fail("no"), sleep(1), Effect.die("no")], { returnExceptions: true })
        const task = yield* createTask(never)
        yield* sleep(0)
        yield* Task.cancel(task)
        yield* createTask(never)
        yield* sleep(0)
      })
      const read = Effect.all([seriesOf("asyncio_tasks_alive"), seriesOf("asyncio_tasks_ended")])
      const [alive, ended] = yield* measured(program, read)
      expect(alive.map(({ state }) => state)).toEqual([{ value: 2 }])
      expect(ended.map(({ attributes, state }) => [attributes?.["outcome"], state])).toEqual([
        ["ok", { count: 2, incremental: true }],
        ["failed", { count: 2, incremental: true }],
        ["cancelled", { count: 1, incremental: true }]
      ])
    }))

  it.live("how long fibers waited, by what they waited for", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const lock = yield* Lock.make
        const queue = yield* Queue.make<number>()
        const event = yield* Event.make
        const holder = yield* createTask(Lock.withLock(lock, sleep("30 millis")), { name: "holder" })
        yield* createTask(Effect.andThen(sleep("50 millis"), Queue.put(queue, 1)))
        const asked = yield* createTask(Event.wait(event))
        const interrupted = yield* createTask(Effect.ignore(Effect.timeout(Event.wait(event), "70 millis")))
        yield* sleep(0)
        yield* asyncio.gather([Lock.acquire(lock), Queue.get(queue), Task.await(holder)])
        yield* Task.cancel(asked)
        yield* Task.await(interrupted)
      })
      expect(yield* measured(program, histogram("asyncio_wait_ms", "for"))).toEqual({
        timer: [2, 80],
        Lock: [1, 30],
        task: [2, 50],
        "Queue.get": [1, 50],
        gather: [1, 50],
        Event: [2, 120]
      })
    }))

  it.live("how long steps hold the loop, and how long what is ready waits for that", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const event = yield* Event.make
        yield* createTask(Event.wait(event))
        yield* sleep(0)
        yield* Event.set(event)
        yield* VirtualLoop.advance("40 millis")
        yield* sleep(0)
      })
      const read = Effect.all([histogram("asyncio_step_ms", ""), histogram("asyncio_lag_ms", "")])
      const [step, lag] = yield* measured(program, read)
      expect((step[""] as ReadonlyArray<number>)[1]).toBe(40)
      // The waiter's, and the first steps of the two tasks.
      expect(lag[""]).toEqual([2, 40])
    }))

  it.live("ends with its scope: nothing is counted, and nothing tells of tasks", () =>
    Effect.gen(function*() {
      const registry: Metric.MetricRegistry = new Map()
      const program = Effect.gen(function*() {
        yield* Effect.provide(sleep(1), Insight.layerMetrics)
        const before = yield* Metric.dump
        yield* asyncio.gather([sleep(1), sleep(2)])
        expect(yield* Metric.dump).toBe(before)
        expect(before).not.toContain("asyncio_tasks_alive")
        expect(before).toContain("asyncio_wait_ms")
      })
      yield* VirtualLoop.run(Effect.provideService(program, Metric.MetricRegistry, registry))
    }))

  it.live("names of tasks and primitives make no series of their own", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        for (let i = 0; i < 5; i++) {
          const lock = Insight.named(yield* held, `lock ${i}`)
          const semaphore = Insight.named(yield* Semaphore.make(0), `semaphore ${i}`)
          const task = yield* createTask(Lock.acquire(lock), { name: `task ${i}` })
          yield* createTask(Task.await(task))
          yield* createTask(Effect.ignore(Task.join(yield* createTask(asyncio.shield(task)))))
          yield* createTask(Semaphore.acquire(semaphore))
        }
        yield* sleep(0)
        for (const task of yield* asyncio.allTasks) if (task !== Task.currentUnsafe()) yield* Task.cancel(task)
        yield* sleep(1)
      })
      const waits = yield* measured(program, histogram("asyncio_wait_ms", "for"))
      expect(Object.keys(waits).toSorted()).toEqual(["Lock", "Semaphore", "shield of task", "task", "timer"])
    }))

  it.live("by Effect's Prometheus exporter", () =>
    Effect.gen(function*() {
      const text = yield* measured(asyncio.gather([sleep("20 millis")]), PrometheusMetrics.format())
      for (
        const line of [
          "# HELP asyncio_tasks_alive Tasks that are not done",
          "# TYPE asyncio_tasks_alive gauge",
          "asyncio_tasks_alive 1",
          "asyncio_tasks_ended{outcome=\"ok\"} 1",
          "# TYPE asyncio_wait_ms histogram",
          "asyncio_wait_ms_bucket{for=\"timer\",le=\"10\"} 0",
          "asyncio_wait_ms_bucket{for=\"timer\",le=\"30\"} 1",
          "asyncio_wait_ms_sum{for=\"timer\"} 20"
        ]
      ) expect(text.split("\n")).toContain(line)
    }))
})

/** An HTTP client that keeps what it is to send. */
const capture = () => {
  const sent: Array<{ readonly url: string; readonly body: any }> = []
  const client = HttpClient.make((request: HttpClientRequest.HttpClientRequest) =>
    Effect.sync(() => {
      const { body } = request
      if (body._tag === "Uint8Array") {
        sent.push({ url: request.url, body: JSON.parse(new TextDecoder().decode(body.body)) })
      }
      return HttpClientResponse.fromWeb(request, new Response())
    })
  )
  return { sent, layer: Layer.merge(Layer.succeed(HttpClient.HttpClient, client), OtlpSerialization.layerJson) }
}

describe("by Effect's OTLP exporters", () => {
  it.live("metrics", () =>
    Effect.gen(function*() {
      const { layer, sent } = capture()
      const exporter = Layer.provide(
        OtlpMetrics.layer({ url: "http://collector/metrics", resource: { serviceName: "test" } }),
        layer
      )
      yield* measured(Effect.provide(asyncio.gather([sleep("20 millis")]), exporter), Effect.void)
      const metrics = sent.flatMap(({ body }) => body.resourceMetrics[0].scopeMetrics[0].metrics)
      expect(metrics.map(({ name }) => name)).toContain("asyncio_tasks_ended")
      const waits = metrics.find(({ name }) => name === "asyncio_wait_ms").histogram.dataPoints
      expect(waits.map((point: any) => [point.attributes[0].value.stringValue, point.sum])).toContainEqual([
        "timer",
        20
      ])
    }))

  it.live("long waits as events of the span around them", () =>
    Effect.gen(function*() {
      const { layer, sent } = capture()
      const exporter = Layer.provide(
        OtlpTracer.layer({ url: "http://collector/traces", resource: { serviceName: "test" } }),
        layer
      )
      const program = Effect.gen(function*() {
        const db = Insight.named(yield* Lock.make, "db")
        yield* createTask(Lock.withLock(db, sleep("40 millis")), { name: "report" })
        yield* sleep("3 millis")
        yield* Effect.withSpan(Effect.andThen(sleep("9 millis"), Lock.acquire(db)), "request")
      }).pipe(Effect.provide(Insight.layerSpanEvents()))
      yield* VirtualLoop.run(Effect.provide(program, exporter))
      const spans = sent.flatMap(({ body }) => body.resourceSpans[0].scopeSpans[0].spans)
      const { events, startTimeUnixNano } = spans.find(({ name }) => name === "request")
      expect(events.map((event: any) => [
        event.name,
        (Number(BigInt(event.timeUnixNano) - BigInt(startTimeUnixNano))) / 1e6,
        Object.fromEntries(event.attributes.map(({ key, value }: any) => [key, Object.values(value)[0]]))
      ])).toEqual([["waits for Lock \"db\"", 9, { "asyncio.wait_ms": 28, "asyncio.held_by": "report" }]])
    }))
})

describe("layerSpanEvents", () => {
  /** The events of a program's spans, in order. */
  const eventsOf = <E>(program: Program<unknown, E>, options?: Insight.SpanEventsOptions) =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const tracer = Tracer.make({
        span: (options) =>
          Object.assign(new Tracer.NativeSpan(options), {
            event: (name: string) => events.push(`${options.name} ${name}`)
          })
      })
      const traced = Effect.withTracer(Effect.provide(program, Insight.layerSpanEvents(options)), tracer)
      yield* VirtualLoop.run(traced, { patience: 0 })
      return events
    })

  it.live("waits as long as `over` and longer, in the span that the waiting fiber is in", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* sleep("1 second")
        yield* Effect.withSpan(asyncio.gather([sleep("10 millis"), sleep("9 millis")]), "outer")
        yield* Effect.withSpan(Effect.withSpan(sleep("20 millis"), "inner"), "around")
      })
      expect(yield* eventsOf(program)).toEqual([
        "outer waits for a timer",
        "outer waits for gather",
        "inner waits for a timer"
      ])
      expect(yield* eventsOf(program, { over: "15 millis" })).toEqual(["inner waits for a timer"])
      expect(yield* eventsOf(program, { over: Infinity })).toEqual([])
    }))

  it.live("no event for a span that has ended, nor for one from elsewhere", () =>
    Effect.gen(function*() {
      const external = Tracer.externalSpan({ spanId: "1", traceId: "2" })
      const program = Effect.gen(function*() {
        const task = yield* Effect.withSpan(createTask(sleep("1 second")), "ended")
        yield* Effect.withParentSpan(sleep("1 second"), external)
        yield* task
      })
      expect(yield* eventsOf(program)).toEqual([])
    }))

  it.live("a wait that is cancelled, or interrupted by Effect, is told too", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const task = yield* createTask(Effect.withSpan(never, "cancelled"))
        yield* Effect.withSpan(Effect.ignore(Effect.timeout(never, "30 millis")), "interrupted")
        yield* Task.cancel(task)
        yield* sleep(1)
      })
      expect((yield* eventsOf(program)).toSorted()).toEqual([
        "cancelled waits for a future",
        "interrupted waits for a future"
      ])
    }))

  it("options are checked", () => {
    const build = (options: never) =>
      Effect.runSyncExit(Effect.scoped(Layer.build(Insight.layerSpanEvents(options)))).toString()
    expect(build({ over: "soon" } as never)).toContain("layerSpanEvents: over is \"soon\"")
    expect(build({ under: 1 } as never)).toContain(
      "layerSpanEvents: under is 1, expected no such option; the options are over"
    )
  })

  it.live("both work beside each other, and beside debug mode", () =>
    Effect.gen(function*() {
      const layers = Layer.mergeAll(
        Insight.layerMetrics,
        Insight.layerSpanEvents({ over: 0 }),
        EventLoop.layer({ debug: true })
      )
      yield* VirtualLoop.run(Effect.provide(asyncio.gather([sleep(1), sleep(2)]), layers))
    }))
})
