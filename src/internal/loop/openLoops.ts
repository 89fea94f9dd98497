/**
 * The loops that are open, for those who look at a process from outside: under a symbol of the host's, where a debugger and
 * another copy of this package find them too. Weakly: a loop that nobody closes is not kept alive by it.
 */
import type { Shape } from "../../EventLoop.ts"

const key = Symbol.for("effect-asyncio/loops")

const host: typeof globalThis & { [key]?: Set<WeakRef<Shape>> } = globalThis

// INVARIANT: by loop, what stands for it in the set.
const refs = new WeakMap<Shape, WeakRef<Shape>>()

export const opened = (loop: Shape): void => {
  const loops = host[key] ??= new Set()
  for (const ref of loops) if (ref.deref() === undefined) loops.delete(ref)
  const ref = new WeakRef(loop)
  refs.set(loop, ref)
  loops.add(ref)
}

export const closed = (loop: Shape): void => {
  const ref = refs.get(loop)
  if (ref !== undefined) host[key]?.delete(ref)
}

/** The oldest first, those of other copies too. */
export const openLoops = (): ReadonlyArray<Shape> =>
  Array.from(host[key] ?? [], (ref) => ref.deref()).filter((loop) => loop !== undefined)
