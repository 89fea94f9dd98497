/**
 * What a picture of a run shows: lanes, one for each task, and what happened on them when. Plain data, for `toSvg`.
 *
 * Places on the axis are numbers of the caller's choice: the milliseconds of a timeline; or, if much happens in one
 * moment and then nothing for long, the numbers of steps, with `ticks` that give the time of some of them.
 */

/**
 * What a task does meanwhile. `stuck`: it waits for something that never comes. `block`: not an activity, but a part of
 * its work.
 */
export type SpanKind = "wait" | "lock" | "join" | "yield" | "ready" | "run" | "outside" | "stuck" | "block"

export interface Span {
  readonly kind: SpanKind
  readonly from: number
  readonly to: number
  /** Shown in the bar if there is room; else as many of its words as make sense, or nothing. */
  readonly label?: string | undefined
  /** Shown instead if there is no room for the label. */
  readonly short?: string | undefined
  /** The full text, shown when the pointer rests on the bar. */
  readonly title?: string | undefined
}

/** What happens at one moment: a step of the task, its end, a note, or that something no longer holds. */
type MarkKind = "step" | "ok" | "failed" | "cancelled" | "note" | "broken"

export interface Mark {
  readonly kind: MarkKind
  readonly at: number
  /** Shown to the right of the mark, only for the last mark of each lane. */
  readonly label?: string | undefined
  readonly title?: string | undefined
}

export interface Lane {
  readonly name: string
  /** Its depth in the tree of tasks. Default: 0. */
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
  /** Something is left out there: this is shown before all others, and no line is drawn. */
  readonly isGap?: boolean | undefined
}

export interface Chart {
  readonly title?: string | undefined
  readonly lanes: ReadonlyArray<Lane>
  readonly from: number
  readonly to: number
  readonly flags?: ReadonlyArray<Flag> | undefined
  readonly wakes?: ReadonlyArray<Wake> | undefined
  /** Where two charts diverge: a line down all lanes. */
  readonly parting?: number | undefined
  /** Default: round numbers of milliseconds, from `from` on. */
  readonly ticks?: ReadonlyArray<Tick> | undefined
}

export interface Picture {
  readonly title: string
  /** Below the title, a line each: for example what the numbers of the flags mean. */
  readonly lines?: ReadonlyArray<string> | undefined
  /** One above the other, all as wide as the widest: equal places are at equal heights. */
  readonly charts: ReadonlyArray<Chart>
  /** What the axis is, if it is not time. Shown below the charts. */
  readonly axis?: string | undefined
}
