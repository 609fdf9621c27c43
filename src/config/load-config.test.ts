import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configTemplate } from './config-template.ts'
import { loadConfig } from './load-config.ts'
import { ConfigError } from './problem.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-config-'))
  await writeFile(join(folder, 'evergrant.yaml'), configTemplate({ for: 'import' }))
})
afterAll(() => rm(folder, { recursive: true }))

const refusal = async (path: string): Promise<ConfigError> => {
  try {
    await loadConfig(path, { readFile: (name) => readFile(name), workingDirectory: folder })
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('loadConfig', () => {
  it('refuses a file that is not there, naming where it looked', async () => {
    const error = await refusal('./absent.yaml')
    expect(error.code).toBe('config_not_found')
    expect(error.detail).toBe(
      `expected a configuration file at ${join(folder, 'absent.yaml')}, but saw nothing there`,
    )
    expect(error.remedy).toContain('evergrant init')
  })

  it('refuses a path below a file', async () => {
    expect(await refusal('./evergrant.yaml/evergrant.yaml')).toMatchObject({
      code: 'config_not_found',
      detail: expect.stringContaining('a file where a folder should be') as string,
    })
  })

  it('refuses a folder', async () => {
    expect(await refusal('.')).toMatchObject({
      code: 'config_unreadable',
      detail: expect.stringContaining('but saw a folder') as string,
    })
  })

  it('names an unexpected system error by its code alone', async () => {
    const broken = Object.assign(new Error('EIO: /very/secret/place'), { code: 'EIO' })
    const loading = loadConfig('a.yaml', {
      readFile: () => Promise.reject(broken),
      workingDirectory: folder,
    })
    await expect(loading).rejects.toMatchObject({
      code: 'config_unreadable',
      detail: expect.stringMatching(/but saw the system error EIO$/) as string,
    })
  })

  it('resolves paths of the file against its folder, not against the working directory', async () => {
    const config = await loadConfig(join(folder, 'evergrant.yaml'), {
      readFile: (name) => readFile(name),
      workingDirectory: '/somewhere/else',
    })
    expect(config.store).toEqual({ type: 'sqlite', path: join(folder, 'evergrant.db') })
    expect(config.encryption.keys[0]?.source).toEqual({ file: join(folder, 'evergrant.key') })
  })
})
