/**
 * Where a call was made, for reports and for printing: `file:line:column`.
 *
 * Formatting a stack costs far more than capturing it, so the text is made when somebody asks. Nothing is captured where
 * `Error.stackTraceLimit` is 0.
 */
export type CallSite = Error

const Stack: ErrorConstructor & { stackTraceLimit?: number | undefined } = Error

/** Frames above the caller's own: `callSite` and the function that asks. */
const above = 2

/** The caller of the function that calls this. */
export const callSite = (): CallSite | undefined => {
  const limit = Stack.stackTraceLimit
  if (limit === 0) return undefined
  try {
    Stack.stackTraceLimit = above + 1
    return new Stack()
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

export const formatCallSite = (site: CallSite | undefined): string | undefined =>
  site === undefined ? undefined : locate(site.stack ?? "")

const locate = (stack: string): string => {
  const line = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line))[above] ?? ""
  const inner = /\(([^()]*:\d+:\d+)\)$/.exec(line)?.[1] ?? line.trim().replace(/^at (async )?|^.*@/, "")
  return inner.replace(/^file:\/\//, "")
}
