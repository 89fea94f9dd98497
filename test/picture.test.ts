/** The picture in the README is what the programs do. */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { draw, file } from "../scripts/picture.ts"

it("docs/gather.svg is what scripts/picture.ts draws (npm run picture)", async () => {
  expect(readFileSync(file, "utf8")).toBe(await draw())
})
