// Passes what an agent is about to do to `coord hook` and stops it if the answer is no.
// Written by `coord init`; `coord uninit` takes it away.
import { spawn } from "node:child_process"

const COMMAND = ["coord", "hook", "opencode"]
const LIMIT_MS = 10_000

// One event in, one answer out; without `coord`, or without an answer in time, none.
function ask(event) {
  return new Promise((resolve) => {
    const child = spawn(COMMAND[0], COMMAND.slice(1), { stdio: ["pipe", "pipe", "ignore"] })
    const timer = setTimeout(() => child.kill(), LIMIT_MS)
    let said = ""
    child.stdout.on("data", (chunk) => (said += chunk))
    child.stdin.on("error", () => {})
    child.on("error", () => resolve({}))
    child.on("close", () => {
      clearTimeout(timer)
      try {
        resolve(said.trim() ? JSON.parse(said) : {})
      } catch {
        resolve({})
      }
    })
    child.stdin.end(JSON.stringify(event))
  })
}

export const Coord = async ({ directory }) => {
  // Facts that wait for the model's next look at a tool's result.
  const facts = new Map()
  const remember = (sessionID, answer) => {
    if (answer.context) facts.set(sessionID, [facts.get(sessionID), answer.context].filter(Boolean).join("\n"))
  }
  return {
    event: async ({ event }) => {
      const known = ["session.created", "session.idle", "session.deleted"]
      if (!known.includes(event.type)) return
      const sessionID = event.properties?.sessionID ?? event.properties?.info?.id
      remember(sessionID, await ask({ event: event.type, sessionID, directory }))
      if (event.type === "session.deleted") facts.delete(sessionID)
    },
    "chat.message": async ({ sessionID }) => {
      remember(sessionID, await ask({ event: "chat.message", sessionID, directory }))
    },
    "tool.execute.before": async ({ tool, sessionID, callID }, { args }) => {
      const answer = await ask({ event: "tool.execute.before", tool, sessionID, callID, args, directory })
      if (answer.deny) throw new Error(answer.deny)
      remember(sessionID, answer)
    },
    "tool.execute.after": async ({ tool, sessionID, callID, args }, output) => {
      remember(sessionID, await ask({ event: "tool.execute.after", tool, sessionID, callID, args, directory }))
      if (facts.has(sessionID) && typeof output.output === "string") {
        output.output += `\n\n${facts.get(sessionID)}`
        facts.delete(sessionID)
      }
    },
    "experimental.session.compacting": async ({ sessionID }) => {
      await ask({ event: "session.compacting", sessionID, directory })
    },
  }
}
