/**
 * What Effect 4.1 lacks for a pool, where, and what is done about it. When Effect fixes one, it can go here.
 *
 * 1. A worker that dies fails every call of Effect's own pool, which takes at least a second to start another one
 *    (rpc/RpcClient.ts, `makeProtocolWorker`: `broadcast` of a `ClientProtocolError`, `Schedule.spaced(1000)`).
 * 2. A call of rpc that is interrupted is forgotten: nobody waits for its end, and the busy worker is handed out again
 *    (the same, `send` of an `Interrupt`; `sendInterrupt` of the client).
 *    For both: a connection for each worker, here, and a protocol in which a cancel is answered (wire.ts, Remote.ts).
 * 3. Closing a busy worker waits 5 s for it (platform-node, NodeWorker.ts, `Effect.timeout(5000)`), and a `Pool` that
 *    closes waits for what is in use without a limit (Pool.ts, `shutdown`). The pool here kills after its own grace,
 *    and the finalizer hears of the exit: `connect`.
 * 4. A child does not end with its parent (platform-node, NodeWorkerRunner.ts: no listener for `disconnect`):
 *    `endWithParent`.
 * 5. Ctrl-C in a terminal goes to the children, too, and ends them in the middle of what the parent would end cleanly
 *    (the same): `leaveSignalsToParent`.
 * 6. Bytes become base64 in JSON (Schema.ts, `toCodecJson` of `Uint8Array`): a job with many of them says
 *    `Transferable.Uint8Array`, which is handed on as it is. Here the encoding collects what moves (Parcels.ts).
 * 7. What is sent while `onSpawn` runs is kept until that has ended, and if it then can't be cloned, the worker is
 *    ended for it (effect, workers/Worker.ts, `sendToPort` from the buffer): `connect` sends by itself.
 */
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Effect from "effect/Effect"
import * as Worker from "effect/workers/Worker"
import { type Transferable, Worker as Thread } from "node:worker_threads"
import { type Host, lifelineFd } from "./hosts.ts"
import type { FromWorker, ToWorker } from "./wire.ts"

/** The pool's end of a line to a worker. */
export interface Connection {
  /** Throws what the host refuses to send. Nothing is sent before the worker is ready. */
  readonly send: (message: ToWorker, transfers?: ReadonlyArray<unknown>) => void
  /** Asks the worker to end. It does so once nothing of its own keeps it alive. */
  readonly close: () => void
  /** Resolves when nothing of the connection is left. It closes by itself when the worker ends. */
  readonly closed: Promise<void>
}

/** In a fiber that belongs to nobody, in real time, like the worker itself. */
export const connect = (
  { worker }: Host,
  ready: () => void,
  receive: (message: FromWorker) => void
): Connection => {
  const connection = Effect.gen(function*() {
    const platform = yield* Worker.WorkerPlatform
    const backing = yield* platform.spawn<FromWorker, ToWorker>(0)
    return yield* backing.run((message) => Effect.sync(() => receive(message)), { onSpawn: Effect.sync(ready) })
  })
  const fiber = Effect.runFork(Effect.provide(connection, NodeWorker.layer(() => worker)))
  return {
    send: (message, transfers) => {
      if ("postMessage" in worker) worker.postMessage([0, message], transfers as Array<Transferable>)
      else worker.send([0, message])
    },
    close: () => fiber.interruptUnsafe(),
    closed: new Promise((resolve) => fiber.addObserver(() => resolve()))
  }
}

/**
 * In a child: ends with the parent. `close` has to end it cleanly.
 *
 * A main thread that computes hears nothing. So another one listens at the lifeline, a pipe whose other end the parent
 * has: the system closes it, however the parent ends. After that, the child has as much time as a cancelled job.
 */
export const endWithParent = (close: () => void): void => {
  process.once("disconnect", close)
  const watch = new Thread(`(${String(watchLifeline)})()`, {
    eval: true,
    execArgv: [],
    env: {},
    stdin: false,
    workerData: lifelineFd
  })
  watch.on("error", () => {}).unref()
}

/** The thread's code: only its text gets there, so it uses no name from outside. */
const watchLifeline = (): void => {
  const { Socket } = process.getBuiltinModule("node:net")
  const { workerData } = process.getBuiltinModule("node:worker_threads")
  const lifeline = new Socket({ fd: workerData as number, readable: true, writable: false })
  let grace = ""
  lifeline.on("error", () => {})
  lifeline.on("data", (data) => {
    grace += String(data)
  })
  lifeline.on("close", () => {
    const most = Number(grace)
    if (Number.isFinite(most)) setTimeout(() => process.kill(process.pid, "SIGKILL"), most)
  })
}

/** In a child: the parent decides what a signal means that a terminal or supervisor sends to all of them. */
export const leaveSignalsToParent = (): void => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
}
