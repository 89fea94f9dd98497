/**
 * The loops that are open, for those who look at a process from outside: under a symbol of the host's, where a debugger and
 * another copy of this package find them too. Weakly: a loop that nobody closes is not kept alive by it.
 */
import type { Shape } from "../../EventLoop.ts"

interface OpenLoop {
  readonly loop: WeakRef<Shape>
  /** Where the copy of this package is that made it: what looks at a loop has to be of the same. */
  readonly home: string
}

const key = Symbol.for("effect-asyncio/loops")

const host: typeof globalThis & { [key]?: Set<OpenLoop> } = globalThis

const home = import.meta.url

// INVARIANT: by loop, what stands for it in the set.
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

/** With where each is from, the oldest first, those of other copies too. */
export const openLoopsOf = (): ReadonlyArray<readonly [loop: Shape, home: string]> =>
  Array.from(host[key] ?? []).flatMap(({ home, loop: ref }) => {
    const loop = ref.deref()
    return loop === undefined ? [] : [[loop, home] as const]
  })

export const openLoops = (): ReadonlyArray<Shape> => openLoopsOf().map(([loop]) => loop)
