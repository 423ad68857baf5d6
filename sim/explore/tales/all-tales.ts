/** Every tale, in the order in which they are told. */
import type { Tale } from '../tale.ts'
import { alertTales } from './alerts.ts'
import { blueGreenTales } from './blue-green.ts'
import { canaryTales } from './canary.ts'
import { deposedTales } from './deposed.ts'
import { judgedTales } from './judged.ts'
import { messageTales } from './messages.ts'
import { podTales } from './pods.ts'
import { raceTales } from './races.ts'
import { replicaTales } from './replicas.ts'
import { requestTales } from './requests.ts'
import { rivalTales } from './rivals.ts'
import { trafficTales } from './traffic.ts'
import { unroutedTales } from './unrouted.ts'

export const tales: readonly Tale[] = [
  ...canaryTales,
  ...unroutedTales,
  ...blueGreenTales,
  ...requestTales,
  ...judgedTales,
  ...trafficTales,
  ...podTales,
  ...alertTales,
  ...messageTales,
  ...replicaTales,
  ...rivalTales,
  ...raceTales,
  ...deposedTales,
]
