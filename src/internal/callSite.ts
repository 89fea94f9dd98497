/**
 * Where a call was made, for reports and for printing: `file:line:column`.
 *
 * Formatting a stack costs far more than capturing it, so the text is made when somebody asks. Nothing is captured where
 * `Error.stackTraceLimit` is 0.
 */
export interface CallSite {
  readonly error: Error
  text: string | undefined
}

const Stack = Error as ErrorConstructor & {
  stackTraceLimit?: number
  captureStackTrace?: (o: object, f: Function) => void
}

/** The caller of `callee`. */
export const callSite = (callee: Function): CallSite | undefined => {
  const limit = Stack.stackTraceLimit
  if (limit === 0 || Stack.captureStackTrace === undefined) return undefined
  try {
    Stack.stackTraceLimit = 1
    const error = { stack: "" } as Error
    Stack.captureStackTrace(error, callee)
    return { error, text: undefined }
  } catch {
    return undefined // a host that froze Error
  } finally {
    try {
      if (limit !== undefined) Stack.stackTraceLimit = limit
    } catch {
      // frozen
    }
  }
}

export const formatCallSite = (site: CallSite | undefined): string | undefined => {
  if (site === undefined) return undefined
  return site.text ??= locate(site.error.stack ?? "")
}

const locate = (stack: string): string => {
  const line = stack.split("\n").find((line) => /:\d+:\d+\)?$/.test(line)) ?? ""
  const inner = /\(([^()]*:\d+:\d+)\)$/.exec(line)?.[1] ?? line.trim().replace(/^at (async )?/, "")
  return inner.replace(/^file:\/\//, "")
}
