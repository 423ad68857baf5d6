/**
 * Services that the strategy named once and names no more (another name, another strategy): they still carry our mark, and perhaps users. Each
 * follows the stable revision as long as other revisions have pods, and is then given back: without mark and hash it takes every pod again. Objects
 * of a router that is configured no more are given back once every pod may serve.
 *
 *   it names        every pod of the Rollout may serve   then
 *   nothing         any                                  give back (only the mark is left)
 *   any revision    yes                                  give back
 *   not stable      no                                   name stable, once that is as ready as what it names now
 *   stable          no                                   wait
 */
import { MANAGED_BY } from '../api/labels.ts'
import { join, type Part } from './plan.ts'
import { availableReplicas, createdReplicas, specReplicas } from './replicas.ts'
import { podHashOf } from './revisions.ts'
import { serviceNamesOf } from './service-names.ts'
import { switchTo } from './service-switch.ts'
import { hashOf, type RolloutView, type ServiceFacts, serviceFacts } from './view.ts'

/** @param everyPodServes no pod of the Rollout is kept from users: they may come to any */
export function decideFormerServices(view: RolloutView, everyPodServes: boolean): Part {
  const former = formerServices(view)
  const objects = view.world.formerObjects ?? []
  if (former.length + objects.length === 0 || view.mode === 'superseded' || view.mode === 'initial') return {}
  const mayServe = everyPodServes || onlyStableHasPods(view)
  return join(
    ...former.map((service) => decideFormer(view, service, mayServe)),
    ...objects.map(({ kind, name }): Part => (mayServe ? { actions: [{ do: 'release', service: name, kind }] } : {})),
  )
}

function formerServices({ world }: RolloutView): readonly ServiceFacts[] {
  const named = new Set(serviceNamesOf(world.rollout))
  const { name } = world.rollout.metadata
  return Object.entries(world.services)
    .filter(([key, { service }]) => !named.has(key) && service.metadata.annotations?.[MANAGED_BY] === name)
    .flatMap(([key]) => serviceFacts(world, key) ?? [])
}

function onlyStableHasPods({ world, stableRs, replicas }: RolloutView): boolean {
  const others = world.replicaSets.filter((rs) => rs.metadata.name !== stableRs?.metadata.name)
  const isAlone = others.every((rs) => specReplicas(rs) === 0 && createdReplicas(rs) === 0)
  return isAlone && (availableReplicas(stableRs) > 0 || replicas === 0)
}

function decideFormer(view: RolloutView, service: ServiceFacts, mayServe: boolean): Part {
  const { stableRs, replicas } = view
  if (service.podHash === '' || mayServe) return release(service)
  if (!stableRs || service.podHash === hashOf(stableRs)) return {}
  const named = view.world.replicaSets.find((rs) => podHashOf(rs) === service.podHash)
  const isFit = availableReplicas(stableRs) >= Math.min(replicas, Math.max(1, availableReplicas(named)))
  return isFit ? switchTo(view, service, stableRs) : {}
}

function release(service: ServiceFacts): Part {
  const action = { do: 'release', service: service.name } as const
  const message = `Switched selector for service '${service.name}' from '${service.podHash}' to ''`
  const event = { type: 'Normal', reason: 'SwitchService', message, action } as const
  return { actions: [action], events: service.podHash === '' ? [] : [event] }
}
