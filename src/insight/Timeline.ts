/**
 * What a program did, as plain JSON data: a recorder makes it, and pictures, texts and lints are made from it.
 *
 * Times are in milliseconds of the clock of the task's loop; a virtual loop starts at 0.
 */

/**
 * How a task has ended.
 *
 * @category models
 * @since 0.2.0
 */
export type Outcome = "ok" | "failed" | "cancelled"

/**
 * What a task did for a while.
 *
 * **Details**
 *
 * | kind | what | |
 * | --- | --- | --- |
 * | `run` | `undefined` | a step; of no length where the clock stood |
 * | `ready` | `"yielded"` where it gave way to others by itself | its step is in the ready queue |
 * | `wait` | `sleep 3 s`, `Lock "db"`, `Queue#1.get`, `task 'x'`, `gather`, `its branches` | |
 * | `outside` | `undefined` | in what Effect or the host resumes, as a promise |
 * | `block` | `timeout 2 s`, `TaskGroup` | stands under a deadline, or has tasks of its own |
 *
 * The spans of a row follow each other and do not overlap, except for blocks: these nest, and contain what the task did
 * inside them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Span {
  /** See the table. */
  readonly kind: "ready" | "run" | "wait" | "outside" | "block"
  /** When it began. */
  readonly from: number
  /** When it ended; for what was still going on, when the recording ended. */
  readonly to: number
  /** See the table. */
  readonly what: string | undefined
  /** For a wait: the task that held the lock when the wait began. */
  readonly heldBy: number | undefined
  /** For a wait: the task whose step ended it, if that was another one. */
  readonly wokenBy: number | undefined
  /** For a block that has ended: how it ended. */
  readonly outcome: Outcome | undefined
}

/**
 * A request to cancel.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cancel {
  /** When it was made. */
  readonly at: number
  /** The task that made it, if that was another task. */
  readonly by: number | undefined
}

/**
 * A task; or a branch: a fiber that a task forked with Effect's own functions, such as `Effect.all`, and that waited
 * for something of this library, or woke, cancelled or created a task. Its row begins with the first of these.
 *
 * @category models
 * @since 0.2.0
 */
export interface Row {
  /** Which of the two it is. */
  readonly kind: "task" | "branch"
  /** Unique in the process. */
  readonly id: number
  /** The id of its loop. */
  readonly loop: number
  /** The task's name; for a branch, `branch N`. */
  readonly name: string
  /** The `Effect.fn` that it runs, if it was seen in only one. */
  readonly runs: string | undefined
  /** The task that created it, or whose branch it is. */
  readonly parent: number | undefined
  /** Where it was created, `file:line:column`, if stack traces are on. */
  readonly createdAt: string | undefined
  /** When the step that created it began; if it was there before the recorder, when it was first seen. */
  readonly begin: number
  /** When it ended, if it has. */
  readonly end: number | undefined
  /** How it ended, if it has. */
  readonly outcome: Outcome | undefined
  /** What it failed with, in words. */
  readonly error: string | undefined
  /** The requests to cancel it, in order. */
  readonly cancels: ReadonlyArray<Cancel>
  /** In order of when they began. */
  readonly spans: ReadonlyArray<Span>
}

/**
 * One task ends the wait of another.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wake {
  /** The id of the task whose step ended the wait. */
  readonly from: number
  /** The id of the task that waited. */
  readonly to: number
  /** When it happened. */
  readonly at: number
}

/**
 * What a program did.
 *
 * @category models
 * @since 0.2.0
 */
export interface Timeline {
  /** The first time in it. */
  readonly from: number
  /** The last time in it. */
  readonly to: number
  /** How many spans and requests are missing, the oldest ones, because there was no room. */
  readonly dropped: number
  /** In order of creation. */
  readonly tasks: ReadonlyArray<Row>
  /** In order of time. */
  readonly wakes: ReadonlyArray<Wake>
}
