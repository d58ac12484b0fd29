// Answers each simulation on a line of its own: one JSON object in, one JSON object out.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const words = { Allowed: 'ALLOWED', ExplicitlyDenied: 'EXPLICIT_DENY', ImplicitlyDenied: 'IMPLICIT_DENY' }

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const found = await runSimulation(JSON.parse(line), {})
    answer = found.resultType === 'error' ? `error: ${JSON.stringify(found.errors)}` : words[found.overallResult]
  } catch (error) {
    answer = `error: ${error}`
  }
  process.stdout.write(`${answer}\n`)
}
