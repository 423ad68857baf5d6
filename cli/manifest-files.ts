/** The texts behind `-f`: files, standard input, and of a directory the files that kubectl would take. */
import type { CliDeps } from './deps.ts'

export interface ManifestText {
  readonly file: string
  readonly text: string
}

/** In the order asked for, those of a directory by name. Rejects with a sentence. */
export async function readManifestTexts(
  paths: readonly string[],
  { listFiles, readText }: Pick<CliDeps, 'listFiles' | 'readText'>,
): Promise<readonly ManifestText[]> {
  const texts: ManifestText[] = []
  for (const path of paths) for (const file of await listFiles(path)) texts.push({ file, text: await readText(file) })
  return texts
}
