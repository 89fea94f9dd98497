/**
 * Where a schedule may differ from the written order, and how.
 *
 * A place is named by whose it is, and which one of its owner's: a task by its path in the tree of creation (main, main's
 * second child …), its steps by their number. Nothing is counted across tasks, so the other moves of a schedule keep their meaning
 * when one is taken away.
 */
import type { Deviation } from "../Explore.ts"

export type Kind = Deviation["kind"]

/** In the order of their cost: the cheaper a kind, the more its failures say. */
export const kinds: ReadonlyArray<Kind> = [
  "fault",
  "latency",
  "choice",
  "pause",
  "timeout",
  "cancel",
  "interrupt",
  "delay",
  "yield"
]

/** Those that can happen on the live loop by themselves. */
const ofTheWorld: ReadonlySet<Kind> = new Set<Kind>(["fault", "latency", "choice", "pause", "timeout"])

export const isOfTheWorld = (kind: Kind): boolean => ofTheWorld.has(kind)

/** A yield can happen to a plain Effect program. */
export const canHappen = (kind: Kind): boolean => kind === "yield" || isOfTheWorld(kind)

export interface Place {
  readonly kind: Kind
  /** Whose: an id of `Paths`. */
  readonly path: number
  /** Which one of its owner's, see `Lane`. */
  readonly slot: number
  /** The largest amount. */
  readonly most: number
}

/** What a schedule does in a place. */
export interface Move extends Place {
  readonly amount: number
}

/** Parts of a latency's range. */
export const latencyParts = 7
/** The longest delay, in ticks. */
export const longestDelay = 4

/** The amounts that are tried one by one. */
export const amountsOf = ({ kind, most }: Place): ReadonlyArray<number> =>
  kind === "latency" ? [4, most, 2] : kind === "delay" ? [1, 2, most] : Array.from({ length: most }, (_, i) => i + 1)

/** A place as one number. */
export const keyOf = (path: number, slot: number): number => path * 2 ** 26 + slot

/** A set of moves, for lookup. */
export class Schedule {
  readonly moves: ReadonlyArray<Move>
  private readonly byKind: Record<Kind, Map<number, number> | undefined>

  constructor(moves: ReadonlyArray<Move>) {
    this.moves = moves
    this.byKind = {
      fault: undefined,
      latency: undefined,
      choice: undefined,
      pause: undefined,
      timeout: undefined,
      cancel: undefined,
      interrupt: undefined,
      delay: undefined,
      yield: undefined
    }
    for (const { amount, kind, path, slot } of moves) (this.byKind[kind] ??= new Map()).set(keyOf(path, slot), amount)
  }

  /** 0: as written. */
  amount(kind: Kind, path: number, slot: number): number {
    return this.byKind[kind]?.get(keyOf(path, slot)) ?? 0
  }
}
