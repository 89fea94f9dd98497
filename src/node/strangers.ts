/** Loops of which only their prints are known: another copy of this package made them. */

export interface Stranger {
  /** The file of that copy. */
  readonly home: string
  readonly tasks: ReadonlyArray<string>
}

export const strangerInWords = ({ home, tasks }: Stranger, limit: number): string => {
  const more = tasks.length - limit
  return [
    `a loop of another copy of effect-asyncio, or of one in a bundle (${home}); only its tasks are known:`,
    ...tasks.slice(0, limit),
    ...more > 0 ? [`… and ${more} more`] : [],
    ...tasks.length === 0 ? ["none"] : []
  ].join("\n")
}
