/**
 * Whatever is exported has a comment: every name that an entry of the package gives, and every member of its interfaces and
 * classes that is not private. Brands (`"~…"`) and what a well-known symbol names have none.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { type ESTree, parseSync } from "vite"
import { expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { root } from "./DocExample.ts"

interface File {
  readonly path: string
  readonly text: string
  readonly program: ESTree.Program
  /** Where the comments end. */
  readonly ends: ReadonlySet<number>
}

const files = new Map<string, File>()

const fileOf = (path: string): File => {
  const known = files.get(path)
  if (known !== undefined) return known
  const text = readFileSync(join(root, path), "utf8")
  const { comments, program } = parseSync(path, text)
  const ends = new Set(comments.filter(({ value }) => value.startsWith("*")).map(({ end }) => end))
  const file: File = { path, text, program, ends }
  files.set(path, file)
  return file
}

/** A comment of its own stands right above, or above comments for those who read the source. */
const hasComment = ({ ends, text }: File, { start }: { readonly start: number }): boolean =>
  ends.has(text.slice(0, start).replace(/(\s*\/\/.*\n)*\s*$/, "").length)

const missing = new Set<string>()
let found = 0

const look = (file: File, node: { readonly start: number }, name: string): void => {
  found++
  if (!hasComment(file, node)) missing.add(`${file.path}: ${name}`)
}

const nameOf = (key: ESTree.PropertyKey): string | undefined => {
  const name = key.type === "Identifier" ? key.name : key.type === "Literal" ? String(key.value) : undefined
  return name?.startsWith("~") === true ? undefined : name
}

/** Those of an interface, a class or an object type. */
const lookIntoMembers = (
  file: File,
  members: ReadonlyArray<ESTree.TSSignature | ESTree.ClassElement>,
  owner: string
): void => {
  let before: string | undefined
  for (const member of members) {
    const key = keyOf(member)
    const name = key === undefined ? undefined : nameOf(key)
    // What stands above the first of several overloads is about all of them.
    if (name !== undefined && name !== before) look(file, member, `${owner}.${name}`)
    before = name
  }
}

/** Of a member that has to have a comment: neither private, nor inherited with its comment, nor named by a symbol. */
const keyOf = (member: ESTree.TSSignature | ESTree.ClassElement): ESTree.PropertyKey | undefined => {
  switch (member.type) {
    case "TSPropertySignature":
    case "TSMethodSignature":
      return member.computed ? undefined : member.key
    case "PropertyDefinition":
    case "MethodDefinition": {
      const isPublic = member.accessibility === undefined || member.accessibility === null
      const isConstructor = member.type === "MethodDefinition" && member.kind === "constructor"
      return member.computed || member.override === true || isConstructor || !isPublic ? undefined : member.key
    }
    default:
      return undefined
  }
}

const lookInto = (file: File, statement: ESTree.Node, declaration: ESTree.Node, name: string): void => {
  look(file, statement, name)
  if (declaration.type === "TSInterfaceDeclaration") lookIntoMembers(file, declaration.body.body, name)
  if (declaration.type === "ClassDeclaration") lookIntoMembers(file, declaration.body.body, name)
  if (declaration.type === "TSTypeAliasDeclaration" && declaration.typeAnnotation.type === "TSTypeLiteral") {
    lookIntoMembers(file, declaration.typeAnnotation.members, name)
  }
  if (declaration.type === "TSModuleDeclaration" && declaration.body?.type === "TSModuleBlock") {
    for (const inner of declaration.body.body) {
      if (inner.type === "ExportNamedDeclaration" && inner.declaration) {
        lookIntoAll(file, inner, inner.declaration, `${name}.`)
      }
    }
  }
}

const lookIntoAll = (file: File, statement: ESTree.Node, declaration: ESTree.Node, before = ""): void => {
  for (const name of namesOf(declaration)) lookInto(file, statement, declaration, before + name)
}

const namesOf = (declaration: ESTree.Node): ReadonlyArray<string> => {
  if (declaration.type === "VariableDeclaration") {
    return declaration.declarations.flatMap(({ id }) => id.type === "Identifier" ? [id.name] : [])
  }
  return "id" in declaration && (declaration.id as ESTree.Node | null)?.type === "Identifier"
    ? [(declaration.id as ESTree.IdentifierReference).name]
    : []
}

const textOf = (name: ESTree.ModuleExportName): string => name.type === "Literal" ? name.value : name.name

const targetOf = (file: File, source: string): string => posix.join(posix.dirname(file.path), source)

const seen = new Set<string>()

/** Looks at what the file exports: all, or one name, which is `shown` outside. */
const visit = (path: string, wanted?: string): void => {
  const id = `${path} ${wanted ?? "*"}`
  if (seen.has(id)) return
  seen.add(id)
  const file = fileOf(path)
  const isWanted = (name: string) => wanted === undefined || wanted === name
  for (const statement of file.program.body) {
    if (statement.type === "ExportAllDeclaration") {
      if (statement.exported === null || isWanted(textOf(statement.exported))) {
        visit(targetOf(file, statement.source.value))
      }
    } else if (statement.type === "ExportNamedDeclaration") {
      const { declaration, source, specifiers } = statement
      if (declaration !== null && namesOf(declaration).some(isWanted)) lookIntoAll(file, statement, declaration)
      for (const { exported, local, ...specifier } of specifiers) {
        if (!isWanted(textOf(exported))) continue
        if (source !== null) visitNamed(file, source.value, textOf(local))
        else lookAtLocal(file, specifier, textOf(local), textOf(exported))
      }
    }
  }
}

/** `export { name }`: the comment stands there, or where it comes from. */
const lookAtLocal = (file: File, specifier: { readonly start: number }, local: string, exported: string): void => {
  if (hasComment(file, specifier)) return void found++
  for (const statement of file.program.body) {
    if (statement.type === "ImportDeclaration") {
      const imported = statement.specifiers.find((specifier) => specifier.local.name === local)
      if (imported?.type === "ImportSpecifier") {
        return visitNamed(file, statement.source.value, textOf(imported.imported))
      }
    }
    if (namesOf(statement).includes(local)) return lookInto(file, statement, statement, exported)
  }
  look(file, specifier, exported)
}

const visitNamed = (file: File, source: string, name: string): void => {
  if (source.startsWith(".")) visit(targetOf(file, source), name)
}

const entries = Object.values(manifest.exports)
  .flatMap((entry) =>
    typeof entry === "object" && entry !== null ? [posix.normalize(entry["effect-asyncio-source"])] : []
  )
  .flatMap((path) => path.includes("*") ? globSync(path, { cwd: root }) : [path])
  .filter((path) => existsSync(join(root, path)))

it("every name and every member has a comment", () => {
  for (const entry of entries) visit(entry)
  expect(found).toBeGreaterThan(400)
  expect(Array.from(missing).toSorted()).toEqual([])
})
