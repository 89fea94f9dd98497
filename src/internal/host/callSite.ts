/**
 * Where a call was made, for reports and for printing: `file:line:column`.
 *
 * Formatting a stack costs far more than capturing it, so the text is made when somebody asks. One frame is captured, as
 * each that is takes memory for as long as the task lives; none where `Error.stackTraceLimit` is 0, nor in a host that
 * can't leave out the frames above it. A capture takes 1.0 µs and keeps 96 bytes in Node 26, two frames 144 bytes; to set the
 * limit twice takes nothing, `new Error` as long, `util.getCallSites` 2.4 µs.
 */
export class CallSite {
  // Not a field, but what the host puts there: an empty object is the smallest that it can be put on.
  declare readonly stack?: string
}

const Stack: ErrorConstructor & {
  stackTraceLimit?: number | undefined
  captureStackTrace?: (site: CallSite, calledFunction: Function) => void
} = Error

/** The caller of `calledFunction`, which is running. */
export const callSite = (calledFunction: Function): CallSite | undefined => {
  const limit = Stack.stackTraceLimit
  if (limit === 0 || Stack.captureStackTrace === undefined) return undefined
  const site = new CallSite()
  try {
    Stack.stackTraceLimit = 1
    Stack.captureStackTrace(site, calledFunction)
    return site
  } catch {
    return undefined // a host that froze Error
  } finally {
    try {
      Stack.stackTraceLimit = limit
    } catch {
      // frozen
    }
  }
}

/** Undefined as well where the program's `Error.prepareStackTrace` gives nothing to read a place from. */
export const formatCallSite = (site: CallSite | undefined): string | undefined => {
  const line = linesOf(site).find((line) => /:\d+:\d+\)?$/.test(line))
  if (line === undefined) return undefined
  const inner = /\(([^()]*:\d+:\d+)\)$/.exec(line)?.[1] ?? line.trim().replace(/^at (async )?|^.*@/, "")
  return inner.replace(/^file:\/\//, "")
}

/** Many a `prepareStackTrace` gives the frames as they are, and they are text as well. */
const linesOf = (site: CallSite | undefined): ReadonlyArray<string> => {
  try {
    const stack: unknown = site?.stack
    return typeof stack === "string" ? stack.split("\n") : Array.isArray(stack) ? stack.map(String) : []
  } catch {
    return []
  }
}
