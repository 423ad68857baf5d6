/** Guards of notifications: told at least once, seen at most once, and nobody is held up by a dead channel. */
import type { Mutant } from '../mutant.ts'

const pass = 'controller/notify/outbox-pass.ts'
const outboxTest = 'test/unit/notify/outbox.test.ts'
const slackTest = 'test/unit/notify/slack.test.ts'

export const notifierMutants: readonly Mutant[] = [
  {
    id: 'delivered-notice-is-sent-again',
    file: pass,
    before: '!notice || notice.deliveredAt !== undefined) return true',
    after: '!notice) return true',
    removes: 'a live read keeps what a former leader sent from being sent again',
    invariant: 'L7',
    witness: 'tale two replicas, the next one has not seen that a message was told',
  },
  {
    id: 'failed-mark-sends-again',
    file: pass,
    before: 'if (!progress.settled.has(channel.id)) await tryChannel(channel, live, notice, progress)',
    after: 'await tryChannel(channel, live, notice, progress)',
    removes: 'a mark that fails is repeated, the message is not',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, a mark that follows its message is refused',
  },
  {
    id: 'marked-though-not-sent',
    file: pass,
    before: 'if (channels.some((channel) => !progress.settled.has(channel.id))) return false',
    after: '',
    removes: 'a notice is marked once every channel has it',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, nobody takes messages for a while',
  },
  {
    id: 'dead-channel-is-tried-for-ever',
    file: pass,
    before: "if (delivery.outcome === 'retry' && !isTooOld) {",
    after: "if (delivery.outcome === 'retry') {",
    removes: 'a notice that is too old is given up, and that is told',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, nobody takes messages for more than an hour of its clock',
  },
  {
    id: 'rejected-notice-blocks-the-next',
    file: pass,
    before:
      'progress.isDeadLettered = true\n    deps.metrics.deadLettered.inc({ channel: channel.id })\n    return true',
    after:
      'progress.isDeadLettered = true\n    deps.metrics.deadLettered.inc({ channel: channel.id })\n    return false',
    removes: 'a message that a channel will never take does not hold up the next',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, its first message is never taken',
  },
  {
    id: 'channel-that-asked-to-wait-is-pressed',
    file: pass,
    before: 'const isPaused = (pausedUntilMs.get(channel.id) ?? 0) > clock.monotonicMs()',
    after: 'const isPaused = false',
    removes: 'a channel that asked to wait is left alone by every Rollout',
    invariant: 'L7',
    witness: `test ${outboxTest} › Retry-After holds back the whole channel, for every rollout`,
  },
  {
    id: 'namesake-gets-the-notices',
    file: pass,
    before: 'if (known && known.uid === rollout.metadata.uid) return known',
    after: 'if (known) return known',
    removes: 'what was sent for a Rollout says nothing about its successor',
    invariant: 'L7',
    witness:
      'test test/unit/notify/outbox.test.ts › a successor of the same name is told what its predecessor was told',
  },
  {
    id: 'notice-is-forgotten-by-the-next-one',
    file: 'controller/api/notice.ts',
    before: 'const leaving = new Set(all.filter((notice) => notice.deliveredAt).slice(0, surplus))',
    after: 'const leaving = new Set(all.slice(0, surplus + 1))',
    removes: 'what was not delivered yet stays in the outbox',
    invariant: 'L7',
    witness: 'tale pods alone, aborted and retried while nobody takes messages',
  },
  {
    id: 'repeated-decision-tells-twice',
    file: 'controller/api/notice.ts',
    before: 'const fresh = added.filter((notice) => !known.has(notice.id))',
    after: 'const fresh = added.filter((notice) => notice.id)',
    removes: 'a notice of the same id is told once',
    invariant: 'L7 S18',
    witness:
      'test test/unit/domain/regressions.test.ts › each inconclusive run of a step is told once, however often the decision is repeated',
  },
  {
    id: 'mark-overwrites-other-notices',
    file: 'controller/kube/rewrite-annotation.ts',
    before: "const precondition = { resourceVersion: rollout.metadata.resourceVersion ?? '' }",
    after: "const precondition = { uid: rollout.metadata.uid ?? '' }",
    removes: 'a mark is written on the outbox that was read',
    invariant: 'L7 S20',
    witness: 'tale canary, promoted',
  },
  {
    id: 'stopped-outbox-goes-on',
    file: 'controller/notify/outbox.ts',
    before: 'stopping.abort()\n',
    after: '\n',
    removes: 'who stops leading begins no further message',
    invariant: 'L7 S17',
    witness: 'tale two replicas, messages wait and the leader is stopped',
  },
  {
    id: 'waiting-notices-are-not-looked-for',
    file: 'controller/notify/outbox.ts',
    before: 'for (const rollout of cache.list()) if (isWaiting(rollout)) queue.add(keyOf(rollout))',
    after: '',
    removes: 'who begins to lead sends what waits',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, the controller dies before anybody takes the message',
  },
  {
    id: 'text-from-outside-is-markup',
    file: 'controller/notify/slack.ts',
    before: "    .replaceAll('<', '&lt;')\n",
    after: '',
    removes: 'text from outside calls nobody and links to nothing',
    invariant: 'S26',
    witness: `test ${slackTest}`,
  },
  {
    id: 'slack-error-counts-as-delivered',
    file: 'controller/notify/slack.ts',
    before: "return answer.data.ok ? { outcome: 'delivered' } :",
    after: "return answer.data ? { outcome: 'delivered' } :",
    removes: 'what Slack refuses with HTTP 200 is not delivered',
    invariant: 'L7',
    witness: 'tale pods alone, aborted, messages are refused for a while',
  },
]
