// Asks the module given as argument; questions come on standard input and verdicts go to standard
// output, in hex, one a line.
import { readFileSync, writeFileSync } from 'node:fs'

const bytes = readFileSync(process.argv[2])
const module = await WebAssembly.compile(bytes)
const wanted = WebAssembly.Module.imports(module)
if (wanted.length > 0) {
  console.error('the module wants from its host:', wanted)
  process.exit(1)
}
const { exports } = await WebAssembly.instantiate(module, {})

const verdicts = readFileSync(0, 'ascii').split('\n').filter(Boolean).map((line) => {
  const question = Buffer.from(line, 'hex')
  const address = exports.reserve(question.length)
  new Uint8Array(exports.memory.buffer, address, question.length).set(question)
  const answer = exports.verdict(address, question.length) >>> 0
  const length = new DataView(exports.memory.buffer).getUint32(answer, true)
  return Buffer.from(exports.memory.buffer, answer + 4, length).toString('hex')
})
writeFileSync(1, verdicts.join('\n') + '\n')
