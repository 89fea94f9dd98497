/** A module that somebody takes for a worker: it has handlers, and calls no `serve`. */
export const handlers = {}
