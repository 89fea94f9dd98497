/**
 * What a picture of a run shows: lanes, one for each task, and on them what was when. Plain data, for `toSvg`.
 *
 * Places on the axis are numbers of the caller's choice: the milliseconds of a timeline; or, where much happens in one
 * moment and nothing for long, the numbers of steps, with `ticks` that say the time of some of them.
 */

/** What a task does meanwhile. `stuck`: it waits for what never comes. `block`: no doing, but a part of its work. */
export type SpanKind = "wait" | "lock" | "join" | "yield" | "ready" | "run" | "outside" | "stuck" | "block"

export interface Span {
  readonly kind: SpanKind
  readonly from: number
  readonly to: number
  /** Stands in the bar if there is room, else as many of its words as say something, or not at all. */
  readonly label?: string | undefined
  /** What stands there where the label has no room. */
  readonly short?: string | undefined
  /** The whole of it, for a pointer that rests on the bar. */
  readonly title?: string | undefined
}

/** What happens at once: a step of the task, its end, a line of its own, or that something does not hold any more. */
type MarkKind = "step" | "ok" | "failed" | "cancelled" | "note" | "broken"

export interface Mark {
  readonly kind: MarkKind
  readonly at: number
  /** Stands to the right of the mark, of one on each lane: the last. */
  readonly label?: string | undefined
  readonly title?: string | undefined
}

export interface Lane {
  readonly name: string
  /** How far below others in the tree of tasks. Default: 0. */
  readonly depth?: number | undefined
  readonly spans: ReadonlyArray<Span>
  readonly marks: ReadonlyArray<Mark>
}

/** A number in red above the lanes, with a line down to one of them: what is different here. */
export interface Flag {
  readonly at: number
  /** Index of a lane. */
  readonly lane: number
  readonly number: number
  readonly title?: string | undefined
}

/** One task wakes another. Lanes by index. */
export interface Wake {
  readonly at: number
  readonly from: number
  readonly to: number
}

export interface Tick {
  readonly at: number
  readonly label: string
  /** Something is left out there: it is said before all others have their room, and no line is drawn. */
  readonly isGap?: boolean | undefined
}

export interface Chart {
  readonly title?: string | undefined
  readonly lanes: ReadonlyArray<Lane>
  readonly from: number
  readonly to: number
  readonly flags?: ReadonlyArray<Flag> | undefined
  readonly wakes?: ReadonlyArray<Wake> | undefined
  /** Where two charts go apart: a line down all lanes. */
  readonly parting?: number | undefined
  /** Default: round numbers of milliseconds, from `from` on. */
  readonly ticks?: ReadonlyArray<Tick> | undefined
}

export interface Picture {
  readonly title: string
  /** Below the title, each on a line of its own: what the numbers of the flags stand for, for example. */
  readonly lines?: ReadonlyArray<string> | undefined
  /** One above the other, all as wide as the widest: equal places are at equal heights. */
  readonly charts: ReadonlyArray<Chart>
  /** What the axis is, if it is not the time. Stands below the charts. */
  readonly axis?: string | undefined
}
