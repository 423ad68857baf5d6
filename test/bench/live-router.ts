/** A router of ours at work on a live API server: it reads its objects, its writes are made, and what it reads then is handed back. */
import type { TrafficIntent, TrafficReading } from '../../controller/api/traffic.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { type Router, type RouterObjects, type RouterWrite, refKey } from '../../controller/traffic/router.ts'

export async function routeTraffic(client: KubeClient, router: Router, intent: TrafficIntent): Promise<TrafficReading> {
  for (const write of router.render(intent, await readObjects(client, router))) await makeWrite(client, write)
  return readTraffic(client, router)
}

export const readTraffic = async (client: KubeClient, router: Router): Promise<TrafficReading> =>
  router.read(await readObjects(client, router))

async function readObjects(client: KubeClient, { targets }: Router): Promise<RouterObjects> {
  const entries = await Promise.all(targets.map(async (ref) => [refKey(ref), await client.get(ref)] as const))
  return Object.fromEntries(entries)
}

async function makeWrite(client: KubeClient, write: RouterWrite): Promise<void> {
  if (write.do === 'patch') await client.patch(write.ref, 'json', write.patch)
  else if (write.do === 'create') await client.create(write.ref.kind, write.object)
  else throw new Error(`${refKey(write.ref)}: no router of these proxies deletes`)
}
