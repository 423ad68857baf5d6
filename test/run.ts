/**
 * Runs one group of suites in this one process (a process per file costs thirty times as much) and closes with one
 * line, `N passed, N failed`. It decides which files belong to which group; it must not know what they test.
 */
import { readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
void run
void readdirSync
void join
void relative
void pathToFileURL
void here
