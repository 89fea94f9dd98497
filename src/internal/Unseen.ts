/**
 * Failures that nobody has looked at, each reported once: when the future is garbage, or when the loop closes.
 *
 * The future is held weakly, its report (name, creation site, cause) strongly, so that keeping the report does not keep
 * the future. A virtual loop reports only when it closes: when the collector runs is not part of a repeatable run.
 */
import type * as Cause from "effect/Cause"
import type { ExceptionContext } from "../EventLoop.ts"
import type { Task } from "../Task.ts"
import type { FutureImpl } from "./future.ts"
import type { Origin } from "./Origin.ts"

interface Report {
  readonly what: string
  readonly cause: Cause.Cause<unknown>
  readonly origin: Origin | undefined
  readonly future: WeakRef<FutureImpl<any, any>>
}

export class Unseen {
  // INVARIANT: holds the report of every future that is in here and was not retrieved, collected or reported.
  private readonly reports = new Set<Report>()
  private readonly byFuture = new WeakMap<FutureImpl<any, any>, Report>()
  private readonly collected: FinalizationRegistry<Report> | undefined
  private readonly report: (context: ExceptionContext, origin: Origin | undefined) => void

  constructor(report: (context: ExceptionContext, origin: Origin | undefined) => void, onlyAtClose: boolean) {
    this.report = report
    this.collected = onlyAtClose ? undefined : new FinalizationRegistry((held) => this.send(held))
  }

  add(future: FutureImpl<any, any>): void {
    const exit = future.exit
    if (exit?._tag !== "Failure") return
    const report: Report = {
      what: String(future),
      cause: exit.cause,
      origin: future.origin,
      future: new WeakRef(future)
    }
    this.reports.add(report)
    this.byFuture.set(future, report)
    this.collected?.register(future, report, report)
  }

  delete(future: FutureImpl<any, any>): void {
    const report = this.byFuture.get(future)
    if (report === undefined) return
    this.byFuture.delete(future)
    this.reports.delete(report)
    this.collected?.unregister(report)
  }

  /** The loop closes. */
  reportAll(): void {
    for (const report of this.reports) this.send(report)
  }

  private send(report: Report): void {
    if (!this.reports.delete(report)) return
    const kind = report.what.startsWith("<Task") ? "Task" : "Future"
    const future = report.future.deref()
    this.report({
      message: `${kind} exception was never retrieved`,
      cause: report.cause,
      subject: report.what,
      ...(future === undefined ? undefined : { future }),
      ...(future?.kind === "Task" ? { task: future as unknown as Task<unknown, unknown> } : undefined)
    }, report.origin)
  }
}
