/**
 * What a recorder knows about a live task, and what the task is doing.
 *
 * It holds no task, fiber or value, and no lives but those of its branches; only names, numbers and a creation site.
 */
import type * as Clock from "effect/Clock"
import type { CallSite } from "../internal/host/callSite.ts"
import type { Known } from "./Ring.ts"

/**
 *     ready ──► run ──► what `next` says: wait, ready or between
 *
 * `inline` is a run within somebody else's step; `between` is neither in the ready queue nor in a wait of this library:
 * it has yielded, or Effect or the host will resume it. Which of these becomes known when it goes on.
 */
export type State = "ready" | "run" | "inline" | "wait" | "between" | "over"

/** An open block. */
export interface Open {
  readonly life: Life
  readonly since: number
  readonly what: string
}

export class Life implements Known {
  readonly kind: Known["kind"]
  readonly id: number
  readonly loop: number
  readonly parent: number
  readonly begin: number
  readonly clock: Clock.Clock
  name: string | number
  readonly site: CallSite | undefined
  runs: string | undefined = undefined
  error: string | undefined = undefined

  state: State
  since: number
  /** During a run: what comes next. */
  next: "wait" | "ready" | "between" = "between"
  /** What it waits for, in words; a number if it sleeps, in milliseconds. */
  what: string | number | undefined = undefined
  heldBy = 0
  wokenBy = 0
  /** Since when a fiber that it forked has been running while it waits itself; -1 if none is. */
  cutAt = -1
  branchCount = 0
  // INVARIANT: its branches that are not over.
  branches: Set<Life> | undefined = undefined
  // INVARIANT: its blocks that are open.
  blocks: Set<Open> | undefined = undefined

  constructor(
    kind: Known["kind"],
    id: number,
    loop: number,
    clock: Clock.Clock,
    parent: number,
    name: string | number,
    site: CallSite | undefined,
    state: State,
    begin: number
  ) {
    this.kind = kind
    this.id = id
    this.loop = loop
    this.clock = clock
    this.parent = parent
    this.name = name
    this.site = site
    this.state = state
    this.begin = begin
    this.since = begin
  }
}
