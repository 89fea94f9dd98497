/**
 * Failures that nobody has looked at, each reported once: when the future is garbage, or when the loop closes.
 *
 * The future is held weakly, the contents of its report strongly, so that keeping the report does not keep the future.
 * No text is made before a report is sent, since nearly every failure is handled before that. A virtual loop reports
 * only when it closes: the moment at which the collector runs is not repeatable.
 */
import type * as Exit from "effect/Exit"
import type { ExceptionContext } from "../../EventLoop.ts"
import type { Future } from "../../Future.ts"
import type { Task } from "../../Task.ts"
import { type CallSite, formatCallSite } from "../host/callSite.ts"
import type { Origin } from "../host/Origin.ts"
import { Printable, type Words } from "../host/printing.ts"
import { describeExit } from "../host/words.ts"

/** A future, as the reporter of its failure sees it. */
export interface Reportable extends Future<unknown, unknown> {
  readonly kind: string
  readonly name: string | undefined
  readonly exit: Exit.Exit<unknown, unknown> | undefined
  readonly origin: Origin | undefined
  /** Where it was created, if it is a task. */
  readonly site: CallSite | undefined
  /** Itself, if it is a task. */
  readonly task: Task<unknown, unknown> | undefined
}

/** A failed future, as it prints after it is gone. */
class Report extends Printable {
  readonly kind: string
  readonly name: string | undefined
  readonly exit: Exit.Failure<unknown, unknown>
  readonly origin: Origin | undefined
  readonly future: WeakRef<Reportable>
  private site: CallSite | undefined
  private place: string | undefined = undefined

  constructor(future: Reportable, exit: Exit.Failure<unknown, unknown>) {
    super()
    this.kind = future.kind
    this.name = future.name
    this.exit = exit
    this.origin = future.origin
    this.future = new WeakRef(future)
    this.site = future.site
  }
  get createdAt(): string | undefined {
    if (this.site !== undefined) this.place = formatCallSite(this.site)
    this.site = undefined
    return this.place
  }
  describe(): Words {
    return describeExit(this.exit, this)
  }
}

export class Unseen {
  // INVARIANT: holds the report of every future that is in here and was not retrieved, collected or reported.
  private readonly reports = new Set<Report>()
  private readonly byFuture = new WeakMap<Reportable, Report>()
  private readonly collected: FinalizationRegistry<Report | undefined> | undefined
  private readonly report: (context: ExceptionContext, origin: Origin | undefined) => void
  // INVARIANT: those of `reports` that are newer than the last collection.
  private readonly young = new Set<Report>()
  private isCollectionAwaited = false

  constructor(report: (context: ExceptionContext, origin: Origin | undefined) => void, onlyAtClose: boolean) {
    this.report = report
    this.collected = onlyAtClose ? undefined : new FinalizationRegistry((held) => {
      if (held === undefined) this.age()
      else this.send(held)
    })
  }

  add(future: Reportable): void {
    const exit = future.exit
    if (exit?._tag !== "Failure") return
    const report = new Report(future, exit)
    this.reports.add(report)
    this.byFuture.set(future, report)
    if (this.collected === undefined) return
    this.collected.register(future, report, report)
    this.young.add(report)
    if (this.isCollectionAwaited) return
    this.isCollectionAwaited = true
    this.collected.register({}, undefined)
  }

  /**
   * A collection has happened. Until its text is made, V8's record of where a task was created holds the function that
   * did it, its `this` and its variables, and through them often the task itself. Making the text at once would make
   * each handled failure half as expensive again.
   */
  private age(): void {
    for (const report of this.young) void report.createdAt
    this.young.clear()
    this.isCollectionAwaited = false
  }

  delete(future: Reportable): void {
    const report = this.byFuture.get(future)
    if (report === undefined) return
    this.byFuture.delete(future)
    this.forget(report)
    this.collected?.unregister(report)
  }

  private forget(report: Report): boolean {
    this.young.delete(report)
    return this.reports.delete(report)
  }

  /** The loop closes. */
  reportAll(): void {
    for (const report of this.reports) this.send(report)
  }

  private send(report: Report): void {
    if (!this.forget(report)) return
    const future = report.future.deref()
    this.report({
      message: `${report.kind === "Task" ? "Task" : "Future"} exception was never retrieved`,
      cause: report.exit.cause,
      subject: String(future ?? report),
      ...(future === undefined ? undefined : { future }),
      ...(future?.task === undefined ? undefined : { task: future.task })
    }, report.origin?.at(report.createdAt))
  }
}
