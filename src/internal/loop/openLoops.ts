/**
 * The open loops, for those who look at a process from outside: under a global symbol, where a debugger and another
 * copy of this package find them, too. They are held weakly, so this keeps no loop alive that nobody closes.
 */
import type { Shape } from "../../EventLoop.ts"

interface OpenLoop {
  readonly loop: WeakRef<Shape>
  /** Where the copy of this package is that made it: only the same copy can look at the loop. */
  readonly home: string
}

const key = Symbol.for("effect-asyncio/loops")

const host: typeof globalThis & { [key]?: Set<OpenLoop> } = globalThis

const home = import.meta.url

// INVARIANT: each loop's entry in the set.
const entries = new WeakMap<Shape, OpenLoop>()

export const opened = (loop: Shape): void => {
  const loops = host[key] ??= new Set()
  for (const entry of loops) if (entry.loop.deref() === undefined) loops.delete(entry)
  const entry = { loop: new WeakRef(loop), home }
  entries.set(loop, entry)
  loops.add(entry)
}

export const closed = (loop: Shape): void => {
  const entry = entries.get(loop)
  if (entry !== undefined) host[key]?.delete(entry)
}

/** Each with its home, the oldest first, those of other copies included. */
export const openLoopsOf = (): ReadonlyArray<readonly [loop: Shape, home: string]> =>
  Array.from(host[key] ?? []).flatMap(({ home, loop: ref }) => {
    const loop = ref.deref()
    return loop === undefined ? [] : [[loop, home] as const]
  })

export const openLoops = (): ReadonlyArray<Shape> => openLoopsOf().map(([loop]) => loop)
