/** Every story, by name. */
import type { Story } from '../crash-cluster.ts'
import { blueGreenStories } from './blue-green.ts'
import { canaryStories } from './canary.ts'
import { podStories } from './pods.ts'
import { stepStories } from './steps.ts'
import { trafficStories } from './traffic.ts'

export const stories: Readonly<Record<string, Story>> = {
  ...canaryStories,
  ...blueGreenStories,
  ...trafficStories,
  ...podStories,
  ...stepStories,
}
