/** The laws of `npm run laws`, a test for each verb and primitive. */
import { expect, it } from "vitest"
import { checkSubject, defaultSeed, describeViolation, subjects } from "./subjects.ts"

it.each(subjects)("$name", async (subject) => {
  const { points, violations } = await checkSubject(subject, defaultSeed)
  expect(violations.slice(0, 10).map(describeViolation)).toEqual([])
  expect(points).toBeGreaterThan(0)
})
