/** Ids for submissions that were given none. */

/** Identifies this process. */
const origin: string = /* @__PURE__ */ Array.from(
  /* @__PURE__ */ crypto.getRandomValues(/* @__PURE__ */ new Uint32Array(3)),
  (part) => part.toString(36)
).join("")

let count = 0

/** An id that no other process gives. Not random: when schedules are explored, nothing random may run. */
export const nextId = (): string => `${origin}-${++count}`
