/**
 * What a program did, as plain data: what a recorder gives, and pictures, texts and lints are made of. JSON.
 *
 * Times are milliseconds of the clock of the task's loop: on the virtual loop from 0 on.
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
 * Those of a row follow each other and do not overlap, but for blocks: these nest, and what the task did inside lies in them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Span {
  readonly kind: "ready" | "run" | "wait" | "outside" | "block"
  readonly from: number
  readonly to: number
  readonly what: string | undefined
  /** Of a wait: the task that had the lock when it began. */
  readonly heldBy: number | undefined
  /** Of a wait: whose step ended it, if that was another task's. */
  readonly wokenBy: number | undefined
  /** Of a block that has ended. */
  readonly outcome: Outcome | undefined
}

/**
 * A request to cancel.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cancel {
  readonly at: number
  /** The task that asked, where it was one, and another. */
  readonly by: number | undefined
}

/**
 * A task; or a branch: a fiber that a task forked by Effect's own means, `Effect.all` for one, and that waited in something
 * of this library.
 *
 * @category models
 * @since 0.2.0
 */
export interface Row {
  readonly kind: "task" | "branch"
  /** Unique in the process. */
  readonly id: number
  readonly loop: number
  readonly name: string
  /** The `Effect.fn` that it runs, where it was seen in that alone. */
  readonly runs: string | undefined
  /** Who created it; whose branch it is. */
  readonly parent: number | undefined
  readonly createdAt: string | undefined
  /** The begin of the step that created it; of those that were there before the recorder, when it was first seen. */
  readonly begin: number
  readonly end: number | undefined
  readonly outcome: Outcome | undefined
  /** What it failed with, in words. */
  readonly error: string | undefined
  readonly cancels: ReadonlyArray<Cancel>
  /** By their begin. */
  readonly spans: ReadonlyArray<Span>
}

/**
 * One task ends the wait of another.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wake {
  readonly from: number
  readonly to: number
  readonly at: number
}

/**
 * What a program did.
 *
 * @category models
 * @since 0.2.0
 */
export interface Timeline {
  /** The first time in it, and the last. */
  readonly from: number
  readonly to: number
  /** How many spans and requests are missing, as there was no room: the oldest. */
  readonly dropped: number
  /** In order of creation. */
  readonly tasks: ReadonlyArray<Row>
  readonly wakes: ReadonlyArray<Wake>
}
