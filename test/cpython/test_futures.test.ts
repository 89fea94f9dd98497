/** CPython's `test_futures.py`. */
import { Cause, Effect, Option } from "effect"
import { EventLoop, Future } from "effect-asyncio"
import { logged, reportsOf } from "../support/loops.ts"
import { briefly, ended, errorOf, port, reported, state, waiting } from "./support.ts"

/** What a future of numbers says of itself, and what completing it once more comes to. */
const asked = (future: Future.Future<number, Error>) =>
  Effect.all([
    Effect.succeed(state(future)),
    ended(Future.result(future)),
    Effect.map(ended(Future.exception(future)), (exception) => Option.isOption(exception) ? exception : [exception]),
    errorOf(Future.succeed(future, 0)),
    errorOf(Future.fail(future, new Error("again"))),
    Future.cancel(future)
  ])

port(
  "BaseFutureTests.test_initial_state",
  Effect.gen(function*() {
    const future = yield* Future.make()
    const before = state(future)
    yield* Future.cancel(future)
    return [before, state(future)]
  }),
  [[false, false], [true, true]]
)

port(
  "BaseFutureTests.test_constructor_use_running_loop",
  Effect.gen(function*() {
    const future = yield* Future.make<number>()
    const elsewhere = yield* EventLoop.provide(errorOf(Future.join(future)))
    yield* Future.succeed(future, 1)
    return [elsewhere, yield* future]
  }),
  ["RuntimeError", 1]
)

port(
  "BaseFutureTests.test_future_cancel_message_getter",
  Effect.gen(function*() {
    const future = yield* Future.make()
    yield* Future.cancel(future, { message: "my message" })
    return [yield* ended(Future.join(future)), yield* ended(Future.result(future))]
  }),
  ["cancelled: my message", "cancelled: my message"]
)

port(
  "BaseFutureTests.test_cancel",
  Effect.gen(function*() {
    const future = yield* Future.make<number, Error>()
    return [yield* Future.cancel(future), ...yield* asked(future)]
  }),
  [true, [true, true], "cancelled", ["cancelled"], "InvalidStateError", "InvalidStateError", false]
)

port(
  "BaseFutureTests.test_result",
  Effect.gen(function*() {
    const future = yield* Future.make<number, Error>()
    const early = yield* errorOf(Future.result(future))
    yield* Future.succeed(future, 42)
    return [early, ...yield* asked(future)]
  }),
  ["InvalidStateError", [true, false], 42, Option.none(), "InvalidStateError", "InvalidStateError", false]
)

port(
  "BaseFutureTests.test_exception",
  Effect.gen(function*() {
    const error = new Error("no")
    const future = yield* Future.make<number, Error>()
    const early = yield* errorOf(Future.exception(future))
    yield* Future.fail(future, error)
    const [done, result, exception, ...again] = yield* asked(future)
    const isVery = Option.isOption(exception) &&
      Cause.squash(Option.getOrThrow(exception) as Cause.Cause<Error>) === error
    return [early, done, result, isVery, ...again]
  }),
  ["InvalidStateError", [true, false], "fail no", true, "InvalidStateError", "InvalidStateError", false]
)

port(
  "BaseFutureTests.test_yield_from_twice",
  logged((log) =>
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const task = yield* waiting(Effect.gen(function*() {
        log("A")
        log(["B", yield* future])
        yield* EventLoop.callSoon(() => log("a tick"))
        log(["C", yield* future])
      }))
      yield* Future.succeed(future, 42)
      yield* task
    })
  ),
  ["A", ["B", 42], ["C", 42], "a tick"]
)

port(
  "BaseFutureTests.test_future_repr",
  Effect.gen(function*() {
    const [cancelled, finished] = [yield* Future.make(), yield* Future.make<number>()]
    const failed = yield* Future.make<never, Error>()
    const before = String(cancelled)
    yield* Future.cancel(cancelled)
    yield* Future.succeed(finished, 4)
    yield* Future.fail(failed, new RangeError("no"))
    const printed = [before, ...[cancelled, finished, failed].map(String)]
    yield* Future.exception(failed)
    return printed
  }),
  [
    "<Future pending>",
    "<Future cancelled>",
    "<Future finished result=4>",
    "<Future finished exception=RangeError(\"no\")>"
  ]
)

port(
  "BaseFutureTests.test_set_result_unless_cancelled",
  Effect.gen(function*() {
    const future = yield* Future.make<number>()
    yield* Future.cancel(future)
    return [Future.succeedUnsafe(future, 2), state(future)]
  }),
  [false, [true, true]]
)

// ----------------------------------------------------------------------------------------------------- never retrieved

/** What is reported of a future: whether the test drops it at once, or looks at it first. */
const dropped = (program: (future: Future.Future<number, string>) => Effect.Effect<unknown, unknown>) =>
  reported(Effect.flatMap(Future.make<number, string>(), program))

port("BaseFutureTests.test_tb_logger_abandoned", dropped(() => Effect.void), [[], []])
port(
  "BaseFutureTests.test_tb_logger_not_called_after_cancel",
  dropped((future) => Effect.andThen(Future.fail(future, "boom"), Future.cancel(future))),
  [[], []]
)
port("BaseFutureTests.test_tb_logger_result_unretrieved", dropped((future) => Future.succeed(future, 42)), [[], []])
port(
  "BaseFutureTests.test_tb_logger_result_retrieved",
  dropped((future) => Effect.andThen(Future.succeed(future, 42), Future.result(future))),
  [[], []]
)
port(
  "BaseFutureTests.test_tb_logger_exception_unretrieved",
  dropped((future) => Future.fail(future, "boom")),
  [[], ["Future exception was never retrieved"]]
)
port(
  "BaseFutureTests.test_tb_logger_exception_retrieved",
  dropped((future) => Effect.andThen(Future.fail(future, "boom"), Future.exception(future))),
  [[], []]
)
port(
  "BaseFutureTests.test_tb_logger_exception_result_retrieved",
  dropped((future) => Effect.andThen(Future.fail(future, "boom"), Effect.exit(Future.result(future)))),
  [[], []]
)

/** What the handler is told of a future that failed, with debug on or off. */
const neverRetrieved = (debug: boolean) =>
  Effect.gen(function*() {
    const error = new Error("no memory")
    const reports = yield* reportsOf(
      Effect.flatMap(Future.make<never, Error>(), (future) => Future.fail(future, error)),
      (main) => EventLoop.provide(main, { debug })
    )
    return reports.map(({ cause, message, subject }) => [message, Cause.squash(cause!) === error, subject])
  })
const told = [["Future exception was never retrieved", true, "<Future finished exception=Error(\"no memory\")>"]]

port("BaseFutureTests.test_future_exception_never_retrieved", neverRetrieved(false), told)
port("BaseFutureTests.test_future_exception_never_retrieved_debug", neverRetrieved(true), told)

// ----------------------------------------------------------------------------------------------------------- callbacks

/** What callbacks that are numbered say; `program` is given the future, and how to come by a callback. */
const called = (
  program: (
    future: Future.Future<string, Error>,
    callback: (n: number) => (future: Future.Future<string, Error>) => void
  ) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function*() {
    const bag: Array<number> = []
    const future = yield* Future.make<string, Error>()
    const found = yield* program(future, (n) => () => void bag.push(n))
    const early = bag.slice()
    yield* briefly
    return [found, early, bag]
  })

/** Adds three, removes those at the places named, and completes. */
const removed = (...places: ReadonlyArray<number>) =>
  called((future, callback) =>
    Effect.gen(function*() {
      const callbacks = [42, 17, 100].map(callback)
      for (const each of callbacks) yield* Future.addDoneCallback(future, each)
      for (const place of places) yield* Future.removeDoneCallback(future, callbacks[place]!)
      yield* Future.succeed(future, "foo")
      return yield* Future.result(future)
    })
  )

port("BaseFutureDoneCallbackTests.test_callbacks_remove_first_callback", removed(0, 0), ["foo", [], [17, 100]])
port("BaseFutureDoneCallbackTests.test_callbacks_remove_first_and_second_callback", removed(0, 1, 0), ["foo", [], [
  100
]])
port("BaseFutureDoneCallbackTests.test_callbacks_remove_third_callback", removed(2, 2), ["foo", [], [42, 17]])

port(
  "BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_result",
  called((future, callback) =>
    Effect.gen(function*() {
      for (const n of [42, 17]) yield* Future.addDoneCallback(future, callback(n))
      yield* Future.succeed(future, "foo")
      return yield* Future.result(future)
    })
  ),
  ["foo", [], [42, 17]]
)

port(
  "BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_exception",
  called((future, callback) =>
    Effect.gen(function*() {
      yield* Future.addDoneCallback(future, callback(100))
      yield* Future.fail(future, new Error("no"))
      return yield* ended(Future.result(future))
    })
  ),
  ["fail no", [], [100]]
)

port(
  "BaseFutureDoneCallbackTests.test_remove_done_callback",
  called((future, callback) =>
    Effect.gen(function*() {
      const [one, two, three] = [callback(1), callback(2), callback(3)]
      yield* Future.addDoneCallback(future, one)
      yield* Future.addDoneCallback(future, two)
      const counts = [yield* Future.removeDoneCallback(future, two), yield* Future.removeDoneCallback(future, three)]
      yield* Future.addDoneCallback(future, two)
      for (let i = 0; i < 5; i++) yield* Future.addDoneCallback(future, one)
      counts.push(yield* Future.removeDoneCallback(future, one))
      yield* Future.succeed(future, "foo")
      return counts
    })
  ),
  [[1, 0, 6], [], [2]]
)

port(
  "BaseFutureDoneCallbackTests.test_schedule_callbacks_list_mutation_1",
  called((future, callback) =>
    Effect.gen(function*() {
      const other = callback(1)
      yield* Future.addDoneCallback(future, (future) => {
        for (let n = Effect.runSync(Future.removeDoneCallback(future, other)); n >= 0; n--) callback(-n)(future)
      })
      yield* Future.addDoneCallback(future, other)
      yield* Future.addDoneCallback(future, other)
      yield* Future.succeed(future, "foo")
    })
  ),
  // What is done has its callbacks in the ready queue already: none is left to remove.
  [undefined, [], [-0, 1, 1]]
)
