/** Where a failed task comes from, for the log of its failure: the task itself may be collected by then. */
import * as Context from "effect/Context"
import * as References from "effect/References"
import { type CallSite, formatCallSite } from "./callSite.ts"

export class Origin {
  private readonly name: string
  private readonly site: CallSite | undefined
  private readonly annotations: typeof References.CurrentLogAnnotations.Service
  private readonly spans: typeof References.CurrentLogSpans.Service

  /** `creator` has the services that the task was created with. */
  constructor(name: string, site: CallSite | undefined, creator: Context.Context<never>) {
    this.name = name
    this.site = site
    this.annotations = Context.get(creator, References.CurrentLogAnnotations)
    this.spans = Context.get(creator, References.CurrentLogSpans)
  }

  /** Adds what a log about the task is to have: its creator's annotations and log spans, its name and its place. */
  addTo<R>(context: Context.Context<R>): Context.Context<R> {
    const place = formatCallSite(this.site)
    return context.pipe(
      Context.add(References.CurrentLogSpans, this.spans),
      Context.add(References.CurrentLogAnnotations, {
        ...this.annotations,
        taskName: this.name,
        ...(place === undefined ? undefined : { taskCreatedAt: place })
      })
    )
  }
}
