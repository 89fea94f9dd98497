/** Where a failed task comes from, for the log of its failure: the task itself may be collected by then. */
import * as Context from "effect/Context"
import * as References from "effect/References"

export class Origin {
  private readonly name: string
  private readonly annotations: typeof References.CurrentLogAnnotations.Service
  private readonly spans: typeof References.CurrentLogSpans.Service
  // Set when it is about to be logged: the text is made only for that.
  private place: string | undefined = undefined

  /** `creator` has the services that the task was created with. */
  constructor(name: string, creator: Context.Context<never>) {
    this.name = name
    this.annotations = Context.get(creator, References.CurrentLogAnnotations)
    this.spans = Context.get(creator, References.CurrentLogSpans)
  }

  at(place: string | undefined): this {
    this.place = place
    return this
  }

  /**
   * Adds what a log about the task should have: its creator's annotations and log spans, its name and where it was
   * created.
   */
  addTo<R>(context: Context.Context<R>): Context.Context<R> {
    return context.pipe(
      Context.add(References.CurrentLogSpans, this.spans),
      Context.add(References.CurrentLogAnnotations, {
        ...this.annotations,
        taskName: this.name,
        ...(this.place === undefined ? undefined : { taskCreatedAt: this.place })
      })
    )
  }
}
