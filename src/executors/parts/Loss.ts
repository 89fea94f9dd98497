/** Lost workers: how a job ends with one, and a defect that stands for one if there is no worker. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { RuntimeError } from "../../Errors.ts"
import { WorkerLost } from "../errors.ts"

export const isLost = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" &&
  exit.cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error instanceof WorkerLost)

export class Loss extends RuntimeError {
  readonly reason: string
  constructor(reason: string) {
    super({
      message: "Executor.loseWorker: called outside of Executor.local, the only executor whose workers it can lose"
    })
    this.reason = reason
  }
}

/** Why the worker is lost, if the handler ended by losing it. */
export const lossIn = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (exit._tag === "Success") return undefined
  for (const reason of exit.cause.reasons) {
    if (Cause.isDieReason(reason) && reason.defect instanceof Loss) return reason.defect.reason
  }
  return undefined
}
