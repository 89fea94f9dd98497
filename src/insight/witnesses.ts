/** A listener, which knows more about a task than the task shows; snapshots ask it. */

export interface Witness {
  /** Seconds since the task with that id began what it waits for. */
  readonly waitingSince: (id: number) => number | undefined
  /** The id of the task that created it. */
  readonly creatorOf: (id: number) => number | undefined
}

// INVARIANT: those that are listening.
const witnesses = new Set<Witness>()

/** Lets a witness be asked until the returned function is called. */
export const testify = (witness: Witness): () => void => {
  witnesses.add(witness)
  return () => void witnesses.delete(witness)
}

/** The first answer that one of them gives. */
export const ask = (question: keyof Witness, id: number): number | undefined => {
  for (const witness of witnesses) {
    const answer = witness[question](id)
    if (answer !== undefined) return answer
  }
  return undefined
}
