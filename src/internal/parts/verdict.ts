/**
 * Whose cancellation ends a group's block.
 *
 * asyncio tells its own cancellation from somebody else's by counting requests, and so does this; trio need not, as
 * each of its cancel scopes knows its own. Requests here belong to a task, as in asyncio.
 */

/** What is known of a block once its body and all of its tasks have ended. */
export interface Facts {
  /** The body or a task has failed; a cancellation is not a failure. */
  readonly failed: boolean
  /** The body was cancelled, or a request came while the block waited for its tasks. */
  readonly cancelled: boolean
  /** The group asked its own block to cancel. */
  readonly asked: boolean
  /** Requests of others that nobody took back. */
  readonly requests: number
  /** Effect itself interrupted the block: that comes out whatever happens here. */
  readonly interrupted: boolean
}

/** The block's outcome: its body's own, or nothing, or the failures, then what others asked for. */
export type Verdict = "body" | "nothing" | "failures" | "failures, then cancelled"

/**
 * Whose cancellation it is. The group's own ends with the block, somebody else's goes on; failures come before both.
 */
export const verdict = ({ asked, cancelled, failed, interrupted, requests }: Facts): Verdict => {
  if (failed) return requests > 0 && !interrupted ? "failures, then cancelled" : "failures"
  return interrupted || cancelled && asked && requests === 0 ? "nothing" : "body"
}
