/** Keys of namespaced objects, `namespace/name`, as the reconcile loops pass them around. */
export const splitKey = (key: string): readonly [namespace: string, name: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}
