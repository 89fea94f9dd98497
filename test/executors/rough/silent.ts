/** A module that somebody takes for a worker: it calls no `serve`. */
import "./jobs.ts"
